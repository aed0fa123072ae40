"""Prices hold from one moment to another: who says so counts by rank, and no later price touches what was."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from catalog import prices
from catalog.actions import set_price
from catalog.models import Offer, Price
from foundry.lib.errors import Conflict
from tests import make
from tests.catalog import syncing
from tests.catalog.syncing import LOOPBACK
from tests.fakes.provider import always, serve, told

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
START = datetime(2026, 3, 1, tzinfo=UTC)
RANKS = ["reference", "host", "negotiated", "admin"]


def at(offer: Offer, moment: datetime) -> Price | None:
    return prices.in_force([offer.pk], moment).get(offer.pk)


@pytest.mark.parametrize("order", [RANKS, RANKS[::-1]])
def test_admin_counts_before_negotiated_before_host_before_reference(order: list[str]) -> None:
    offer = make.offer(priced=False)
    for number, basis in enumerate(order):
        make.price(offer, str(number + 1), "9", basis=basis, starts_at=START)
    for basis in RANKS[::-1]:
        found = at(offer, START)
        assert found is not None
        assert found.basis == basis
        Price.objects.filter(pk=found.pk).delete()
    assert at(offer, START) is None


def test_a_negotiated_price_that_ended_leaves_the_hosts() -> None:
    offer = make.offer(priced=False)
    make.price(offer, "3", "15", basis="host", starts_at=START)
    make.price(offer, "2", "10", basis="negotiated", starts_at=START + DAY, ends_at=START + 3 * DAY)
    found = [price.basis if (price := at(offer, START + n * DAY)) else "" for n in range(-1, 5)]
    assert found == ["", "host", "negotiated", "negotiated", "host", "host"]


def listing(prompt: str, **more: Any) -> Any:
    return told(
        {"data": [{"id": "maker/m", "pricing": {"prompt": prompt, "completion": "0.000015", **more}}]}
    )


def test_a_later_price_never_touches_what_was() -> None:
    """Ten syncs at ten prices: each past moment keeps its own, and no row but for its end ever changes."""
    with serve(always(listing("0"))) as provider:
        host = make.host(
            "router", connector="openrouter", listing_base_url=f"{provider.url}/v1", trusted_networks=LOOPBACK,
            price_rise_percent=10_000,
        )  # fmt: skip
        told_prices = [Decimal(f"0.00000{digit}") for digit in range(1, 10)]
        seen: list[dict[str, Any]] = []
        for number, amount in enumerate(told_prices):
            provider.script = always(listing(str(amount)))
            syncing.run(host, START + number * DAY)
            rows = list(Price.objects.order_by("starts_at").values())
            for old, new in zip(seen, rows, strict=False):
                assert {**old, "ends_at": None} == {**new, "ends_at": None}
                assert old["ends_at"] in {None, new["ends_at"]}
            seen = rows
    offer = Offer.objects.get()
    for number, amount in enumerate(told_prices):
        for moment in (START + number * DAY, START + (number + 1) * DAY - timedelta(microseconds=1)):
            found = at(offer, moment)
            assert found is not None
            assert found.input_per_million == amount * 1_000_000


def test_a_sync_whose_clock_is_behind_undoes_no_price() -> None:
    offer = make.offer(priced=False)
    fact = {"input": "3", "output": "15", "cached_input": None, "basis": "host"}
    prices.tell([(offer.pk, fact)], source="test", at=START + DAY)
    prices.tell([(offer.pk, fact | {"input": "4"})], source="test", at=START)
    first, second = Price.objects.order_by("starts_at")
    assert (first.input_per_million, first.starts_at, first.ends_at) == (3, START + DAY, second.starts_at)
    assert (second.input_per_million, second.starts_at > first.starts_at, second.ends_at) == (4, True, None)


def test_an_admins_price_starts_no_earlier_than_it_is_set_and_does_not_jump_a_later_one() -> None:
    offer, admin = make.offer(), make.person(roles=("admin",))
    said: dict[str, Any] = {
        "input_per_million": Decimal(1),
        "output_per_million": Decimal(2),
        "source": "contract",
    }
    set_price(offer, **said, starts_at=START + 5 * DAY, actor=admin, at=START)
    with pytest.raises(Conflict, match="already set"):
        set_price(offer, **said, starts_at=START + 2 * DAY, actor=admin, at=START)


def test_parts_and_tiers_are_kept_to_the_last_digit() -> None:
    override = {"min_prompt_tokens": 128_000, "prompt": "0.000006"}
    more = {"input_cache_write": "0.00000008333333333333334", "request": "0.01", "overrides": [override]}
    with serve(always(listing("0.000003", **more))) as provider:
        host = make.host(
            "router", connector="openrouter", listing_base_url=f"{provider.url}/v1", trusted_networks=LOOPBACK
        )
        run = syncing.run(host)
        again = syncing.run(host)
    price = Price.objects.get()
    assert price.parts == {"cache_write": "0.08333333333333334", "request": "0.01"}
    assert [(tier["prices"]["input"], tier["over_input_tokens"]) for tier in price.tiers] == [("6", 128_000)]
    assert (run.new, again.changed) == (1, 0)


def test_the_database_itself_refuses_two_prices_of_one_rank_at_once() -> None:
    offer = make.offer(priced=False)
    make.price(offer, "3", "15", starts_at=START, ends_at=START + 2 * DAY)
    with pytest.raises(IntegrityError, match="price_periods_never_overlap"), transaction.atomic():
        make.price(offer, "4", "15", starts_at=START + DAY)
    make.price(offer, "4", "15", starts_at=START + 2 * DAY)
