"""vLLM owns every model by name; who made it stands behind the served name."""

import json

import pytest

from catalog.connectors.base import OfferRow, Page
from tests.catalog.connectors.speaking import Speaking
from tests.fakes.listing import Bench, payload
from tests.fakes.provider import always, told

MODELS = payload("vllm", "models")
BENCH = Bench("vllm", always(told(MODELS)), more={"one of three": always(told({"data": MODELS["data"][:1]}))})


class TestVLLM(Speaking):
    bench = BENCH


def offers() -> dict[str, OfferRow]:
    page = Page("u", json.dumps(MODELS).encode())
    return {row.key: row for row in BENCH.connector().read(page).offers}


@pytest.mark.parametrize(
    ("key", "named"),
    [
        ("meta-llama/Llama-3.3-70B-Instruct", "meta/llama-3.3-70b-instruct"),
        ("contracts", "meta/contracts"),
        ("qwen3-8b", "alibaba/qwen3-8b"),
    ],
)
def test_the_maker_is_found_behind_the_served_name(key: str, named: str) -> None:
    row = offers()[key]
    assert f"{row.publisher}/{row.model}" == named


def test_an_adapter_names_its_base() -> None:
    assert offers()["contracts"].capabilities == {
        "loaded": "/adapters/contracts",
        "adapter_of": "meta-llama/Llama-3.3-70B-Instruct",
    }


def test_the_context_is_what_the_server_was_started_with() -> None:
    assert [row.context_tokens for row in offers().values()] == [131_072, None, 40_960]
