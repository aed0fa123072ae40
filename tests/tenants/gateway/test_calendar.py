"""A gateway counts by the organisation's calendar of budgets, says so, and hears of a planned change at once."""

import time
from datetime import UTC, date, datetime, timedelta

import pytest

from foundry.lib import clock
from tenants.levels.actions import plan_calendar, set_limit
from tenants.levels.rules import Target
from tenants.quotas.models import Window
from tenants.quotas.use import period_of
from tenants.usage.verify import verify
from tests import make
from tests.make.calendar import calendar_since
from tests.tenants.gateway.conftest import World
from tests.tenants.gateway.traffic import booked, burst, nothing_held, question

pytestmark = pytest.mark.slow


def resets(world: World, secret: str, kind: str) -> datetime:
    _, answer = world.gateway.get("/v1/quota", secret)
    (told,) = answer["data"]
    return datetime.fromisoformat(next(each for each in told["limits"] if each["kind"] == kind)["resets_at"])


def test_a_day_and_a_fiscal_month_of_a_zone_are_counted_refused_and_told(world: World) -> None:
    """Kathmandu's midnight is 18:15 UTC; its months here begin on the tenth."""
    long_ago = (clock.now() - timedelta(days=70)).date()
    since = datetime(long_ago.year, long_ago.month, long_ago.day, 18, 15, tzinfo=UTC)
    calendar_since(world.urls, "Asia/Kathmandu", since, first_day=10)
    grant = make.grant(offer=world.offer, limits={"tokens_per_day": 4_000, "tokens_per_month": 10**6})
    _, secret = make.key(grant)
    team = set_limit(
        Target(team=grant.team),
        kind="usd_per_month",
        maximum=10**12,
        reason="test",
        actor=make.admin(),
        at=clock.now(),
    )
    answers = burst([world.gateway.url], secret, [question(max_tokens=50, knobs={"usage": 50})] * 3)
    assert [answer.status for answer in answers] == [200] * 3
    booked(3)
    found = period_of(clock.now())
    assert (found.day.hour, found.day.minute) == (18, 15)
    assert (found.month + timedelta(hours=5, minutes=45)).day == 10
    windows = Window.objects.filter(holder_id__in=[grant.pk, team.level.holder_id])
    assert {(row.period, row.starts_at) for row in windows} == {("day", found.day), ("month", found.month)}
    (over,) = burst([world.gateway.url], secret, [question(max_tokens=3_990)])
    error = over.body["error"]
    assert (over.status, error["code"]) == (429, "limit.tokens_per_day")
    assert datetime.fromisoformat(error["limit"]["resets_at"]) == found.day_ends
    assert resets(world, secret, "tokens_per_month") == found.month_ends
    assert nothing_held()
    assert [proof.differing for proof in verify()] == [[]] * 5


def test_a_planned_change_moves_the_end_that_callers_are_told_within_a_second(world: World) -> None:
    grant = make.grant(offer=world.offer, limits={"tokens_per_month": 10**6})
    _, secret = make.key(grant)
    before, at = resets(world, secret, "tokens_per_month"), clock.now()
    day = date.fromordinal(at.toordinal() + 2)
    plan_calendar(zone="Asia/Tokyo", first_day=1, from_day=day, reason="Ours.", actor=make.admin(), at=at)
    until = time.monotonic() + 1
    while (told := resets(world, secret, "tokens_per_month")) == before:
        assert time.monotonic() < until, "not heard within a second"
    assert told == period_of(clock.now()).month_ends
    assert told.astimezone(UTC).hour == 15
