"""Ollama names what was pulled; the tag says which build of it."""

import json
from typing import Any

import pytest

from catalog.connectors.base import Listing, OfferRow, Page
from tests.catalog.connectors.speaking import Speaking
from tests.fakes.listing import Bench, payload
from tests.fakes.provider import always, serve, told

MODELS = payload("ollama", "tags")
BENCH = Bench(
    "ollama",
    always(told(MODELS)),
    path="",
    last="tags",
    more={"one model of three": always(told({"models": MODELS["models"][:1]}))},
)


class TestOllama(Speaking):
    bench = BENCH


def read(content: Any) -> Listing:
    return BENCH.connector().read(Page("u", json.dumps(content).encode()))


def offers() -> dict[str, OfferRow]:
    return {row.key: row for row in read(MODELS).offers}


def test_the_tags_are_asked_for_at_the_servers_root() -> None:
    with serve(BENCH.answers) as provider:
        BENCH.listing(provider.url)
    assert provider.paths() == ["/api/tags"]


@pytest.mark.parametrize(
    ("key", "named"),
    [
        ("llama3.2:latest", "meta/llama3.2"),
        ("qwen3:30b", "alibaba/qwen3-30b"),
        ("our-team/house-model:v2", "our-team/house-model-v2"),
    ],
)
def test_a_model_is_named_by_family_or_owner(key: str, named: str) -> None:
    row = offers()[key]
    assert f"{row.publisher}/{row.model}" == named
    assert row.host_model_id == key


def test_what_was_pulled_is_told_by_its_digest() -> None:
    assert offers()["qwen3:30b"].capabilities == {
        "family": "qwen3moe",
        "parameter_size": "30.5B",
        "quantization_level": "Q4_K_M",
        "format": "gguf",
        "digest": MODELS["models"][1]["digest"],
    }


@pytest.mark.parametrize("row", [None, {}, {"name": ""}, {"model": 4}, []])
def test_a_bad_row_fails_alone(row: Any) -> None:
    listing = read({"models": [row, {"name": "good"}]})
    assert ([each.key for each in listing.offers], listing.rejected) == (["good"], 1)
