"""xAI tells prices in whole 1e-4 dollars, and the same models in several listings."""

import json
from decimal import Decimal
from typing import Any

import pytest

from catalog.connectors.base import Listing, ListingBroken, OfferRow, Page
from catalog.connectors.reading import join
from catalog.connectors.xai import ASKED
from tests.catalog.connectors.speaking import Speaking
from tests.fakes.listing import SHARED, Bench, payload
from tests.fakes.provider import Reply, serve, told


def answers(path: str) -> Reply:
    part = path.removeprefix("/v1/")
    return told(payload("xai", part)) if part in ASKED else Reply(status=404)


BENCH = Bench("xai", answers, last="/v1/models")


class TestXAI(Speaking):
    bench = BENCH


def read(content: Any, part: str = "language-models") -> Listing:
    return BENCH.connector().read(Page("u", json.dumps(content).encode(), part))


def whole() -> Listing:
    return join([read(payload("xai", part), part) for part in ASKED])


def offer(key: str) -> OfferRow:
    return next(row for row in whole().offers if row.key == key)


def changed(**facts: Any) -> dict[str, Any]:
    return {"models": [payload("xai", "language-models")["models"][0] | facts]}


def test_each_model_is_one_offer_however_many_listings_name_it() -> None:
    listing = whole()
    assert [row.key for row in listing.offers] == [
        "grok-3",
        "grok-3-mini",
        "grok-4-0709",
        "v1",
        "grok-2-image-1212",
        "grok-code-fast-1",
    ]
    assert {row.publisher for row in listing.offers} == {"xai"}
    assert (listing.problems, listing.rejected, listing.complete) == ((), 0, True)


@pytest.mark.parametrize(
    ("key", "price"),
    [
        ("grok-3", ("3", "15", "0.75")),
        ("grok-3-mini", ("0.3", "0.5", "0.075")),
        ("grok-4-0709", ("2.0001", "10", None)),
        ("v1", ("0.01", "0", None)),
    ],
)
def test_a_price_is_in_ten_thousandths_of_a_dollar(key: str, price: tuple[str, str, str | None]) -> None:
    row = offer(key).price
    assert row is not None
    cached = price[2] and Decimal(price[2])
    assert (row.input, row.output, row.cached_input) == (Decimal(price[0]), Decimal(price[1]), cached)
    assert row.basis == "host"


def test_a_model_with_no_price_per_token_has_none() -> None:
    assert offer("grok-2-image-1212").price is None
    assert offer("grok-code-fast-1").price is None


def test_what_is_priced_otherwise_is_kept_in_dollars() -> None:
    assert offer("grok-2-image-1212").capabilities == {
        "aliases": "grok-2-image",
        "image_price": "0.07 USD per image",
        "prompts_up_to": "1024",
    }
    grok = offer("grok-3").capabilities
    assert grok["search_price"] == "25000 USD per million searches"
    assert grok["aliases"] == "grok-3-latest, grok-3-beta"


def test_what_a_model_takes_and_gives() -> None:
    assert offer("grok-4-0709").modalities == ("image", "text")
    assert offer("v1").modalities == ("embedding", "text")
    assert offer("grok-2-image-1212").modalities == ("image",)
    assert offer("grok-4-0709").context_tokens == 256_000


@pytest.mark.parametrize("value", [-1, "30000", True, 10**15, 1.5, [3]])
def test_a_price_that_is_none_rejects_its_row_alone(value: Any) -> None:
    listing = read(
        {"models": [*changed(prompt_text_token_price=value)["models"], *changed(id="m")["models"]]}
    )
    assert ([row.key for row in listing.offers], listing.rejected) == (["m"], 1)
    assert "prompt_text_token_price" in listing.problems[0].why


def test_prices_that_are_all_zero_are_unknown() -> None:
    [row] = read(changed(prompt_text_token_price=0, completion_text_token_price=0)).offers
    assert row.price is None


@pytest.mark.parametrize("name", ["team_blocked", "api_key_blocked", "api_key_disabled"])
def test_a_blocked_key_is_told_in_words(name: str) -> None:
    with pytest.raises(ListingBroken, match="at xAI"):
        read(payload("xai", "api-key") | {name: True}, "api-key")


@pytest.mark.parametrize("part", ["language-models", "models"])
def test_an_empty_listing_is_broken(part: str) -> None:
    with pytest.raises(ListingBroken, match="empty"):
        read({"models": [], "data": []}, part)


def test_a_listing_that_xai_does_not_have_is_passed_over() -> None:
    def fewer(path: str) -> Reply:
        return Reply(status=404) if "image" in path else answers(path)

    with serve(fewer) as provider:
        listing = BENCH.listing(provider.url)
    assert "grok-2-image-1212" in {row.key for row in listing.offers}
    assert listing.complete


def test_the_documented_listings_read_as_they_say() -> None:
    if not (SHARED / "xai").exists():
        pytest.skip("not run: payloads absent")
    parts = ["api-key", "language-models", "image-generation-models", "models"]
    told = {part: json.loads((SHARED / "xai" / f"{part}.json").read_text()) for part in parts}
    listing = join([read(content, part) for part, content in told.items()])
    priced = {row.key: row.price for row in listing.offers if row.price}
    assert (listing.problems, listing.rejected, listing.complete) == ((), 0, True)
    assert len(listing.offers) == 7
    for row in told["language-models"]["models"]:
        price = priced.pop(row["id"])
        assert price.input * 10_000 == row["prompt_text_token_price"]
        assert price.output * 10_000 == row["completion_text_token_price"]
        assert (price.cached_input or 0) * 10_000 == row.get("cached_prompt_text_token_price", 0)
    assert priced == {}
