"""Every kind of token is charged at its price, in the tier that the call reached, and never above what was held."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.connectors.base import PARTS
from foundry.lib.units import price_units
from tenants.gateway.meter import report, report_message
from tenants.keys.passport import PriceRow, TierRow
from tenants.keys.rows import amounts, tier_row
from tenants.quotas.limits import Need
from tenants.quotas.periods import Period
from tenants.usage import charge
from tenants.usage.charge import Tokens, cost, counted, dearest, priced
from tenants.usage.envelope import KINDS, Envelope, Outcome

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
# USD per million, as Anthropic and OpenAI list them
CLAUDE = {"cache_write": "3.75", "cache_write_1h": "6", "web_search": "0.01"}
CLAUDE_LONG = {"prices": {"input": "6", "output": "22.5", "cache_write": "7.5"}, "over_input_tokens": 200_000}
AUDIO = {"audio_input": "40", "audio_output": "80", "image_input": "5", "request": "0.005"}


def price(
    into: str = "3",
    out: str = "15",
    cached: str | None = "0.3",
    parts: dict[str, str] | None = None,
    *tiers: Any,
) -> PriceRow:
    usd = [None if each is None else price_units(Decimal(each)) for each in (into, out, cached)]
    rows = tuple(map(tier_row, tiers))
    return PriceRow(7, "host", 2, NOON, None, usd[0] or 0, usd[1] or 0, usd[2], amounts(parts or {}), rows)


def kinds(**counts: int) -> tuple[int, ...]:
    return tuple(counts.get(kind, 0) for kind in KINDS)


@pytest.mark.parametrize(
    ("tokens", "row", "usd"),
    [
        # Anthropic: 1M plain, 1M read, 1M written for five minutes and 1M for an hour, two searches
        (Tokens(4_000_000, 0, 1_000_000, 0, kinds(cache_write=10**6, cache_write_1h=10**6, web_search=2)),
         price(parts=CLAUDE), "13.07"),
        (Tokens(200_000, 100_000), price("3", "15", "0.3", CLAUDE, CLAUDE_LONG), "2.1"),
        (Tokens(200_001, 100_000), price("3", "15", "0.3", CLAUDE, CLAUDE_LONG), "3.450006"),
        # a tier keeps the price of a part that it does not name
        (Tokens(300_000, 0, 300_000), price("3", "15", "0.3", CLAUDE, CLAUDE_LONG), "0.09"),
        (Tokens(100_000, 50_000, 0, 0, kinds(audio_input=40_000, audio_output=30_000)),
         price("2.5", "10", "1.25", AUDIO), "4.355"),
        # what nothing prices apart counts as what it is part of
        (Tokens(100_000, 50_000, 0, 20_000, kinds(audio_input=40_000, image_output=30_000)), price(), "1.05"),
        (Tokens(100_000, 0, 0, 0, kinds(cache_write_1h=100_000)), price(parts={"cache_write": "3.75"}), "0.375"),
        (Tokens(0, 1_000_000, 0, 400_000), price(parts={"reasoning": "20"}), "17"),
    ],
)  # fmt: skip
def test_each_kind_costs_its_own_price(tokens: Tokens, row: PriceRow, usd: str) -> None:
    assert cost(tokens, row, NOON) == (int(Decimal(usd) * 10**9), "host")


@pytest.mark.parametrize(
    ("hour", "minute", "usd"), [(16, 29, "1"), (16, 30, "0.5"), (23, 59, "0.5"), (0, 29, "0.5"), (0, 30, "1")]
)
def test_a_tier_of_the_night_passes_midnight(hour: int, minute: int, usd: str) -> None:
    night = {"prices": {"input": "0.5"}, "utc_from": "16:30", "utc_to": "00:30"}
    at = NOON.replace(hour=hour, minute=minute)
    assert cost(Tokens(1_000_000, 0), price("1", "1", None, {}, night), at)[0] == int(Decimal(usd) * 10**9)


def test_kinds_are_named_as_the_catalog_names_its_parts() -> None:
    assert set(KINDS) <= set(PARTS)
    assert set(charge.ELSE) <= {*PARTS, "cached_input"}


PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
small = st.integers(0, 10**6)
units = st.integers(0, 10**15)
parts_of = st.dictionaries(st.sampled_from([*PARTS, "cached_input", "input", "output"]), units, max_size=6)
base_parts = st.dictionaries(st.sampled_from(list(PARTS)), units, max_size=6)
clock = st.sampled_from(["00:00", "06:00", "12:00", "12:01", "23:59"])
tiers = st.builds(
    lambda prices, over, hours: TierRow(prices, over, *hours),
    parts_of, st.none() | st.integers(0, 10**6), st.just(("", "")) | st.tuples(clock, clock),
)  # fmt: skip
prices = st.builds(
    lambda into, out, cached, parts, steps: PriceRow(1, "host", 2, NOON, None, into, out, cached, parts, tuple(steps)),
    units, units, st.none() | units, base_parts, st.lists(tiers, max_size=4),
)  # fmt: skip
blocks = st.fixed_dictionaries(
    {"prompt_tokens": small, "completion_tokens": small},
    optional={
        "total_tokens": small,
        "prompt_tokens_details": st.dictionaries(
            st.sampled_from(["cached_tokens", "audio_tokens", "image_tokens", "cache_write_tokens"]), small
        ),
        "completion_tokens_details": st.dictionaries(
            st.sampled_from(["reasoning_tokens", "audio_tokens", "image_tokens"]), small
        ),
        "num_sources_used": st.integers(0, 20),
    },
)


@PATIENT
@given(blocks)
def test_parts_never_overlap_and_add_up(usage: dict[str, Any]) -> None:
    tokens = report(usage)
    assert tokens is not None
    counts = dict(counted(tokens))
    assert min(counts.values()) >= 0
    into = (
        "input",
        "cached_input",
        "cache_write",
        "cache_write_1h",
        "audio_input",
        "audio_cached_input",
        "image_input",
    )
    assert sum(counts[kind] for kind in into) == tokens.into
    assert sum(counts[kind] for kind in ("output", "reasoning", "audio_output", "image_output")) == tokens.out
    Envelope(
        source="t",
        call_id="1",
        started_at=NOON,
        team_id=1,
        outcome=Outcome.OK,
        tokens_in=tokens.into,
        tokens_out=tokens.out,
        tokens_cached=tokens.cached,
        tokens_reasoning=tokens.reasoning,
        kinds=tokens.kinds,
    )  # fmt: skip  (it asserts the same)


@PATIENT
@given(blocks, prices, st.integers(0, 1440))
def test_what_is_charged_is_never_above_what_was_held(
    usage: dict[str, Any], row: PriceRow, minute: int
) -> None:
    at = NOON + timedelta(minutes=minute)
    tokens = report(usage)
    assert tokens is not None
    searches = 0 if tokens.kinds is None else tokens.kinds[KINDS.index("web_search")]
    dear = dearest(row, tokens.into, at, only_text=False, searches=searches)
    need = Need(
        grant_id=1, at=at, period=Period(at, at, at, at), tokens_in=tokens.into, tokens_out=tokens.out, most_out=tokens.out,
        choices=1, estimate=0, price_in=dear.into, price_out=dear.out, maxima={}, beside=dear.beside,
    )  # fmt: skip
    charged, _ = cost(tokens, row, at)
    assert charged is not None
    assert need.usd_nanos(tokens.out) >= charged
    left = need.usd_nanos(tokens.out)
    assert need.out_for(10**12, left) >= tokens.out


@PATIENT
@given(blocks, prices)
def test_the_sum_is_exact_and_rounded_once(usage: dict[str, Any], row: PriceRow) -> None:
    tokens = report(usage)
    assert tokens is not None
    exact = sum((Decimal(each.count) * each.units for each in priced(tokens, row, NOON)), Decimal(0))
    assert cost(tokens, row, NOON)[0] == int((exact / 10**9).to_integral_value(ROUND_HALF_UP))


def test_a_text_call_does_not_hold_the_price_of_sound() -> None:
    row = price("2.5", "10", "1.25", AUDIO)
    text = dearest(row, 1_000, NOON, only_text=True, searches=0)
    sound = dearest(row, 1_000, NOON, only_text=False, searches=0)
    assert (text.into, text.out) == (price_units(Decimal("2.5")), price_units(Decimal(10)))
    assert (sound.into, sound.out) == (price_units(Decimal(40)), price_units(Decimal(80)))


def test_a_short_call_does_not_hold_the_price_of_a_long_one() -> None:
    row = price("3", "15", "0.3", {}, CLAUDE_LONG)
    assert dearest(row, 200_000, NOON, only_text=True, searches=0).out == price_units(Decimal(15))
    assert dearest(row, 200_001, NOON, only_text=True, searches=0).out == price_units(Decimal("22.5"))


def test_anthropics_writes_are_told_by_how_long_they_are_kept() -> None:
    usage = {
        "input_tokens": 10, "output_tokens": 7, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 50,
        "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 30},
        "output_tokens_details": {"thinking_tokens": 3}, "server_tool_use": {"web_search_requests": 2},
    }  # fmt: skip
    expected = kinds(cache_write=20, cache_write_1h=30, web_search=2)
    assert report_message(usage) == Tokens(160, 7, 100, 3, expected)
    del usage["cache_creation"]
    assert report_message(usage) == Tokens(160, 7, 100, 3, kinds(cache_write=50, web_search=2))
