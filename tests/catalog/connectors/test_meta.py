"""Meta's own API lists what Meta made, whoever runs it."""

import json
from typing import Any

import pytest

from catalog.connectors.base import Listing, Page
from tests.catalog.connectors.speaking import Speaking
from tests.fakes.listing import Bench, payload
from tests.fakes.provider import always, serve, told

GOOD = payload("meta", "models")
ROWS = GOOD["data"]
BENCH = Bench(
    "meta",
    always(told(GOOD)),
    more={
        "every row twice": always(told({"data": ROWS * 2})),
        "one of four": always(told({"data": ROWS[:1]})),
        "rows without ids": always(told({"data": [{"object": "model"}] * 4})),
        "other models": always(told({"data": [{"id": f"other-{number}"} for number in range(4)]})),
        "an error beside the rows": always(told(GOOD | {"error": {"code": "internal"}})),
        "a list that says there is more": always(told(GOOD | {"has_more": True})),
    },
)


class TestMeta(Speaking):
    bench = BENCH


def read(*rows: Any) -> Listing:
    return BENCH.connector().read(Page("u", json.dumps({"data": rows}).encode()))


def test_every_model_is_metas() -> None:
    listing = read(*ROWS)
    assert [f"{row.publisher}/{row.model}" for row in listing.offers] == [
        "meta/llama-4-maverick-17b-128e-instruct-fp8",
        "meta/llama-4-scout-17b-16e-instruct-fp8",
        "meta/llama-3.3-8b-instruct",
        "meta/cerebras-llama-4-scout-17b-16e-instruct",
    ]
    assert [row.host_model_id for row in listing.offers] == [row["id"] for row in ROWS]


@pytest.mark.parametrize("row", [None, 3, {}, {"id": ""}, {"id": None}])
def test_a_bad_row_fails_alone(row: Any) -> None:
    listing = read(row, {"id": "Llama-3.3-70B-Instruct", "created": None, "owned_by": None})
    assert (len(listing.offers), listing.rejected) == (1, 1)


def test_the_check_says_how_many_models_the_key_sees() -> None:
    with serve(BENCH.answers) as provider:
        assert "4 models" in BENCH.checked(provider.url)
