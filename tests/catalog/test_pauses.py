"""Pausing: who may, for how long, how it ends; whom it hits is told before."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog import actions, pauses
from catalog.models import Pause
from foundry.audit.models import Entry
from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.people.models import User
from tenants.access.models import Grant
from tenants.usage.models import UsageHour
from tests import make
from tests.people import api, browser

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def ops() -> User:
    return make.person(roles=("ops",))


def test_only_admins_and_ops_pause_prolong_and_lift() -> None:
    host, at = make.host(), clock.now()
    row = make.pause(make.offer(), at=at)
    for roles in ((), ("auditor",), ("finance",), ("security",)):
        person = make.person(roles=roles)
        with pytest.raises(Forbidden):
            actions.pause(host, reason="No.", ends_at=at + HOUR, actor=person, at=at)
        with pytest.raises(Forbidden):
            actions.prolong_pause(row.pk, ends_at=at + 2 * HOUR, actor=person, at=at)
        with pytest.raises(Forbidden):
            actions.lift_pause(row.pk, actor=person, at=at)
    assert Pause.objects.count() == 1


def test_a_pause_needs_a_reason_and_an_end_within_thirty_days() -> None:
    host, at, actor = make.host(), clock.now(), ops()
    for reason, ends_at in (
        ("  ", at + HOUR),
        ("x" * 301, at + HOUR),
        ("Why.", at),
        ("Why.", at + timedelta(days=31)),
    ):
        with pytest.raises(Invalid) as caught:
            actions.pause(host, reason=reason, ends_at=ends_at, actor=actor, at=at)
        assert caught.value.errors
    assert not Pause.objects.exists()


def test_two_pauses_of_one_thing_never_overlap_but_may_follow_each_other() -> None:
    host, at, actor = make.host(), clock.now(), ops()
    first = make.pause(host, at=at)
    with pytest.raises(Conflict) as caught:
        make.pause(host, at=at + HOUR / 2)
    assert f"{first.ends_at:%H:%M}" in str(caught.value)
    after = actions.pause(
        host, reason="Again.", starts_at=at + HOUR, ends_at=at + 2 * HOUR, actor=actor, at=at
    )
    assert after.state(at) == "planned"
    with pytest.raises(Conflict):
        actions.prolong_pause(first.pk, ends_at=at + 1.5 * HOUR, actor=actor, at=at)
    with pytest.raises(IntegrityError), transaction.atomic():
        Pause.objects.create(host=host, reason="Raw.", by=actor, starts_at=at, ends_at=at + HOUR)


def test_a_pause_ends_by_time_or_when_it_is_lifted() -> None:
    offer, at = make.offer(), clock.now()
    row = make.pause(offer, at=at)
    assert pauses.in_force(pauses.open_of(offer, at), at) == row
    assert pauses.open_of(offer, at + HOUR) == []
    lifted = actions.lift_pause(row.pk, actor=ops(), at=at + HOUR / 4)
    assert (lifted.state(at + HOUR / 2), pauses.open_of(offer, at + HOUR / 2)) == ("lifted", [])
    with pytest.raises(Conflict):
        actions.lift_pause(row.pk, actor=ops(), at=at + HOUR / 2)
    make.pause(offer, at=at + HOUR / 2)


def test_a_planned_pause_can_be_called_off() -> None:
    host, at, actor = make.host(), clock.now(), ops()
    row = actions.pause(host, reason="Later.", starts_at=at + HOUR, ends_at=at + 2 * HOUR, actor=actor, at=at)
    actions.lift_pause(row.pk, actor=actor, at=at)
    assert not Pause.objects.at(at + 1.5 * HOUR).exists()
    make.pause(host, at=at + HOUR)


def test_prolonging_keeps_the_old_end_in_the_audit() -> None:
    row, at = make.pause(make.host("azure")), clock.now()
    was = row.ends_at
    actions.prolong_pause(row.pk, ends_at=was + HOUR, actor=ops(), at=at)
    entry = Entry.objects.latest("seq")
    assert (entry.verb, entry.object_label) == ("host.prolong_pause", "Azure")
    assert was.isoformat() in bytes(entry.body).decode()
    with pytest.raises(Invalid):
        actions.prolong_pause(row.pk, ends_at=was, actor=ops(), at=at)


def used(grant: Grant, calls: int, hours_ago: int, outcome: str = "ok") -> None:
    hour = clock.now().replace(minute=0, second=0, microsecond=0) - hours_ago * HOUR
    UsageHour.objects.create(
        hour=hour, team_id=grant.team_id, application_id=grant.applications.get().pk, grant_id=grant.pk,
        offer_id=grant.offer_id, model="m", outcome=outcome, code="", basis="host", calls=calls, tokens_in=1,
        tokens_out=1, tokens_cached=0, tokens_reasoning=0, cost_nanos=1, unknown_cost_calls=0, latency=[0] * 22,
    )  # fmt: skip


def test_the_impact_names_teams_applications_keys_and_calls() -> None:
    host = make.host()
    one, other = make.grant(offer=make.offer(at=host)), make.grant(offer=make.offer(at=host))
    make.grant(offer=make.offer())
    make.key(one)
    make.key(one)
    used(one, 60, 2)
    used(one, 100, 30)
    used(one, 900, 1, outcome="refused")
    used(other, 40, 2)
    used(other, 7, 24 * 8)
    impact = pauses.impact(host, clock.now())
    assert (impact.teams, impact.keys, impact.most_in_an_hour) == (2, 2, 100)
    first, second = impact.hits
    assert (first.application, first.keys) == (one.applications.get(), 2)
    assert (first.calls_day, first.calls_week, first.most_in_an_hour) == (60, 160, 100)
    assert (second.calls_day, second.calls_week) == (40, 40)
    assert 3.9 < impact.calls_an_hour < 4.2
    alone = pauses.impact(other.offer, clock.now())
    assert [hit.calls_week for hit in alone.hits] == [40]


def test_a_key_that_carries_other_grants_is_not_hit() -> None:
    grant = make.grant()
    app = grant.applications.get()
    second = make.grant(of=grant.team, app=app, offer=make.offer())
    make.key(grant, only=[second])
    assert pauses.impact(grant.offer, clock.now()).keys == 0
    assert pauses.impact(second.offer, clock.now()).keys == 1


def test_the_page_tells_whom_it_hits_and_then_pauses() -> None:
    grant = make.grant(offer=make.offer(at=make.host("azure")))
    used(grant, 48, 2)
    client = browser(ops())
    page = client.get("/hosts/azure/pause/").content.decode()
    assert grant.team.name in page
    assert "48" in page
    answer = client.post("/hosts/azure/pause/", {"reason": "Too many errors.", "for_s": "900"})
    assert answer.headers["Location"] == "/hosts/azure/"
    for path in ("/hosts/azure/", "/", f"/grants/{grant.pk}/", f"/catalog/{grant.offer.model}/", "/pauses/"):
        assert "Too many errors." in client.get(path).content.decode(), path
    owner = browser(make.owner_of(grant.team))
    assert "Too many errors." in owner.get(f"/grants/{grant.pk}/").content.decode()
    assert "Resume now" not in owner.get(f"/grants/{grant.pk}/").content.decode()
    row = Pause.objects.get()
    client.post(f"/pauses/{row.pk}/prolong/", {"for_s": "3600"})
    row.refresh_from_db()
    assert row.ends_at - row.starts_at == timedelta(seconds=4_500)
    client.post(f"/pauses/{row.pk}/lift/")
    assert "Too many errors." not in client.get("/hosts/azure/").content.decode()


def test_a_form_without_a_reason_comes_back() -> None:
    make.host("azure")
    answer = browser(ops()).post("/hosts/azure/pause/", {"reason": "", "for_s": "900"})
    assert answer.status_code == 400
    assert "This field is required" in answer.content.decode()


def test_the_api_pauses_prolongs_and_resumes() -> None:
    offer, client = make.offer(at=make.host("azure")), api(ops())
    assert client.get("/api/v1/hosts/azure/pause/").json()["teams"] == 0
    body = {"reason": "It fails.", "for_s": 600}
    made = client.post("/api/v1/hosts/azure/pause/", body, content_type="application/json")
    assert (made.status_code, made.json()["state"], made.json()["host"]) == (201, "paused", "azure")
    again = client.post("/api/v1/hosts/azure/pause/", body, content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (409, "pause.exists")
    told = client.get(f"/api/v1/offers/{offer.pk}/").json()
    assert (told["paused_until"], told["paused_why"]) == (made.json()["ends_at"], "It fails.")
    pk, later = made.json()["id"], {"ends_at": str(clock.now() + 2 * HOUR)}
    longer = client.patch(f"/api/v1/pauses/{pk}/", later, content_type="application/json")
    assert longer.json()["ends_at"] > made.json()["ends_at"]
    assert client.post("/api/v1/hosts/azure/resume/").json()["state"] == "lifted"
    assert client.post("/api/v1/hosts/azure/resume/").json()["code"] == "pause.none"
    assert client.get(f"/api/v1/offers/{offer.pk}/").json()["paused_until"] is None
    both = client.post("/api/v1/hosts/azure/pause/", body | later, content_type="application/json")
    assert (both.status_code, both.json()["code"]) == (400, "pause.unusable")


def test_a_pause_of_a_hidden_offer_is_told_to_those_who_see_the_offer() -> None:
    make.pause(make.offer(hidden=True))
    make.pause(make.offer())
    assert len(api(make.person()).get("/api/v1/pauses/").json()["results"]) == 1
    assert len(api(ops()).get("/api/v1/pauses/").json()["results"]) == 2


def test_pages_ask_as_often_with_twenty_pauses_as_with_ten() -> None:
    client = browser(ops())
    counts = []
    for _ in range(2):
        for _ in range(10):
            make.pause(make.offer())
        counts.append([queries(client, path) for path in ("/pauses/", "/catalog/", "/")])
    assert counts[0] == counts[1]


def queries(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)
