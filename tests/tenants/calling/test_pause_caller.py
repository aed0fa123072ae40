"""Ops pause a team or a key: whom it hits first, for a set time, in the audit, and lifted at any time."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from foundry.audit.models import Entry
from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden, Invalid
from tenants.keys.actions import lift_caller_pause, pause_caller
from tenants.keys.models import CallerPause
from tenants.usage.ingest import ingest
from tests import make
from tests.foundry.web.markup import faults
from tests.people import browser
from tests.tenants.usage.test_ingest import call

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]
HOUR = timedelta(hours=1)


def paused(what: Any, **more: Any) -> CallerPause:
    at = clock.now()
    told = {"reason": "A loop.", "ends_at": at + HOUR, "actor": make.person(roles=("ops",)), "at": at} | more
    return pause_caller(what, **told)


def test_only_ops_and_admins_pause_and_each_leaves_one_entry() -> None:
    team = make.team()
    for actor in (make.owner_of(team), make.person(roles=("finance",))):
        with pytest.raises(Forbidden):
            paused(team, actor=actor)
    before = Entry.objects.count()
    row = paused(team)
    assert (Entry.objects.count(), Entry.objects.latest("pk").verb) == (before + 1, "team.pause")
    lift_caller_pause(row.pk, actor=make.admin(), at=clock.now())
    assert (Entry.objects.count(), Entry.objects.latest("pk").verb) == (before + 2, "team.resume")
    with pytest.raises(Conflict):
        lift_caller_pause(row.pk, actor=make.admin(), at=clock.now())


def test_two_pauses_of_one_team_never_overlap_and_none_is_without_reason_or_end() -> None:
    team = make.team()
    paused(team)
    with pytest.raises(Conflict):
        paused(team)
    for wrong in (
        {"reason": " "},
        {"ends_at": clock.now() - HOUR},
        {"ends_at": clock.now() + timedelta(days=31)},
    ):
        with pytest.raises(Invalid):
            paused(make.team(), **wrong)


def test_the_page_says_whom_it_hits_first() -> None:
    grant = make.grant()
    key, _ = make.key(grant)
    ingest(
        [
            call(n, grant.team_id, key_id=key.pk, application_id=key.application_id, started_at=clock.now())
            for n in range(7)
        ]
    )
    ops = browser(make.person(roles=("ops",)))
    for url in (f"/teams/{grant.team.slug}/pause/", f"/keys/{key.pk}/pause/"):
        page = ops.get(url).content.decode()
        assert faults(page) == []
        assert grant.team.name in page
        assert ">7<" in page
    answer = ops.post(f"/keys/{key.pk}/pause/", {"reason": "A loop.", "for_s": "3600"}, follow=True)
    assert "is paused until" in answer.content.decode()
    row = CallerPause.objects.get()
    assert (row.key, row.state(clock.now())) == (key, "paused")
    listed = ops.get("/caller-pauses/").content.decode()
    assert "A loop." in listed
    assert faults(listed) == []
    ops.post(f"/caller-pauses/{row.pk}/lift/")
    row.refresh_from_db()
    assert row.state(clock.now()) == "lifted"


def test_teams_see_their_own_pauses_only() -> None:
    mine, other = make.team(), make.team()
    paused(mine, reason="Mine.")
    paused(other, reason="Other.")
    page = browser(make.owner_of(mine)).get("/caller-pauses/").content.decode()
    assert "Mine." in page
    assert "Other." not in page


def test_by_the_api() -> None:
    grant = make.grant()
    key, _ = make.key(grant)
    ops = browser(make.person(roles=("ops",)))
    hit = ops.get("/api/v1/caller-pauses/impact/", {"key": key.pk}).json()
    assert (hit["keys"], hit["hits"][0]["team"]) == (1, grant.team.slug)
    body = {"key": key.pk, "reason": "A loop.", "for_s": 600}
    made = ops.post("/api/v1/caller-pauses/", body, content_type="application/json")
    assert (made.status_code, made.json()["state"], made.json()["key"]) == (201, "paused", key.pk)
    both = ops.post(
        "/api/v1/caller-pauses/", body | {"team": grant.team.slug}, content_type="application/json"
    )
    assert both.status_code == 400
    lifted = ops.post(f"/api/v1/caller-pauses/{made.json()['id']}/lift/")
    assert (lifted.status_code, lifted.json()["state"]) == (200, "lifted")


def test_the_list_of_keys_says_which_are_paused_and_why() -> None:
    grant, other = make.grant(), make.grant()
    key, _ = make.key(grant)
    make.key(other)
    paused(grant.team, reason="A quiet week.")
    paused(key, reason="A loop.", ends_at=clock.now() + 2 * HOUR)
    page = browser(make.owner_of(grant.team)).get("/keys/").content.decode()
    assert faults(page) == []
    assert "A loop." in page
    assert "A quiet week." not in page
    assert "A loop." not in browser(make.owner_of(other.team)).get("/keys/").content.decode()


@pytest.mark.parametrize("rows", [10, 20])
def test_the_list_asks_as_many_questions_for_twenty_pauses_as_for_ten(
    rows: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(rows):
        paused(make.team())
    ops = browser(make.person(roles=("ops",)))
    with django_assert_max_num_queries(9):
        assert ops.get("/caller-pauses/").content.decode().count("A loop.") == rows
