"""OpenAI-compatible listings differ in what they leave out; what they tell is read."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from catalog.connectors.base import Connection, Listing, ListingBroken, OfferRow, Page
from catalog.connectors.openai_compatible import OpenAICompatible
from catalog.connectors.reading import join
from tests.catalog.connectors.speaking import Speaking
from tests.fakes.listing import Bench, payload
from tests.fakes.provider import always, told

MODELS = payload("openai_compatible", "models")
BENCH = Bench(
    "openai_compatible",
    always(told(MODELS)),
    more={
        "one model of four": always(told({"data": MODELS["data"][:1]})),
        "every model twice": always(told({"data": MODELS["data"] * 2})),
        "more that is not told": always(told(MODELS | {"has_more": True})),
        "rows without ids": always(told({"data": [{"object": "model"} for _ in range(12)]})),
    },
)
CONNECTOR = OpenAICompatible(Connection("https://host.example/v1", {}))


class TestOpenAICompatible(Speaking):
    bench = BENCH


def read(content: Any) -> Listing:
    return CONNECTOR.read(Page("u", content if isinstance(content, bytes) else json.dumps(content).encode()))


def only(**row: Any) -> OfferRow:
    [offer] = read({"object": "list", "data": [row]}).offers
    return offer


def test_an_id_alone_is_enough() -> None:
    row = only(id="grok-4", created=None, owned_by=None)
    assert (row.key, row.publisher, row.model, row.lifecycle) == (
        "grok-4",
        "xai",
        "grok-4",
        "generally_available",
    )


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({"id": "x-ai/grok-3"}, "xai/grok-3"),
        ({"id": "meta-llama/Llama-3.3-70B-Instruct"}, "meta/llama-3.3-70b-instruct"),
        ({"id": "echo", "owned_by": "sandbox"}, "sandbox/echo"),
        ({"id": "gpt-4.1", "owned_by": "system"}, "openai/gpt-4.1"),
        ({"id": "house-model", "owned_by": "vllm"}, "vllm/house-model"),
        ({"id": "house-model"}, "unknown/house-model"),
    ],
)
def test_the_maker_is_found_from_prefix_owner_or_family(row: dict[str, Any], named: str) -> None:
    offer = only(**row)
    assert f"{offer.publisher}/{offer.model}" == named


@pytest.mark.parametrize("name", ["context_length", "context_window", "max_model_len"])
def test_the_context_is_read_under_the_names_in_use(name: str) -> None:
    assert only(id="m", **{name: 131072}).context_tokens == 131_072


@pytest.mark.parametrize("value", [0, -1, None, "many", 10**15, {}])
def test_an_absurd_context_is_unknown(value: Any) -> None:
    assert only(id="m", context_length=value).context_tokens is None


def test_a_number_that_would_fill_the_memory_is_unknown() -> None:
    [row] = read(b'{"data": [{"id": "m", "context_length": 1e999999999}]}').offers
    assert row.context_tokens is None


def test_a_shutdown_date_is_a_retirement() -> None:
    assert only(id="m", shutdown_date="2026-11-30").retires_at == datetime(2026, 11, 30, tzinfo=UTC)


def test_an_end_of_life_comes_after_a_deprecation() -> None:
    row = only(
        model_id="claude-3-5-haiku",
        state="deprecated",
        deprecation_date="2026-05-12T00:00:00Z",
        eol_date="2026-06-12T00:00:00Z",
        replacement_model="claude-4-5-haiku",
    )
    assert (row.key, row.lifecycle, row.lifecycle_told) == ("claude-3-5-haiku", "deprecated", "deprecated")
    assert (row.deprecated_at, row.retires_at) == (
        datetime(2026, 5, 12, tzinfo=UTC),
        datetime(2026, 6, 12, tzinfo=UTC),
    )
    assert row.successor_told == "claude-4-5-haiku"


def test_a_deprecation_date_alone_is_the_end() -> None:
    row = only(id="m", deprecation_date="2026-05-12")
    assert (row.deprecated_at, row.retires_at) == (None, datetime(2026, 5, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    "row", [None, 3, {}, {"id": ""}, {"id": 4}, {"id": "x" * 300}, {"id": "m", "shutdown_date": "soon"}]
)
def test_a_bad_row_fails_alone(row: Any) -> None:
    listing = read({"data": [row, {"id": "good"}]})
    assert ([offer.key for offer in listing.offers], listing.rejected) == (["good"], 1)
    assert listing.problems[0].why


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b'{"data": [',
        b'{"data": []}',
        b'{"error": {"message": "no"}}',
        b"null",
        b"[" * 100_000,
    ],
)
def test_a_page_that_is_no_listing_is_broken(body: bytes) -> None:
    with pytest.raises(ListingBroken):
        read(body)


def test_a_bare_array_is_a_listing_too() -> None:
    assert [row.key for row in read([{"id": "a"}, {"id": "b"}]).offers] == ["a", "b"]


def test_an_id_told_twice_makes_the_listing_incomplete() -> None:
    assert not join([read({"data": [{"id": "a"}, {"id": "a"}]})]).complete


def test_a_page_that_says_there_is_more_is_incomplete() -> None:
    assert not read({"data": [{"id": "a"}], "has_more": True}).complete
