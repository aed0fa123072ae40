"""xAI tells prices in whole 1e-4 dollars, and the same models in several listings."""

import json
from decimal import Decimal
from typing import Any

import pytest

from catalog.connectors.base import Listing, ListingBroken, OfferRow, Page, Tier
from catalog.connectors.reading import join
from catalog.connectors.xai import ASKED, PRICED
from foundry.lib.http import BadAnswer
from tests.catalog.connectors.speaking import Speaking
from tests.fakes.listing import SHARED, Bench, payload
from tests.fakes.provider import Reply, Script, always, serve, told


def answers(path: str) -> Reply:
    part = path.removeprefix("/v1/")
    return told(payload("xai", part)) if part in ASKED else Reply(status=404)


def instead(part: str, reply: Reply) -> Script:
    return lambda path: reply if path == f"/v1/{part}" else answers(path)


LANGUAGE = payload("xai", "language-models")
BENCH = Bench(
    "xai",
    answers,
    last="/v1/models",
    more={
        "every priced row twice": instead("language-models", told({"models": LANGUAGE["models"] * 2})),
        "an error beside the priced rows": instead(
            "language-models", told(LANGUAGE | {"error": {"code": "busy"}})
        ),
        "priced rows that are missing altogether": instead("language-models", Reply(status=404)),
        "a listing of images that is HTML": instead("image-generation-models", Reply(b"<html>")),
        "a listing of images that fails": instead("image-generation-models", Reply(status=503)),
        "a blocked team": instead("api-key", told(payload("xai", "api-key") | {"team_blocked": True})),
        "an answer that describes no key": instead("api-key", told({"object": "list"})),
    },
)


class TestXAI(Speaking):
    bench = BENCH


def read(content: Any, part: str = "language-models", plain: Any = None) -> Listing:
    beside = (Page("u", json.dumps(plain).encode(), "models"),) if plain else ()
    return BENCH.connector().read(Page("u", json.dumps(content).encode(), part, beside=beside))


def whole() -> Listing:
    plain = payload("xai", "models")
    priced = [read(payload("xai", part), part, plain) for part in PRICED]
    return join([*priced, read(plain, "models")])


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
        "grok-imagine-video",
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
        ("grok-code-fast-1", ("0.2", "1.5", "0.02")),
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
    assert offer("grok-imagine-video").price is None


def test_what_is_priced_beside_text_is_part_of_the_price() -> None:
    grok, seeing = offer("grok-3").price, offer("grok-4-0709").price
    assert grok is not None
    assert seeing is not None
    assert dict(grok.parts) == {"web_search": Decimal("0.025")}  # 25,000 dollars a million searches
    assert dict(seeing.parts) == {"image_input": Decimal(2)}


def test_long_prompts_have_prices_of_their_own() -> None:
    row = offer("grok-4-0709").price
    assert row is not None
    assert row.tiers == (
        Tier({"input": Decimal("4.0002"), "output": Decimal(20)}, over_input_tokens=128_000),
    )
    assert offer("grok-3").price.tiers == ()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "facts",
    [
        {"long_context_threshold": 128000},
        {"prompt_text_token_price_long_context": 60000},
        {"prompt_text_token_price_long_context": 60000, "long_context_threshold": 0},
        {"prompt_text_token_price_long_context": 0, "long_context_threshold": 128000},
    ],
)
def test_half_of_a_long_price_is_none(facts: dict[str, Any]) -> None:
    [row] = read(changed(**facts)).offers
    assert row.price is not None
    assert row.price.tiers == ()


def test_a_recorded_row_of_2026_reads_whole() -> None:
    row = {
        "id": "grok-4.20-0309-non-reasoning", "aliases": ["grok-4.20-non-reasoning"], "context_length": 2000000,
        "created": 1772668800, "object": "model", "owned_by": "xai", "prompt_text_token_price": 12500,
        "cached_prompt_text_token_price": 2000, "prompt_image_token_price": 12500, "completion_text_token_price": 25000,
        "prompt_text_token_price_long_context": 25000, "cached_prompt_text_token_price_long_context": 4000,
        "completion_text_token_price_long_context": 50000, "long_context_threshold": 128000,
    }  # fmt: skip
    [found] = read({"object": "list", "data": [row]}, "models").offers
    assert (found.context_tokens, found.capabilities) == (2_000_000, {"aliases": "grok-4.20-non-reasoning"})
    assert found.price is not None
    assert (found.price.input, found.price.output, found.price.cached_input) == (
        Decimal("1.25"),
        Decimal("2.5"),
        Decimal("0.2"),
    )
    long = {"input": Decimal("2.5"), "output": Decimal(5), "cached_input": Decimal("0.4")}
    assert found.price.tiers == (Tier(long, over_input_tokens=128_000),)


def test_an_image_is_priced_by_the_piece_where_tokens_have_no_price() -> None:
    assert offer("grok-2-image-1212").capabilities == {
        "aliases": "grok-2-image",
        "image_price": "0.07 USD per image",
        "prompts_up_to": "1024",
    }
    assert offer("grok-3").capabilities == {"aliases": "grok-3-latest, grok-3-beta"}


def test_facts_of_the_plain_list_fill_gaps_and_change_nothing_that_is_told() -> None:
    plain = {"data": [{"id": "grok-3", "context_length": 131072, "prompt_text_token_price": 1}]}
    [row] = read(changed(context_length=None), plain=plain).offers
    assert row.context_tokens == 131_072
    assert row.price is not None
    assert row.price.input == 3


@pytest.mark.parametrize(
    "plain", [{"data": None}, {"data": [None, 7, {"id": 3}, {}]}, [], {"error": {"code": "x"}}]
)
def test_a_plain_list_that_cannot_be_read_leaves_the_others_as_they_are(plain: Any) -> None:
    assert read(payload("xai", "language-models"), plain=plain) == read(payload("xai", "language-models"))


def test_the_context_has_an_older_name() -> None:
    [row] = read(changed(max_prompt_length=131072)).offers
    assert row.context_tokens == 131_072


def test_a_wrong_key_is_answered_with_400_and_told_as_what_it_is() -> None:
    refused = Reply(
        b'{"code": "Client specified an invalid argument", "error": "Incorrect API key provided"}', 400
    )
    with serve(always(refused)) as provider, pytest.raises(BadAnswer) as caught:
        BENCH.listing(provider.url)
    trouble = BENCH.connector().trouble(caught.value)
    assert (trouble.lasting, trouble.remedy) == (True, "Enter a valid key.")


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
    image = priced.pop("grok-2-image")
    assert (image.input, image.output) == (10, 10)
    assert dict(image.parts) == {"image_input": 10, "image_output": 10}
    assert priced == {}
