"""OpenRouter tells prices as texts in dollars a token; each is stored to its last digit."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from catalog.connectors.base import Listing, ListingBroken, OfferRow, Page, PriceRow, Tier
from catalog.connectors.reading import join
from catalog.models import Offer
from tests.catalog import syncing
from tests.catalog.connectors.speaking import Speaking, host_of
from tests.fakes.listing import Bench, payload
from tests.fakes.provider import Reply, Script, always, serve, told


def answers(path: str) -> Reply:
    if path.startswith("/v1/key"):
        return told(payload("openrouter", "key"))
    return told(payload("openrouter", "models_page_2" if "offset=3" in path else "models_page_1"))


def second(change: dict[str, Any]) -> Script:
    """The second page with some facts replaced."""
    changed = told(payload("openrouter", "models_page_2") | change)
    return lambda path: changed if "offset=3" in path else answers(path)


BENCH = Bench(
    "openrouter",
    answers,
    last="offset=3",
    more={
        "an error beside the rows": second({"error": {"code": 502, "message": "upstream"}}),
        "fewer than it says": second({"total_count": 9}),
        "a second page that leads back": second({"links": {"next": "/v1/models?offset=3&limit=3"}}),
        "the first page again": lambda path: told(
            payload("openrouter", "models_page_1") | {"links": {"next": None}}
        ),
        "a next page elsewhere": second({"links": {"next": "http://169.254.169.254/latest"}}),
        "a next page that is a number": second({"links": {"next": 3}}),
    },
)


class TestOpenRouter(Speaking):
    bench = BENCH


def read(content: Any) -> Listing:
    return BENCH.connector().read(Page("u", json.dumps(content).encode()))


def whole() -> Listing:
    return join([read(payload("openrouter", f"models_page_{number}")) for number in (1, 2)])


def offer(key: str) -> OfferRow:
    return next(row for row in whole().offers if row.key == key)


def price(key: str) -> PriceRow:
    found = offer(key).price
    assert found is not None
    return found


def with_pricing(**pricing: Any) -> Listing:
    return read({"data": [{"id": "a/m", "pricing": pricing}, {"id": "a/other"}]})


def priced(**pricing: Any) -> PriceRow | None:
    return with_pricing(**pricing).offers[0].price


def test_both_pages_are_read_and_counted() -> None:
    listing = whole()
    assert (len(listing.offers), listing.problems, listing.complete) == (6, (), True)


def test_a_first_page_alone_is_incomplete() -> None:
    listing = join([read(payload("openrouter", "models_page_1"))])
    assert not listing.complete
    assert {problem.why for problem in listing.problems} == {
        "the host says that it has 6 models, and told 3",
        "the last page names a next one, and that never came",
    }


def test_a_price_of_23_digits_keeps_them() -> None:
    assert price("google/gemini-2.5-flash").parts["cache_write"] == Decimal("0.08333333333333334")
    assert price("openai/gpt-oss-20b").output == Decimal("0.14000000000000002")


def test_what_is_priced_apart_is_told_in_its_own_unit() -> None:
    gemini = price("google/gemini-2.5-flash")
    assert gemini.cached_input == Decimal("0.03")
    assert gemini.parts == {
        "cache_write": Decimal("0.08333333333333334"),
        "reasoning": Decimal("2.5"),
        "audio_input": Decimal(1),
        "audio_cached_input": Decimal("0.1"),
        "image": Decimal("0.0000003"),
    }
    assert price("~anthropic/claude-haiku-latest").parts == {
        "cache_write": Decimal("1.25"),
        "cache_write_1h": Decimal(2),
    }


def test_minus_one_is_unknown_and_nought_is_free() -> None:
    assert offer("openrouter/auto").price is None
    free = price("openai/gpt-oss-20b:free")
    assert (free.input, free.output, free.cached_input) == (0, 0, None)
    assert priced(prompt="0.000001", completion="0.000002", web_search="-1") == PriceRow(
        Decimal(1), Decimal(2), None, "host", "OpenRouter models"
    )


def test_reasoning_for_nothing_beside_paid_output_counts_as_output() -> None:
    assert "reasoning" not in price("x-ai/grok-4").parts
    assert price("openai/gpt-oss-20b:free").parts["reasoning"] == 0


def test_overrides_are_tiers_with_their_condition() -> None:
    assert price("x-ai/grok-4").tiers == (
        Tier({"input": Decimal(6), "output": Decimal(30)}, over_input_tokens=128_000),
        Tier({"output": Decimal("7.5")}, utc_from="16:30", utc_to="00:30"),
    )


def test_a_condition_that_no_tier_can_hold_is_named_and_its_price_left_out() -> None:
    assert offer("x-ai/grok-4").capabilities["prices_also_hang_on"] == "utc_days"


@pytest.mark.parametrize("pricing", [None, {}, {"prompt": "0.1"}, "free", {"prompt": None, "completion": ""}])
def test_without_both_prices_of_a_token_the_price_is_unknown(pricing: Any) -> None:
    listing = read({"data": [{"id": "a/m", "pricing": pricing}]})
    assert (listing.offers[0].price, listing.rejected) == (None, 0)


@pytest.mark.parametrize(
    "value", ["cheap", "NaN", "Infinity", "-0.1", True, [1], {}, "1e9", "1e-999999", "9" * 30]
)
def test_a_price_that_is_none_rejects_its_row_alone(value: Any) -> None:
    listing = with_pricing(prompt=value, completion="0")
    assert ([row.key for row in listing.offers], listing.rejected) == (["a/other"], 1)
    assert "prompt" in listing.problems[0].why


@pytest.mark.parametrize("value", [1e-06, "1e-6", "0.000001"])
def test_a_number_is_as_good_as_a_text(value: Any) -> None:
    found = priced(prompt=value, completion=0)
    assert found is not None
    assert (found.input, found.output) == (1, 0)


@pytest.mark.parametrize("clock", [2500, -1, 1275, "noon"])
def test_a_time_that_is_none_rejects_its_row(clock: Any) -> None:
    listing = with_pricing(prompt="0", completion="0", overrides=[{"utc_start": clock, "prompt": "1e-6"}])
    assert listing.rejected == 1


def test_a_variant_is_an_offer_of_the_same_model() -> None:
    paid, free = offer("openai/gpt-oss-20b"), offer("openai/gpt-oss-20b:free")
    assert (paid.publisher, paid.model, paid.sku) == ("openai", "gpt-oss-20b", "")
    assert (free.publisher, free.model, free.sku) == ("openai", "gpt-oss-20b", "free")
    assert free.host_model_id == "openai/gpt-oss-20b:free"
    assert paid.name == free.name == "gpt-oss-20b"


def test_a_moving_name_says_what_it_stands_for() -> None:
    alias = offer("~anthropic/claude-haiku-latest")
    assert (alias.publisher, alias.model) == ("anthropic", "claude-haiku-latest")
    assert alias.capabilities["alias_of"] == "anthropic/claude-haiku-4.5"


def test_an_expiration_date_is_a_retirement() -> None:
    grok = offer("x-ai/grok-4")
    assert (grok.publisher, grok.name) == ("xai", "Grok 4")
    assert grok.retires_at == datetime(2026, 5, 15, tzinfo=UTC)
    assert grok.capabilities["canonical_slug"] == "x-ai/grok-4-07-09"
    assert grok.capabilities["reasoning"] == "cannot be switched off"


def test_the_top_providers_context_stands_in_where_none_is_told() -> None:
    row = offer("google/gemini-2.5-flash")
    assert (row.context_tokens, row.max_output_tokens) == (1_048_576, 65_535)


def test_the_key_is_checked_where_a_key_is_needed() -> None:
    with serve(answers) as provider:
        assert BENCH.checked(provider.url) == "The key works; 74.5 USD of its limit are left."
    assert provider.paths() == ["/v1/key"]


@pytest.mark.parametrize("content", [{}, [], {"data": None}, {"error": {"code": 401}}, "no"])
def test_an_answer_that_is_no_key_says_so(content: Any) -> None:
    with (
        serve(always(told(content))) as provider,
        pytest.raises(ListingBroken, match="does not describe a key"),
    ):
        BENCH.checked(provider.url)


@pytest.mark.django_db
def test_an_error_inside_a_success_is_told_with_its_code() -> None:
    with serve(BENCH.more["an error beside the rows"]) as provider:
        run = syncing.run(host_of(BENCH, provider.url))
    assert (run.state, Offer.objects.count()) == ("quarantined", 0)
    assert "reports an error inside a success (502)" in run.problems[0]["why"]
