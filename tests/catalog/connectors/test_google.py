"""Google's listing goes on over pages that name the next one; what a model can do stands in its methods."""

import json
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from catalog.connectors.base import Listing, OfferRow, Page
from catalog.connectors.reading import join
from catalog.models import Offer, Price
from foundry.lib.http import BadAnswer
from tests.catalog import syncing
from tests.catalog.connectors.speaking import Speaking, host_of
from tests.fakes.listing import Bench, payload
from tests.fakes.provider import Reply, Script, always, serve, told

TOKEN = payload("google", "models_page_1")["nextPageToken"]


def query(path: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(path).query)


def answers(path: str) -> Reply:
    """Only the very token that the first page named opens the second."""
    asked = query(path).get("pageToken")
    if asked is None:
        return told(payload("google", "models_page_1"))
    return told(payload("google", "models_page_2")) if asked == [TOKEN] else Reply(status=400)


def second(content: Any) -> Script:
    return lambda path: told(content) if "pageToken" in path else answers(path)


BENCH = Bench(
    "google",
    answers,
    last="pageToken",
    more={
        "a second page that leads back": second(
            payload("google", "models_page_2") | {"nextPageToken": TOKEN}
        ),
        "the first page for ever": lambda path: told(payload("google", "models_page_1")),
        "a second page without rows": second({}),
        "a token that is a number": second(payload("google", "models_page_2") | {"nextPageToken": 7}),
        "only the first page": always(told({"models": payload("google", "models_page_1")["models"][:1]})),
    },
)


class TestGoogle(Speaking):
    bench = BENCH


def read(content: Any, number: int = 1) -> Listing:
    return BENCH.connector().read(Page("u", json.dumps(content).encode(), number=number))


def offer(key: str) -> OfferRow:
    pages = [read(payload("google", f"models_page_{number}"), number) for number in (1, 2)]
    return next(row for row in join(pages).offers if row.key == key)


def test_the_largest_page_is_asked_for_until_none_is_named() -> None:
    with serve(answers) as provider:
        listing = BENCH.listing(provider.url)
        asked = [query(each.path) for each in provider.asked]
        keys = {each.headers["x-goog-api-key"] for each in provider.asked}
    assert asked == [{"pageSize": ["1000"]}, {"pageSize": ["1000"], "pageToken": [TOKEN]}]
    assert (len(listing.offers), listing.problems, listing.complete) == (7, (), True)
    assert keys == {"canary-credential"}


def test_a_first_page_alone_is_incomplete() -> None:
    listing = join([read(payload("google", "models_page_1"))])
    assert not listing.complete
    assert "never came" in listing.problems[0].why


def test_a_models_limits_and_methods_are_read() -> None:
    flash = offer("gemini-2.5-flash")
    assert (flash.publisher, flash.model, flash.host_model_id) == (
        "google",
        "gemini-2.5-flash",
        "gemini-2.5-flash",
    )
    assert (flash.context_tokens, flash.max_output_tokens) == (1_048_576, 65_536)
    assert flash.capabilities == {
        "methods": "generateContent, countTokens, createCachedContent, batchGenerateContent",
        "thinking": "true", "version": "001", "temperature": "1", "maxTemperature": "2", "topP": "0.95", "topK": "64",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("key", "stage", "word"),
    [
        ("gemini-2.5-flash", "generally_available", ""),
        ("gemini-3-pro-preview", "preview", "preview"),
        ("gemini-exp-1206", "preview", "exp"),
        ("gemini-flash-latest", "generally_available", ""),
    ],
)
def test_a_stage_is_told_by_the_name_alone(key: str, stage: str, word: str) -> None:
    assert (offer(key).lifecycle, offer(key).lifecycle_told) == (stage, word)


def test_a_name_that_moves_says_so() -> None:
    assert offer("gemini-flash-latest").capabilities["moves"] == "to newer models"
    assert "moves" not in offer("gemini-2.5-flash").capabilities


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("gemini-2.5-flash", ("text",)),
        ("gemini-embedding-001", ("embedding",)),
        ("imagen-4.0-generate-001", ("image",)),
        ("veo-3.0-generate-001", ("video",)),
    ],
)
def test_what_a_model_gives(key: str, found: tuple[str, ...]) -> None:
    assert offer(key).modalities == found


@pytest.mark.parametrize("row", [None, {}, {"name": 3}, {"name": ""}, "models/x", {"name": "a\x00b"}])
def test_a_bad_row_fails_alone(row: Any) -> None:
    listing = read({"models": [row, {"name": "models/good"}]})
    assert ([each.key for each in listing.offers], listing.rejected) == (["good"], 1)


def test_a_key_that_is_not_valid_is_told_in_words() -> None:
    refused = {"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT"}}
    with serve(always(Reply(json.dumps(refused).encode(), 400))) as provider:
        with pytest.raises(BadAnswer) as error:
            BENCH.listing(provider.url)
        trouble = BENCH.connector().trouble(error.value)
    assert trouble.lasting
    assert "a key that is not valid" in trouble.why


@pytest.mark.django_db
def test_the_makers_list_price_stands_in_marked_as_such() -> None:
    with serve(answers) as provider:
        syncing.run(host_of(BENCH, provider.url))
    price = Price.objects.get(offer__key="gemini-2.5-flash")
    assert (price.basis, price.input_per_million, price.output_per_million) == (
        "reference", Decimal("0.3"), Decimal("2.5"),
    )  # fmt: skip
    assert Offer.objects.count() == 7
