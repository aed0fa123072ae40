"""Reasons why a grant's calls are refused: a set, each lifted on its own, and kept."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from catalog import actions as supply
from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden
from foundry.notify.models import Notice
from tenants.access import actions, blocks
from tenants.access.models import Block, Grant
from tests import make
from tests.people import api, browser

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def reasons(grant: Grant) -> list[str]:
    return [each.kind for each in blocks.of_grants([grant], clock.now())[grant.pk]]


def live(grant: Grant) -> bool:
    at = clock.now()
    return grant.state(at) == "live" and Grant.objects.live(at).filter(pk=grant.pk).exists()


def test_two_people_suspend_and_only_when_both_have_lifted_it_is_it_live() -> None:
    grant, ada, lee = make.grant(), make.admin(), make.admin()
    first = actions.suspend(grant.pk, reason="Leak?", actor=ada, at=clock.now())
    actions.suspend(grant.pk, reason="Terms.", actor=lee, at=clock.now())
    with pytest.raises(Conflict) as refused:
        actions.resume(grant.pk, actor=ada, at=clock.now())
    assert refused.value.code == "grant.several"
    actions.resume(grant.pk, block=first.pk, actor=lee, at=clock.now())
    assert not live(grant)
    actions.resume(grant.pk, actor=ada, at=clock.now())
    assert live(grant)


def test_a_suspended_team_blocks_what_it_has_and_what_it_is_granted_later() -> None:
    grant, ada = make.grant(), make.admin()
    other = make.grant()
    block = actions.suspend_team(grant.team, reason="Audit.", actor=ada, at=clock.now())
    later = make.grant(of=grant.team)
    assert (live(grant), live(later), live(other)) == (False, False, True)
    actions.resume_team(block.pk, actor=ada, at=clock.now())
    assert live(grant)
    assert live(later)
    with pytest.raises(Conflict):
        actions.resume_team(block.pk, actor=ada, at=clock.now())


def test_lifting_the_team_leaves_the_grants_own_reason() -> None:
    grant, ada = make.grant(), make.admin()
    actions.suspend(grant.pk, reason="Leak?", actor=ada, at=clock.now())
    block = actions.suspend_team(grant.team, reason="Audit.", actor=ada, at=clock.now())
    assert reasons(grant) == ["grant", "team"]
    actions.resume_team(block.pk, actor=ada, at=clock.now())
    assert reasons(grant) == ["grant"]
    assert not live(grant)


def test_terms_that_are_due_are_one_of_the_reasons_until_the_team_acknowledges() -> None:
    grant, ada = make.grant(), make.admin()
    make.terms("stricter")
    supply.assign_terms("stricter", offers=[grant.offer_id], counts_from=None, actor="ada", at=clock.now())
    grant = Grant.objects.with_names().select_related("offer__terms").get(pk=grant.pk)
    assert reasons(grant) == ["terms"]
    assert grant.state(clock.now()) == "suspended"
    actions.suspend(grant.pk, reason="Leak?", actor=ada, at=clock.now())
    assert grant.offer.terms is not None
    actions.acknowledge(grant.team, grant.offer.terms, actor=make.owner_of(grant.team), at=clock.now())
    assert reasons(grant) == ["grant"]


def test_only_admins_suspend_and_lift() -> None:
    grant = make.grant()
    block = actions.suspend_team(grant.team, reason="Audit.", actor=make.admin(), at=clock.now())
    owner = make.owner_of(grant.team)
    with pytest.raises(Forbidden):
        actions.suspend_team(grant.team, reason="No.", actor=owner, at=clock.now())
    with pytest.raises(Forbidden):
        actions.resume_team(block.pk, actor=owner, at=clock.now())


def test_the_same_reason_twice_is_one() -> None:
    grant, ada = make.grant(), make.admin()
    actions.suspend(grant.pk, reason="Leak?", actor=ada, at=clock.now())
    with pytest.raises(Conflict) as refused:
        actions.suspend(grant.pk, reason="Leak?", actor=ada, at=clock.now())
    assert refused.value.code == "grant.suspended"


def test_the_database_keeps_blocks_as_they_were() -> None:
    grant, ada = make.grant(), make.admin()
    block = actions.suspend(grant.pk, reason="Leak?", actor=ada, at=clock.now())
    rows = Block.objects.filter(pk=block.pk)
    for change in ({"why": "Other."}, {"since": clock.now() - HOUR}, {"until": clock.now()}):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.delete()
    actions.resume(grant.pk, actor=ada, at=clock.now())
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.update(until=None)


def test_owners_are_told_of_both() -> None:
    grant, ada = make.grant(), make.admin()
    block = actions.suspend_team(grant.team, reason="Audit.", actor=ada, at=clock.now())
    actions.resume_team(block.pk, actor=ada, at=clock.now())
    told = Notice.objects.filter(person=make.owner_of(grant.team), event__kind__startswith="team.")
    assert sorted(told.values_list("event__kind", flat=True)) == ["team.resumed", "team.suspended"]


def test_the_pages_say_first_whom_it_hits_then_show_each_reason_with_its_own_way_out() -> None:
    grant, ada = make.grant(), make.admin()
    app = grant.applications.get()
    client, team = browser(ada), f"/teams/{grant.team.slug}"
    for path in (f"/grants/{grant.pk}/suspend/", f"/grants/{grant.pk}/revoke/", f"{team}/suspend/"):
        assert app.name in client.get(path).text
    client.post(f"/grants/{grant.pk}/suspend/", {"reason": "Leak?"})
    client.post(f"{team}/suspend/", {"reason": "Audit."})
    page = client.get(f"/grants/{grant.pk}/").text
    assert "Leak?" in page
    assert "Audit." in page
    assert page.count("Lift this reason") == 2
    assert "Audit." in client.get(f"{team}/standing/").text
    for block in Block.objects.filter(until=None):
        way = f"{team}/resume/" if block.grant_id is None else f"/grants/{grant.pk}/resume/"
        client.post(way, {"block": block.pk})
    assert live(grant)


def test_the_api_suspends_a_team_names_every_reason_and_lifts_them() -> None:
    grant, ada = make.grant(), make.admin()
    client = api(ada)
    made = client.post("/api/v1/blocks/", {"team": grant.team.slug, "reason": "Audit."}, "application/json")
    assert made.status_code == 201
    client.post(f"/api/v1/grants/{grant.pk}/suspend/", {"reason": "Leak?"}, "application/json")
    told = client.get(f"/api/v1/grants/{grant.pk}/").json()
    assert [each["kind"] for each in told["blocks"]] == ["team", "grant"]
    assert told["suspended_why"] == "Team suspended: Audit. Suspended: Leak?"
    for each in told["blocks"]:
        assert client.post(f"/api/v1/blocks/{each['block']}/lift/").status_code == 200
    assert client.get(f"/api/v1/grants/{grant.pk}/").json()["state"] == "live"


def test_as_of_a_moment_a_suspension_that_was_lifted_is_still_there() -> None:
    ada, start = make.admin(), clock.now() - 9 * HOUR
    grant = make.grant(at=start)
    actions.suspend(grant.pk, reason="Leak?", actor=ada, at=start + HOUR)
    actions.resume(grant.pk, actor=ada, at=start + 2 * HOUR)
    client = browser(ada)
    for hours, state in ((0.5, "live"), (1.5, "suspended"), (3, "live")):
        at = (start + hours * HOUR).isoformat()
        told = api(ada).get("/api/v1/grants/", {"at": at}).json()["results"]
        assert [row["state"] for row in told if row["id"] == grant.pk] == [state]
        assert ("Leak?" in client.get(f"/grants/{grant.pk}/", {"at": at}).text) is (hours > 1)
    assert client.get("/grants/", {"at": (start - HOUR).isoformat()}).text.count(f"/grants/{grant.pk}/") == 0


def test_the_history_of_a_grant_says_from_what_to_what_each_decision_changed_it() -> None:
    start = clock.now() - 9 * HOUR
    grant = make.grant(at=start)
    app = grant.applications.get()
    asked = make.request(
        of=grant.team, offer=grant.offer, app=app, limits={"tpm": 90_000, "rpm": 60}, at=start + HOUR
    )
    make.approved(asked, at=start + 2 * HOUR)
    page = browser(make.admin()).get(f"/grants/{grant.pk}/").text
    assert "60,000 tokens per minute → 90,000 tokens per minute" in page
    assert "no limit → 60 calls per minute" in page
    then = browser(make.admin()).get(f"/grants/{grant.pk}/", {"at": (start + HOUR).isoformat()}).text
    assert "→ 90,000 tokens per minute" not in then
