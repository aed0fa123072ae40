"""A paused host or offer is refused with the reason, and comes back by itself."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from catalog import actions as supply
from catalog.models import Pause
from foundry.lib import clock
from tenants.keys.actions import lift_caller_pause, pause_caller
from tenants.usage.enforced import of_grant
from tests import make
from tests.tenants.gateway.conftest import World
from tests.tenants.gateway.traffic import URL_PATH, booked, question

pytestmark = pytest.mark.slow


def test_a_pause_counts_at_once_and_says_why_and_until_when(world: World) -> None:
    _, secret = make.key(make.grant(offer=world.offer, limits={"tokens_per_month": 10**9}))
    assert world.gateway.post(URL_PATH, question(), secret)[0] == 200
    row = make.pause(world.offer.host)
    wait_for(world, secret, 503)
    status, answer = world.gateway.post(URL_PATH, question(), secret)
    error = answer["error"]
    assert (status, error["code"]) == (503, "host_paused")
    assert "It fails" in error["message"]
    assert f"{row.ends_at:%Y-%m-%d %H:%M:%S} UTC" in error["message"]
    assert datetime.fromisoformat(error["paused_until"]) == row.ends_at
    assert 3_500 < error["retry_after_s"] <= 3_600
    assert {event.cost_nanos for event in booked(3) if event.code == "host_paused"} == {0}
    supply.lift_pause(row.pk, actor=make.person(roles=("ops",)), at=clock.now())
    wait_for(world, secret, 200)


def wait_for(world: World, secret: str, wanted: int) -> None:
    """The passport is at most a poll old; a call that was judged by the older one is not wrong."""
    until = time.monotonic() + 1
    while world.gateway.post(URL_PATH, question(), secret)[0] != wanted:
        assert time.monotonic() < until, f"no {wanted} within a second"
        time.sleep(0.05)


def test_a_pause_ends_by_itself_without_anybody_writing_a_row(world: World) -> None:
    _, secret = make.key(make.grant(offer=world.offer, limits={"rpm": 1_000}))
    at = clock.now()
    Pause.objects.create(
        offer=world.offer, reason="Short.", by=make.person(), starts_at=at, ends_at=at + timedelta(seconds=3)
    )
    status, answer = world.gateway.post(URL_PATH, question(), secret)
    assert (status, answer["error"]["code"]) == (503, "offer_paused")
    while datetime.now(UTC) < at + timedelta(seconds=3.05):
        time.sleep(0.05)
    assert world.gateway.post(URL_PATH, question(), secret)[0] == 200


def test_a_planned_pause_begins_by_itself(world: World) -> None:
    _, secret = make.key(make.grant(offer=world.offer, limits={"rpm": 1_000}))
    at = clock.now()
    Pause.objects.create(
        offer=world.offer, reason="Planned.", by=make.person(),
        starts_at=at + timedelta(seconds=3), ends_at=at + timedelta(hours=1),
    )  # fmt: skip
    assert world.gateway.post(URL_PATH, question(), secret)[0] == 200
    while datetime.now(UTC) < at + timedelta(seconds=3.05):
        time.sleep(0.05)
    assert world.gateway.post(URL_PATH, question(), secret)[0] == 503


def test_a_key_that_holds_the_model_elsewhere_goes_there(world: World) -> None:
    grant = make.grant(offer=world.offer, limits={"rpm": 1_000})
    app = grant.applications.get()
    other_host = make.host("second", calling_base_url=f"{world.sandbox.url}/v1", is_sandbox=True)
    other = make.offer(at=other_host, of=world.offer.model, host_model_id="echo")
    second = make.grant(of=grant.team, app=app, offer=other, limits={"rpm": 1_000})
    _, secret = make.key(grant)
    make.pause(world.offer)
    assert world.gateway.post(URL_PATH, question(), secret)[0] == 200
    (event,) = booked(1)
    assert event.grant_id == second.pk
    exact = question(model=f"{world.offer.host.slug}:{world.offer.model}")
    assert world.gateway.post(URL_PATH, exact, secret)[1]["error"]["code"] == "offer_paused"


def test_of_two_pauses_the_one_that_lasts_longer_is_told(world: World) -> None:
    _, secret = make.key(make.grant(offer=world.offer, limits={"rpm": 1_000}))
    make.pause(world.offer, for_s=7_200)
    make.pause(world.offer.host, for_s=600)
    error = world.gateway.post(URL_PATH, question(), secret)[1]["error"]
    assert error["code"] == "offer_paused"
    assert error["retry_after_s"] > 7_000


@pytest.mark.parametrize("of", ["team", "key"])
def test_a_paused_team_or_key_is_refused_within_a_second_and_comes_back(world: World, of: str) -> None:
    grant = make.grant(offer=world.offer, limits={"rpm": 1_000})
    key, secret = make.key(grant)
    other = make.key(grant)[1]
    assert world.gateway.post(URL_PATH, question(), secret)[0] == 200
    ops, at = make.person(roles=("ops",)), clock.now()
    row = pause_caller(
        key if of == "key" else grant.team,
        reason="A loop.",
        ends_at=at + timedelta(hours=1),
        actor=ops,
        at=at,
    )
    wait_for(world, secret, 403)
    status, answer = world.gateway.post(URL_PATH, question(), secret)
    error = answer["error"]
    assert (status, error["code"]) == (403, f"{of}_paused")
    assert "A loop" in error["message"]
    assert f"key={key.pk}&model=" in error["explain"]
    assert world.gateway.post(URL_PATH, question(), other)[0] == (200 if of == "key" else 403)
    lift_caller_pause(row.pk, actor=ops, at=clock.now())
    wait_for(world, secret, 200)


def test_a_grants_change_is_confirmed_by_the_process_within_a_second(world: World) -> None:
    grant = make.grant(offer=world.offer, limits={"rpm": 1_000})
    until = time.monotonic() + 3
    while not of_grant(grant.pk).is_whole:
        assert time.monotonic() < until, of_grant(grant.pk)
        time.sleep(0.05)
    assert of_grant(grant.pk).processes == 1
