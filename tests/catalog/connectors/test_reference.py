"""The bundled price list: real models and prices without a network."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from catalog.connectors.base import Connection, Listing
from catalog.connectors.reading import join
from catalog.connectors.reference import Reference, list_price
from catalog.sync import NoNetwork

AT = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def listing() -> Listing:
    connector = Reference(Connection("", {}))
    return join([connector.read(page) for page in connector.fetch(NoNetwork())])


def test_every_model_of_every_provider_is_an_offer(listing: Listing) -> None:
    from genai_prices import data

    assert len(listing.offers) == sum(len(provider.models) for provider in data.providers) > 2_000
    assert (listing.problems, listing.complete) == ((), True)


def test_a_model_has_one_maker_whoever_lists_it(listing: Listing) -> None:
    grok = {row.publisher for row in listing.offers if row.model == "grok-3"}
    assert grok == {"xai"}


def test_an_unknown_price_is_none_and_never_zero(listing: Listing) -> None:
    voices = [row for row in listing.offers if row.model.startswith("grok-voice")]
    assert voices
    assert all(row.price is None for row in voices)


def test_grok_3_has_xais_own_price() -> None:
    price = list_price("xai", "grok-3", AT)
    assert price is not None
    assert (price.input, price.output, price.cached_input) == (Decimal(3), Decimal(15), Decimal("0.75"))
    assert price.basis == "reference"


def test_a_dated_price_follows_its_date() -> None:
    before = list_price("xai", "grok-4.20", datetime(2026, 4, 1, tzinfo=UTC))
    after = list_price("xai", "grok-4.20", datetime(2026, 5, 1, tzinfo=UTC))
    assert before is not None
    assert after is not None
    assert (before.input, after.input) == (Decimal(2), Decimal("1.25"))


def test_an_unknown_model_or_maker_has_no_list_price() -> None:
    assert list_price("xai", "grok-99", AT) is None
    assert list_price("nobody", "grok-3", AT) is None


@pytest.mark.parametrize("hour", [0, 2, 12, 17, 23])
def test_a_price_that_hangs_on_the_hour_is_the_dearest_of_the_day(hour: int) -> None:
    """DeepSeek's list has had a night's discount: a sync at night must not book days at it."""
    price = list_price("deepseek", "deepseek-reasoner", datetime(2026, 3, 2, hour, tzinfo=UTC))
    assert price is not None
    assert (price.input, price.output) == (Decimal("0.55"), Decimal("2.19"))
