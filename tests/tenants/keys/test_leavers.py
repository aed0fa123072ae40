"""Somebody who leaves a team or is switched off opens nothing any more; what others depend on goes on and asks for a person."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from foundry.audit.models import Entry
from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.notify.models import Event
from foundry.people import actions as people
from foundry.people.models import User
from tenants.access import actions as access
from tenants.access.models import Grant
from tenants.keys import actions
from tenants.keys.models import ApiKey
from tenants.teams import actions as teams
from tenants.teams.models import Application, Vacancy
from tests import make
from tests.people import api, browser

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def house() -> tuple[Grant, User, ApiKey, ApiKey]:
    """A grant, mia of its team who answers for its application, her own key, and one she made for the application."""
    mia = make.person()
    team = make.team(members=(mia,))
    grant = make.grant(of=team)
    application = grant.applications.get()
    teams.name_application_owner(application.pk, mia, actor=make.owner_of(team), at=clock.now())
    return grant, mia, make.key(grant, by=mia, personal=True)[0], make.key(grant, by=mia)[0]


def states(*keys: ApiKey) -> list[str]:
    return [ApiKey.objects.get(pk=key.pk).state(clock.now()) for key in keys]


def remove(grant: Grant, who: User) -> None:
    teams.remove_member(grant.team, who, actor=make.owner_of(grant.team), at=clock.now())


def test_a_removed_member_loses_sessions_tokens_and_own_keys_and_the_applications_key_goes_on() -> None:
    grant, mia, own, shared = house()
    window, script = browser(mia), api(mia)
    assert (window.get("/").status_code, script.get("/api/v1/me/").status_code) == (200, 200)
    remove(grant, mia)
    assert (window.get("/").status_code, script.get("/api/v1/me/").status_code) == (302, 401)
    assert states(own, shared) == ["revoked", "live"]
    mia.refresh_from_db()
    assert browser(mia).get("/").status_code == 200, "signing in again is possible"
    told = Entry.objects.filter(verb="team.remove_member").latest("seq").content["after"]
    assert (told["keys"], told["keys_that_go_on"], len(told["tokens"])) == ([own.prefix], [shared.prefix], 1)


def test_what_she_holds_in_another_team_stays_when_she_leaves_one() -> None:
    grant, mia, own, _ = house()
    other = make.grant(of=make.team(members=(mia,)))
    elsewhere, _ = make.key(other, by=mia, personal=True)
    remove(grant, mia)
    assert states(own, elsewhere) == ["revoked", "live"]


def test_somebody_who_is_switched_off_loses_everything_everywhere_for_good() -> None:
    _, mia, own, shared = house()
    other = make.grant(of=make.team(members=(mia,)))
    elsewhere, _ = make.key(other, by=mia, personal=True)
    window, script, boss = browser(mia), api(mia), make.admin()
    people.deactivate_person(mia.pk, reason="Left the house.", actor=boss, at=clock.now())
    assert (window.get("/").status_code, script.get("/api/v1/me/").status_code) == (302, 401)
    assert states(own, elsewhere, shared) == ["revoked", "revoked", "live"]
    people.reactivate_person(mia.pk, actor=boss, at=clock.now())
    assert (window.get("/").status_code, script.get("/api/v1/me/").status_code) == (302, 401)
    assert states(own, elsewhere) == ["revoked", "revoked"]


def test_only_another_admin_switches_somebody_off_and_says_why() -> None:
    mia, boss = make.person(), make.admin()
    for actor, error in ((mia, Forbidden), (make.person(roles=("ops",)), Forbidden), (boss, Invalid)):
        with pytest.raises(error):
            people.deactivate_person(mia.pk, reason="", actor=actor, at=clock.now())
    with pytest.raises(Forbidden) as refused:
        people.deactivate_person(boss.pk, reason="Bye.", actor=boss, at=clock.now())
    assert refused.value.code == "person.self"
    people.deactivate_person(mia.pk, reason="Bye.", actor=boss, at=clock.now())
    with pytest.raises(Conflict):
        people.deactivate_person(mia.pk, reason="Bye.", actor=boss, at=clock.now())


def test_the_application_asks_the_teams_owners_for_a_person_and_one_of_them_names_one() -> None:
    grant, mia, _, shared = house()
    application, owner = grant.applications.get(), make.owner_of(grant.team)
    remove(grant, mia)
    assert Application.objects.get(pk=application.pk).owner is None
    told = Event.objects.get(kind="application.ownerless")
    assert {notice.person for notice in told.notices.all()} == {owner}
    window = browser(owner)
    page = window.get(told.url).text
    assert "Nobody does since its person left" in page
    assert "Rotate it: whoever made it knew its secret." in page
    assert shared.prefix in page
    assert window.post(told.url, {"owner": owner.pk}).status_code == 302
    assert Application.objects.get(pk=application.pk).owner == owner
    assert window.post(told.url, {"owner": mia.pk}).status_code == 400
    with pytest.raises(Conflict):
        teams.name_application_owner(application.pk, mia, actor=owner, at=clock.now())


def test_the_last_owner_switched_off_leaves_a_vacancy_and_admins_are_asked_for_the_application() -> None:
    grant = make.grant()
    owner, boss = make.owner_of(grant.team), make.admin()
    people.deactivate_person(owner.pk, reason="Left.", actor=boss, at=clock.now())
    assert Vacancy.objects.get().team == grant.team
    asked = Event.objects.get(kind="application.ownerless")
    assert boss in {notice.person for notice in asked.notices.all()}


def test_the_page_before_says_which_keys_end_and_which_go_on() -> None:
    grant, mia, own, shared = house()
    for client, path in (
        (browser(make.owner_of(grant.team)), f"/teams/{grant.team.slug}/members/{mia.pk}/remove/"),
        (browser(make.admin()), f"/people/{mia.pk}/deactivate/"),
    ):
        page = client.get(path)
        assert [key.pk for key in page.context["go_on"]] == [shared.pk]
        assert page.context["toll"].live_keys == 1
        assert "1 live" in page.text
        assert f"{shared.prefix}…" in page.text
    assert states(own, shared) == ["live", "live"], "looking ends nothing"


def test_whoever_leaves_by_themselves_is_signed_out_and_comes_to_the_sign_in_page() -> None:
    _, mia, own, _ = house()
    team = mia.memberships.get().team
    window = browser(mia)
    gone = window.post(f"/teams/{team.slug}/members/{mia.pk}/remove/")
    assert (gone.status_code, gone["Location"]) == (302, "/login/")
    assert window.get("/").status_code == 302
    assert states(own) == ["revoked"]


def test_an_own_key_is_made_by_page_and_api_and_rotated_by_its_person_only() -> None:
    grant, mia, own, _ = house()
    application = grant.applications.get()
    fields = {"application": application.pk, "name": "laptop", "personal": "on"}
    assert browser(mia).post("/keys/", fields).status_code == 200
    assert ApiKey.objects.latest("pk").person == mia
    body = {"team": grant.team.slug, "application": application.slug, "personal": True}
    made = api(mia).post("/api/v1/keys/", body, content_type="application/json").json()
    assert api(mia).get(f"/api/v1/keys/{made['id']}/").json()["person"] == mia.name
    with pytest.raises(Forbidden):
        actions.rotate_key(own.pk, overlap_s=0, actor=make.owner_of(grant.team), at=clock.now())
    new, _ = actions.rotate_key(own.pk, overlap_s=0, actor=mia, at=clock.now())
    assert new.person == mia


def run(sql: str, *values: object) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def test_the_database_ends_own_keys_by_whatever_path_somebody_leaves() -> None:
    grant, mia, own, shared = house()
    run("DELETE FROM teams_membership WHERE user_id = %s", mia.pk)
    assert states(own, shared) == ["revoked", "live"]
    assert grant.applications.get().owner is None
    _, kim, hers, _ = house()
    run("UPDATE people_user SET is_active = false WHERE id = %s", kim.pk)
    assert states(hers) == ["revoked"]


def test_the_database_makes_no_own_key_for_an_outsider_and_gives_none_back() -> None:
    grant, _, own, _ = house()
    fields = "application_id, name, prefix, digest, created_by_id, created_at, revoked_why"
    copy = f"INSERT INTO keys_apikey ({fields}, person_id) SELECT application_id, name, prefix, 'x', created_by_id, now(), '', %s FROM keys_apikey WHERE id = %s"  # noqa: E501
    for outsider in (make.person(), make.owner_of(make.team())):
        with pytest.raises(DatabaseError, match="somebody in the team"):
            run(copy, outsider.pk, own.pk)
    run("UPDATE keys_apikey SET revoked_at = now() WHERE id = %s", own.pk)
    with pytest.raises(DatabaseError, match="stays ended"):
        run("UPDATE keys_apikey SET revoked_at = NULL WHERE id = %s", own.pk)
    with pytest.raises(DatabaseError, match="keeps whose it is"):
        run("UPDATE keys_apikey SET person_id = NULL WHERE id = %s", own.pk)
    with pytest.raises(DatabaseError, match="answers for an application"):
        run("UPDATE teams_application SET owner_id = %s", make.person().pk)
    assert grant.pk


def test_whoever_is_switched_off_lends_nobody_their_name() -> None:
    sam, kim, boss = make.person(roles=("security",)), make.person(roles=("ops",)), make.admin()
    access.delegate(kim, starts_at=clock.now(), ends_at=clock.now() + DAY, actor=sam, at=clock.now())
    assert kim.stands_in.live(clock.now() + timedelta(seconds=1)).exists()
    people.deactivate_person(sam.pk, reason="Left.", actor=boss, at=clock.now())
    assert not kim.stands_in.live(clock.now() + timedelta(seconds=1)).exists()


def test_admins_see_everybody_and_find_by_name_or_address() -> None:
    make.person("mia")
    page = browser(make.admin()).get("/people/", {"q": "mia@"})
    assert "mia@foundry.example" in page.text
    assert page.context["page"].paginator.count == 1
