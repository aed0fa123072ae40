"""Limits are exact: under concurrency, across two processes, and they say what a refused caller needs."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from foundry.lib.units import NANOS_PER_USD
from tenants.quotas.models import Window
from tenants.usage.models import UsageEvent
from tenants.usage.verify import verify
from tests import make, processes
from tests.tenants.gateway.conftest import World
from tests.tenants.gateway.traffic import booked, burst, codes, early_in_the_minute, nothing_held, question

pytestmark = pytest.mark.slow


@pytest.fixture
def two(world: World) -> Iterator[list[str]]:
    """The addresses of two gateway processes over one database and one Redis."""
    with processes.gateway(world.folder / "second", world.urls.gateway_url) as second:
        yield [world.gateway.url, second.url]


def test_of_300_calls_at_once_over_two_processes_exactly_100_pass_a_limit_of_100_a_minute(
    world: World, two: list[str]
) -> None:
    _, secret = make.key(make.grant(offer=world.offer, limits={"rpm": 100}))
    early_in_the_minute()
    assert codes(burst(two, secret, [question()] * 300)) == {"": 100, "limit.rpm": 200}


@pytest.mark.parametrize("kind", ["tokens_per_day", "tokens_per_month", "usd_per_day", "usd_per_month"])
def test_a_budget_for_ten_calls_admits_exactly_ten_at_once(world: World, two: list[str], kind: str) -> None:
    """Each call holds its worst case while it runs, so that no eleventh fits, in whichever process it comes."""
    body = question(max_tokens=100, knobs={"delay_ms": 1500})
    held_in = len(json.dumps(body))
    need = held_in + 100 if kind.startswith("tokens") else held_in * 3_000 + 100 * 15_000
    grant = make.grant(offer=world.offer, limits={kind: 11 * need - 1})
    _, secret = make.key(grant)
    assert codes(burst(two, secret, [body] * 40)) == {"": 10, f"limit.{kind}": 30}
    booked(40)
    assert nothing_held()
    spent = Window.objects.get(holder_id=grant.pk, period="day")
    assert spent.tokens_spent == sum(event.tokens_in + event.tokens_out for event in UsageEvent.objects.all())


def test_what_a_call_did_not_use_flows_back_for_the_next_one(world: World) -> None:
    """Each call holds over 200 tokens of 450 and uses 7: one after the other many fit."""
    _, secret = make.key(make.grant(offer=world.offer, limits={"tokens_per_day": 450}))
    for _ in range(20):
        (answer,) = burst([world.gateway.url], secret, [question(max_tokens=150, knobs={"tokens_out": 5})])
        assert answer.status == 200, answer.body


def test_only_so_many_calls_run_at_once(world: World, two: list[str]) -> None:
    _, secret = make.key(make.grant(offer=world.offer, limits={"concurrency": 3}))
    slow = question(knobs={"delay_ms": 1000})
    assert codes(burst(two, secret, [slow] * 12)) == {"": 3, "limit.concurrency": 9}
    assert codes(burst(two, secret, [slow] * 3)) == {"": 3}


def test_tokens_per_minute_are_charged_an_estimate_and_corrected(world: World) -> None:
    _, secret = make.key(make.grant(offer=world.offer, limits={"tpm": 1_000}))
    early_in_the_minute()
    body = question(max_tokens=900, knobs={"tokens_out": 10})
    answers = [burst([world.gateway.url], secret, [body])[0] for _ in range(5)]
    assert [answer.status for answer in answers] == [200] * 5
    assert 900 < int(answers[-1].headers["x-ratelimit-remaining-tokens"]) + 900 < 1_000
    (over,) = burst([world.gateway.url], secret, [question(max_tokens=2_000)])
    assert (over.status, over.code) == (429, "limit.tpm")


def test_what_the_host_reports_beyond_a_hold_is_booked_and_blocks_the_next_call(world: World) -> None:
    grant = make.grant(offer=world.offer, limits={"tokens_per_day": 1_000})
    _, secret = make.key(grant)
    (first,) = burst([world.gateway.url], secret, [question(max_tokens=50, knobs={"usage": 5_000})])
    assert first.status == 200
    (event,) = booked(1)
    assert event.tokens_out == 5_000
    assert event.overshoot_tokens > 3_000
    (second,) = burst([world.gateway.url], secret, [question(max_tokens=1)])
    assert second.code == "limit.tokens_per_day"
    assert Window.objects.get(holder_id=grant.pk, period="day").tokens_spent == event.tokens_in + 5_000


def test_a_refusal_says_which_limit_how_much_is_used_when_it_resets_and_where_to_ask(world: World) -> None:
    grant = make.grant(offer=world.offer, limits={"usd_per_month": NANOS_PER_USD // 1_000})
    _, secret = make.key(grant)
    (answer,) = burst([world.gateway.url], secret, [question(max_tokens=4_000)])
    error, now = answer.body["error"], datetime.now(UTC)
    next_month = (now.replace(day=1, hour=0, minute=0, second=0, microsecond=0) + timedelta(days=32)).replace(
        day=1
    )
    assert (answer.status, error["code"], error["type"]) == (
        429,
        "limit.usd_per_month",
        "rate_limit_exceeded",
    )
    assert error["limit"] | {"needed": "?"} == {
        "used_by": [], "scope": "grant", "name": "sandbox/echo", "kind": "usd_per_month", "maximum": "0.001000000",
        "used": "0.000000000", "held": "0.000000000", "needed": "?", "resets_at": next_month.isoformat(),
    }  # fmt: skip
    assert float(error["limit"]["needed"]) > 0.06
    assert f"grant={grant.pk}" in error["ask_for_more"]
    assert "/requests/new/" in error["ask_for_more"]
    assert 0 < int(answer.headers["Retry-After"]) <= 31 * 86_400
    assert grant.team.slug in error["message"]
    assert "never passes it" in error["message"]
    assert answer.headers["x-should-retry"] == "false"


def test_what_is_used_is_not_told_as_running_before_the_ledger_has_it(world: World) -> None:
    grant = make.grant(offer=world.offer, limits={"tokens_per_day": 450})
    _, secret = make.key(grant)
    for _ in range(3):
        (answer,) = burst([world.gateway.url], secret, [question(max_tokens=90, knobs={"usage": 90})])
        assert answer.status == 200
    (over,) = burst([world.gateway.url], secret, [question(max_tokens=90)])
    error = over.body["error"]
    assert (over.status, error["code"]) == (429, "limit.tokens_per_day")
    assert error["limit"]["held"] == 0
    assert error["limit"]["used"] >= 270
    assert f"Team {grant.team.slug} has used {error['limit']['used']} of 450 tokens today" in error["message"]
    assert int(over.headers["Retry-After"]) > 1 or "23:59" in f"{datetime.now(UTC):%H:%M}"


def test_refusals_are_booked_too_and_the_ledger_agrees_with_itself(world: World, two: list[str]) -> None:
    _, secret = make.key(make.grant(offer=world.offer, limits={"rpm": 5, "tokens_per_month": 100_000}))
    early_in_the_minute()
    burst(two, secret, [question()] * 20)
    events = booked(20)
    assert sorted({(event.outcome, event.code) for event in events}) == [("ok", ""), ("refused", "limit.rpm")]
    assert len(events) == 20
    assert [proof.differing for proof in verify()] == [[]] * 5


def test_a_key_can_ask_what_is_left_and_what_binds_first(world: World) -> None:
    grant = make.grant(
        offer=world.offer, limits={"rpm": 100, "tokens_per_day": 300, "usd_per_month": NANOS_PER_USD}
    )
    _, secret = make.key(grant)
    early_in_the_minute()
    assert burst([world.gateway.url], secret, [question("Hello", knobs={"tokens_out": 28})])[0].status == 200
    status, answer = world.gateway.get("/v1/quota", secret)
    (told,) = answer["data"]
    left = {limit["kind"]: (limit["used"], limit["held"], limit["left"]) for limit in told["limits"]}
    assert (status, told["model"], told["binds_first"]) == (200, "sandbox/echo", "tokens_per_day")
    calls = {limit["kind"]: limit["calls_left"] for limit in told["limits"]}
    assert calls == {
        "rpm": 99,
        "tokens_per_day": 0,
        "usd_per_month": 999_574_000 // (750 * 3_000 + 250 * 15_000),
    }
    assert left == {
        "rpm": (1, 0, 99), "tokens_per_day": (30, 0, 270), "usd_per_month": ("0.000426000", "0.000000000", "0.999574000"),
    }  # fmt: skip
