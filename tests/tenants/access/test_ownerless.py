"""A team that nobody owns renews nothing; admins are told once, until it is mended, and again the next time."""

from datetime import timedelta

import pytest

from foundry.lib import clock
from foundry.lib.errors import Conflict
from foundry.notify.models import Event
from foundry.people.models import User
from tenants.access import actions
from tenants.access.models import Grant
from tenants.access.reminders import remind_of_ends
from tenants.teams import actions as teams
from tenants.teams import vacancies
from tenants.teams.models import Vacancy
from tests import make
from tests.people import api, browser
from tests.tenants.access.test_guards import refuses

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
ASK = """INSERT INTO access_request (team_id, offer_id, application_id, grant_id, requester_id, purpose, data_class, asked,
                                     ends_on, policy_id, state, created_at)
         SELECT team_id, offer_id, application_id, %s, requester_id, purpose, data_class, asked, ends_on + %s, policy_id,
                'open', now()
         FROM access_request WHERE id = %s"""


def ownerless() -> tuple[Grant, User]:
    """A grant of a team whose owner is switched off, and its one member."""
    member = make.person()
    grant = make.grant(of=make.team(members=(member,)))
    User.objects.filter(pk=make.owner_of(grant.team).pk).update(is_active=False)
    return grant, member


def test_it_cannot_renew_by_click_call_form_or_sql_and_says_what_to_do() -> None:
    grant, member = ownerless()
    with pytest.raises(Conflict) as refused:
        actions.renew(grant.pk, actor=member, at=clock.now())
    assert refused.value.code == "team.no_owner"
    with pytest.raises(Conflict):
        make.request(
            of=grant.team, offer=grant.offer, app=grant.applications.get(), by=member,
            ends_on=(clock.now() + 60 * DAY).date(),
        )  # fmt: skip
    answer = api(member).post(f"/api/v1/grants/{grant.pk}/renew/", {}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (409, "team.no_owner")
    assert "has no owner, so nothing of it is renewed" in browser(member).get(f"/grants/{grant.pk}/").text
    refuses("without an owner cannot renew", ASK, grant.pk, 30, grant.request_id)


def test_what_asks_for_no_more_time_is_taken() -> None:
    grant, member = ownerless()
    smaller = make.request(
        of=grant.team, offer=grant.offer, app=grant.applications.get(), by=member, limits={"tpm": 5}
    )
    assert smaller.grant == grant


def test_admins_are_told_once_until_it_is_mended_and_again_when_it_happens_again() -> None:
    grant, member = ownerless()
    boss, at = make.admin(), clock.now()
    assert [vacancies.watch(at + each * DAY) for each in range(3)] == [1, 0, 0]
    assert boss in {notice.person for notice in Event.objects.get(kind="team.ownerless").notices.all()}
    assert f"{grant.team} has no owner" in browser(boss).get("/").text
    assert "has no owner" in browser(boss).get(f"/teams/{grant.team.slug}/standing/").text
    teams.change_role(grant.team, member, "owner", actor=boss, at=at + 4 * DAY)
    assert Vacancy.objects.get().filled_at == at + 4 * DAY
    actions.renew(grant.pk, actor=member, at=clock.now())
    User.objects.filter(pk=member.pk).update(is_active=False)
    assert [vacancies.watch(at + each * DAY) for each in (5, 6)] == [1, 0]
    assert Event.objects.filter(kind="team.ownerless").count() == 2


def test_the_end_of_its_grants_is_told_to_admins_instead() -> None:
    grant, _ = ownerless()
    boss = make.admin()
    assert remind_of_ends(grant.ends_at - 3 * DAY) == 1
    told = Event.objects.get(kind="grant.ends")
    assert boss in {notice.person for notice in told.notices.all()}
    assert told.url == f"/teams/{grant.team.slug}/"
