"""What differs between two listings, and what of it a person must see first."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from catalog.connectors.base import Listing, OfferRow, PriceRow, Tier
from catalog.diff import Held, Verdict, Waiver, compare, facts
from catalog.risks import Policy
from catalog.states import ChangeKind

AT = datetime(2026, 3, 1, tzinfo=UTC)
SOON = AT + timedelta(days=90)


def row(key: str = "a", **more: Any) -> OfferRow:
    defaults: dict[str, Any] = {
        "publisher": "xai", "publisher_name": "xAI", "model": key, "name": key, "host_model_id": key,
        "lifecycle": "preview", "price": price("3", "15"),
    }  # fmt: skip
    return OfferRow(key=key, **(defaults | more))


def price(put_in: str, out: str, cached: str | None = None) -> PriceRow:
    return PriceRow(
        Decimal(put_in), Decimal(out), None if cached is None else Decimal(cached), "host", "test"
    )


def held(*rows: OfferRow, gone: bool = False) -> dict[str, Held]:
    return {each.key: Held(each.key, gone, facts(each)) for each in rows}


def told(*rows: OfferRow, **more: Any) -> Listing:
    return Listing(tuple(rows), **more)


def many(count: int) -> list[OfferRow]:
    return [row(f"m{number}") for number in range(count)]


def kinds(verdict: Verdict) -> list[tuple[str, bool]]:
    return [(change.kind.value, change.risky) for change in verdict.differences]


def changed(before: OfferRow, after: OfferRow) -> list[tuple[str, bool]]:
    return kinds(compare(held(before), told(after), AT))


def test_the_same_listing_twice_differs_in_nothing() -> None:
    assert compare(held(*many(30)), told(*many(30)), AT) == Verdict(())


def test_a_row_we_do_not_hold_is_new() -> None:
    assert kinds(compare(held(row("a")), told(row("a"), row("b")), AT)) == [("new", False)]


def test_a_row_that_comes_back_is_back() -> None:
    assert kinds(compare(held(row("a"), gone=True), told(row("a")), AT)) == [("back", False)]


@pytest.mark.parametrize(
    ("field", "value", "kind", "risky"),
    [
        ("lifecycle", "generally_available", "lifecycle", False),
        ("lifecycle", "deprecated", "lifecycle", False),
        ("lifecycle", "retired", "lifecycle", True),
        ("retires_at", SOON, "retirement_date", False),
        ("retires_at", AT - timedelta(days=1), "retirement_date", True),
        ("successor_told", "grok-4", "successor", False),
        ("context_tokens", 8_000, "context", False),
        ("capabilities", {"chat": "true"}, "capability", False),
        ("pool", "P", "limits", False),
        ("price", price("2", "10"), "price", False),
        ("price", price("3.75", "15"), "price", False),
        ("price", price("3.76", "15"), "price", True),
        ("price", price("3", "19"), "price", True),
        ("price", None, "price", True),
    ],
)
def test_each_fact_that_changes_is_one_change(field: str, value: Any, kind: str, risky: bool) -> None:
    assert changed(row(), replace(row(), **{field: value})) == [(kind, risky)]


def test_a_date_that_moves_closer_is_risky_and_one_that_moves_away_is_not() -> None:
    sooner, later = row(retires_at=SOON), row(retires_at=SOON + timedelta(days=30))
    assert changed(later, sooner) == [("retirement_date", True)]
    assert changed(sooner, later) == [("retirement_date", False)]
    assert changed(sooner, row()) == [("retirement_date", True)]


def test_a_first_price_is_no_rise_and_a_free_one_that_costs_is() -> None:
    assert changed(row(price=None), row()) == [("price", False)]
    assert changed(row(price=price("0", "0")), row()) == [("price", True)]


def test_prices_that_differ_only_in_how_they_are_written_are_equal() -> None:
    assert changed(row(price=price("3", "15")), row(price=price("3.000", "1.5E+1"))) == []


@pytest.mark.parametrize(("holds", "misses"), [(10, 5), (50, 10), (100, 20)])
def test_a_few_missing_offers_are_gone(holds: int, misses: int) -> None:
    verdict = compare(held(*many(holds)), told(*many(holds)[misses:]), AT)
    assert kinds(verdict) == [("gone", False)] * misses
    assert verdict.doubts == ()


@pytest.mark.parametrize(("holds", "misses"), [(2, 2), (4, 3), (10, 6), (50, 11), (149, 108), (100, 99)])
def test_many_missing_offers_are_doubted_and_all_wait(holds: int, misses: int) -> None:
    verdict = compare(held(*many(holds)), told(*many(holds)[misses:] or [row("other")]), AT)
    assert verdict.doubts
    assert kinds(verdict) == [("gone", True)] * misses


def test_nothing_else_of_a_doubted_listing_counts() -> None:
    cheaper = replace(row("m9"), price=price("1", "1"))
    verdict = compare(held(*many(10)), told(cheaper, row("new")), AT)
    assert {kind for kind, _ in kinds(verdict)} == {"gone"}


def test_an_incomplete_listing_concludes_nothing() -> None:
    verdict = compare(held(*many(10)), told(*many(9), complete=False), AT)
    assert (verdict.differences, bool(verdict.doubts)) == ((), True)


def test_a_missing_offer_beside_unread_rows_waits() -> None:
    verdict = compare(held(*many(10)), told(*many(9), rejected=1), AT)
    assert kinds(verdict) == [("gone", True)]


def test_many_unread_rows_make_the_listing_doubted() -> None:
    assert compare(held(*many(10)), told(*many(10), rejected=6), AT).doubts


def test_every_kind_of_difference_is_a_kind_of_change() -> None:
    assert set(facts(row())) <= set(ChangeKind.values)


def judged(before: OfferRow, after: OfferRow, **policy: Any) -> list[tuple[str, bool]]:
    return kinds(compare(held(before), told(after), AT, Policy(**policy)))


def test_a_hosts_policy_says_how_far_a_price_may_rise() -> None:
    dearer = row(price=price("4.5", "22.5"))
    assert judged(row(), dearer, price_rise_percent=49) == [("price", True)]
    assert judged(row(), dearer, price_rise_percent=50) == [("price", False)]
    assert judged(row(), row(price=price("3.01", "15")), price_rise_percent=0) == [("price", True)]


@pytest.mark.parametrize(
    ("percent", "misses", "doubted"),
    [(20, 21, True), (50, 21, False), (5, 6, True), (100, 99, False), (0, 1, True)],
)
def test_a_hosts_policy_says_how_many_offers_may_go(percent: int, misses: int, doubted: bool) -> None:
    verdict = compare(held(*many(100)), told(*many(100)[misses:]), AT, Policy(gone_percent=percent))
    assert bool(verdict.doubts) == doubted


@pytest.mark.parametrize(
    ("kind", "after"),
    [
        ("price", {"price": price("2", "10")}),
        ("context", {"context_tokens": 8_000}),
        ("capability", {"capabilities": {"chat": "true"}}),
        ("lifecycle", {"lifecycle": "deprecated"}),
        ("retirement_date", {"retires_at": SOON}),
        ("successor", {"successor_told": "grok-4"}),
        ("limits", {"pool": "P"}),
    ],
)
def test_a_kind_that_the_policy_holds_back_waits(kind: str, after: dict[str, Any]) -> None:
    assert judged(row(), row(**after)) == [(kind, False)]
    assert judged(row(), row(**after), waits_for=frozenset({kind})) == [(kind, True)]


def test_what_is_new_gone_or_back_waits_too_when_the_policy_says_so() -> None:
    policy = Policy(waits_for=frozenset({"new", "gone", "back"}))
    assert kinds(compare(held(row("a")), told(row("b")), AT, policy)) == [("new", True), ("gone", True)]
    assert kinds(compare(held(row("a"), gone=True), told(row("a")), AT, policy)) == [("back", True)]


def test_a_new_offer_that_waits_brings_along_what_makes_an_offer_of_it() -> None:
    policy = Policy(waits_for=frozenset({"new"}))
    [change] = compare({}, told(row("a")), AT, policy).differences
    assert change.after["row"]["publisher"] == "xai"


def tiered(*tiers: Tier, **parts: str) -> OfferRow:
    base = price("3", "15", "0.3")
    return row(price=replace(base, parts={k: Decimal(v) for k, v in parts.items()}, tiers=tiers))


def over(tokens: int, **prices: str) -> Tier:
    return Tier({part: Decimal(amount) for part, amount in prices.items()}, over_input_tokens=tokens)


def why(before: OfferRow, after: OfferRow) -> str:
    return compare(held(before), told(after), AT).differences[0].why


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (tiered(), tiered(cache_write="3.75"), ""),
        (tiered(), tiered(cache_write="3.76"), "cache write price up 25 %"),
        (tiered(reasoning="15"), tiered(reasoning="30"), "reasoning price up 100 %"),
        (tiered(reasoning="10"), tiered(), "reasoning price up 50 %"),
        (tiered(audio_output="40"), tiered(), ""),
        (tiered(), tiered(request="0.01"), "request price up from 0 to 0.01"),
        (tiered(request="0.01"), tiered(), ""),
        (tiered(), tiered(over(128_000, input="6")), "input over 128,000 tokens price up 100 %"),
        (tiered(over(128_000, input="6")), tiered(over(128_000, input="7")), ""),
        (tiered(over(128_000, input="6")), tiered(over(128_000, input="8")), "input over 128,000 tokens price up 33 %"),
        (tiered(over(128_000, input="6")), tiered(over(64_000, input="6")), "input over 64,000 tokens price up 100 %"),
        (tiered(over(128_000, input="6")), tiered(), ""),
    ],
)  # fmt: skip
def test_every_part_and_tier_of_a_price_is_watched(before: OfferRow, after: OfferRow, said: str) -> None:
    assert why(before, after) == said


def test_a_cached_price_that_vanishes_is_the_input_price_then() -> None:
    assert why(row(price=price("3", "15", "0.3")), row()) == "cached input price up 900 %"


def test_what_a_person_waived_may_go_and_no_more() -> None:
    before, after = held(*many(10)), told(*many(10)[6:])
    seen = Waiver(frozenset(f"m{number}" for number in range(6)))
    assert kinds(compare(before, after, AT, waived=seen)) == [("gone", False)] * 6
    assert compare(before, told(*many(10)[9:]), AT, waived=seen).doubts


def test_unread_rows_are_waived_up_to_what_a_person_saw() -> None:
    before = held(*many(10))
    assert not compare(before, told(*many(10), rejected=8), AT, waived=Waiver(unread=8)).doubts
    assert compare(before, told(*many(10), rejected=9), AT, waived=Waiver(unread=8)).doubts


def test_nobody_waives_an_incomplete_or_empty_listing() -> None:
    for listing in (told(*many(9), complete=False), told()):
        doubts = compare(held(*many(10)), listing, AT).doubts
        assert not all(doubt.by_person for doubt in doubts)
