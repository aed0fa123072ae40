"""A raise counts at the gateway within a second, and so does its end, by its date alone."""

import time
from datetime import timedelta

import pytest

from foundry.lib import clock
from tenants.access import actions as access
from tests import make
from tests.tenants.gateway.conftest import World
from tests.tenants.gateway.traffic import URL_PATH, question, within

pytestmark = pytest.mark.slow
LITTLE, MUCH, LASTS = {"tokens_per_day": 1}, {"tokens_per_day": 2_000_000}, timedelta(seconds=3)


def test_a_raise_and_its_fall_are_seen_within_a_second(world: World) -> None:
    grant = make.grant(offer=world.offer, limits=LITTLE)
    _, secret = make.key(grant)

    def status() -> int:
        return world.gateway.post(URL_PATH, question(), secret)[0]

    assert status() == 429
    held = access.raise_limits(
        grant.pk,
        limits=MUCH,
        ends_at=clock.now() + LASTS,
        reason="A launch.",
        actor=make.admin(),
        at=clock.now(),
    )
    assert within(1, lambda: status() == 200)
    time.sleep(max(0.0, (held.ends_at - clock.now()).total_seconds()))
    assert within(1, lambda: status() == 429)


def test_a_raise_that_is_ended_early_is_over_within_a_second(world: World) -> None:
    grant = make.grant(offer=world.offer, limits={"tokens_per_day": 1_000})
    _, secret = make.key(grant)
    owner, body = make.owner_of(grant.team), question() | {"max_tokens": 1_500}
    assert world.gateway.post(URL_PATH, body, secret)[0] == 429
    held = access.break_glass(
        grant.pk, limits={"tokens_per_day": 2_000}, hours=1, reason="An outage.", actor=owner, at=clock.now()
    )
    assert within(1, lambda: world.gateway.post(URL_PATH, body, secret)[0] == 200)
    access.end_raise(held.pk, actor=owner, at=clock.now())
    assert within(1, lambda: world.gateway.post(URL_PATH, body, secret)[0] == 429)
