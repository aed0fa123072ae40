"""The Hugging Face router tells a model once, and who serves it at which price."""

import json
from decimal import Decimal
from typing import Any

import pytest

from catalog.connectors.base import Listing, OfferRow, Page, PriceRow
from tests.catalog.connectors.speaking import Speaking
from tests.fakes.listing import Bench, payload
from tests.fakes.provider import always, told

MODELS = payload("huggingface", "models")
BENCH = Bench(
    "huggingface",
    always(told(MODELS)),
    more={
        "one model of two": always(told({"data": MODELS["data"][1:]})),
        "models without providers": always(
            told({"data": [{**row, "providers": []} for row in MODELS["data"]]})
        ),
        "providers in a state that nobody knows": always(
            told({"data": [{**MODELS["data"][0], "providers": [{"provider": "x", "status": "asleep"}]}]})
        ),
    },
)


class TestHuggingFace(Speaking):
    bench = BENCH


def read(content: Any) -> Listing:
    return BENCH.connector().read(Page("u", json.dumps(content).encode()))


def offers() -> dict[str, OfferRow]:
    return {row.key: row for row in read(MODELS).offers}


def only(**served: Any) -> Listing:
    """One model at one provider, beside a good one."""
    good, other = MODELS["data"][1], MODELS["data"][0]
    return read({"data": [{**other, "providers": [{"provider": "p", "status": "live", **served}]}, good]})


def test_each_provider_of_a_model_is_an_offer_that_a_call_can_name() -> None:
    assert list(offers()) == [
        "deepseek-ai/DeepSeek-R1:together",
        "deepseek-ai/DeepSeek-R1:deepinfra",
        "deepseek-ai/DeepSeek-R1:novita",
        "HuggingFaceTB/SmolLM3-3B:hf-inference",
    ]
    together = offers()["deepseek-ai/DeepSeek-R1:together"]
    assert (together.publisher, together.model, together.sku) == ("deepseek", "deepseek-r1", "together")
    assert together.host_model_id == together.key
    assert together.context_tokens == 131_072


@pytest.mark.parametrize(
    ("provider", "stage", "word"),
    [
        ("together", "generally_available", "live"),
        ("novita", "preview", "staging"),
        ("deepinfra", "generally_available", "error"),
    ],
)
def test_a_providers_status_is_kept(provider: str, stage: str, word: str) -> None:
    row = offers()[f"deepseek-ai/DeepSeek-R1:{provider}"]
    assert (row.lifecycle, row.lifecycle_told) == (stage, word)
    assert ("not_callable" in row.capabilities) is (word == "error")


def test_a_price_is_the_providers_own() -> None:
    prices = [row.price for row in offers().values()]
    source = ("host", "Hugging Face router models")
    assert prices == [
        PriceRow(Decimal(3), Decimal(7), None, *source),
        None,
        PriceRow(Decimal("0.075"), Decimal("0.25"), None, *source),
        PriceRow(Decimal(0), Decimal(0), None, *source),
    ]


@pytest.mark.parametrize("pricing", [None, {}, {"input": 1}, {"input": None, "output": None}, "free"])
def test_a_price_that_is_not_told_is_unknown(pricing: Any) -> None:
    listing = only(pricing=pricing, is_free=False)
    assert (listing.offers[0].price, listing.rejected) == (None, 0)


@pytest.mark.parametrize("value", [-1, "cheap", True, [1], 10**9])
def test_a_price_that_is_none_rejects_its_provider_alone(value: Any) -> None:
    listing = only(pricing={"input": value, "output": 1})
    assert ([row.sku for row in listing.offers], listing.rejected) == (["hf-inference"], 1)


def test_what_changes_by_the_minute_is_left_out() -> None:
    assert not {
        name
        for row in offers().values()
        for name in row.capabilities
        if "latency" in name or "through" in name
    }
