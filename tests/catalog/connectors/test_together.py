"""Together's listing is a bare array with prices of its own; a 0 is not always free."""

import json
from decimal import Decimal
from typing import Any

import pytest

from catalog.connectors.base import Listing, OfferRow, Page
from tests.catalog.connectors.speaking import Speaking
from tests.fakes.listing import Bench, payload
from tests.fakes.provider import always, told

MODELS = payload("together", "models")
BENCH = Bench(
    "together",
    always(told(MODELS)),
    more={
        "an empty array": always(told([])),
        "two models of five": always(told(MODELS[:2])),
        "every model twice": always(told(MODELS * 2)),
    },
)


class TestTogether(Speaking):
    bench = BENCH


def read(content: Any) -> Listing:
    return BENCH.connector().read(Page("u", json.dumps(content).encode()))


def offers() -> dict[str, OfferRow]:
    return {row.key: row for row in read(MODELS).offers}


@pytest.mark.parametrize(
    ("key", "price"),
    [
        ("meta-llama/Llama-3.3-70B-Instruct-Turbo", ("0.88", "0.88")),
        ("meta-llama/Llama-3.3-70B-Instruct-Turbo-Free", ("0", "0")),
        ("BAAI/bge-large-en-v1.5", ("0.02", "0")),
        ("black-forest-labs/FLUX.1-schnell", None),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-14B", None),
    ],
)
def test_a_price_is_per_million_tokens_and_nothing_is_free_unless_its_name_says_so(
    key: str, price: tuple[str, str] | None
) -> None:
    found = offers()[key].price
    assert (found and (found.input, found.output)) == (price and tuple(map(Decimal, price)))


def test_what_is_sold_by_the_hour_says_so() -> None:
    row = offers()["deepseek-ai/DeepSeek-R1-Distill-Qwen-14B"]
    assert row.capabilities == {"type": "chat", "hourly": "3.36 USD an hour"}
    assert row.context_tokens is None


def test_a_type_says_what_a_model_gives() -> None:
    assert [row.modalities for row in offers().values()] == [
        ("text",), ("text",), ("embedding",), ("image",), ("text",),
    ]  # fmt: skip


def test_its_makers_are_found_in_its_ids() -> None:
    assert {row.publisher for row in offers().values()} == {"meta", "baai", "black-forest-labs", "deepseek"}
    assert offers()["BAAI/bge-large-en-v1.5"].name == "BAAI-Bge-Large-1p5"


@pytest.mark.parametrize("value", [-1, "cheap", True, [0.1]])
def test_a_price_that_is_none_rejects_its_row_alone(value: Any) -> None:
    listing = read([{"id": "a/m", "pricing": {"input": value, "output": 1}}, {"id": "a/good"}])
    assert ([row.key for row in listing.offers], listing.rejected) == (["a/good"], 1)
