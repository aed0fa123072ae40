"""Cohere's listing goes on until a page's token is empty."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from catalog.connectors.base import Listing, OfferRow, Page
from catalog.connectors.reading import join
from foundry.lib.http import BadAnswer
from tests.catalog.connectors.speaking import Speaking
from tests.fakes.listing import Bench, payload
from tests.fakes.provider import Reply, Script, always, serve, told

TOKEN = payload("cohere", "models_page_1")["next_page_token"]


def query(path: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(path).query)


def answers(path: str) -> Reply:
    asked = query(path).get("page_token")
    if asked is None:
        return told(payload("cohere", "models_page_1"))
    return told(payload("cohere", "models_page_2")) if asked == [TOKEN] else Reply(status=400)


def second(content: Any) -> Script:
    return lambda path: told(content) if "page_token" in path else answers(path)


BENCH = Bench(
    "cohere",
    answers,
    last="page_token",
    more={
        "a second page that leads back": second(
            payload("cohere", "models_page_2") | {"next_page_token": TOKEN}
        ),
        "the first page for ever": always(told(payload("cohere", "models_page_1"))),
        "the first page alone": always(told(payload("cohere", "models_page_1") | {"next_page_token": None})),
        "a message in place of models": second({"id": "8bd5b608", "message": "overloaded"}),
        "status 498": always(Reply(b'{"message": "invalid token"}', 498)),
    },
)


class TestCohere(Speaking):
    bench = BENCH


def read(content: Any, number: int = 1) -> Listing:
    return BENCH.connector().read(Page("u", json.dumps(content).encode(), number=number))


def offers() -> dict[str, OfferRow]:
    pages = [read(payload("cohere", f"models_page_{number}"), number) for number in (1, 2)]
    return {row.key: row for row in join(pages).offers}


def test_every_page_is_asked_for_with_the_largest_size() -> None:
    with serve(answers) as provider:
        listing = BENCH.listing(provider.url)
        asked = [query(each.path) for each in provider.asked]
    assert asked == [{"page_size": ["1000"]}, {"page_size": ["1000"], "page_token": [TOKEN]}]
    assert (len(listing.offers), listing.complete) == (5, True)


def test_what_is_deprecated_is_told_in_coheres_word() -> None:
    stages = {key: (row.lifecycle, row.lifecycle_told) for key, row in offers().items()}
    assert stages["command-r"] == ("deprecated", "is_deprecated")
    assert stages["command-a-03-2025"] == ("generally_available", "")


def test_endpoints_say_what_a_model_gives() -> None:
    assert {key: row.modalities for key, row in offers().items()} == {
        "command-a-03-2025": ("text",),
        "command-r": ("text",),
        "embed-v4.0": ("embedding", "image"),
        "rerank-v3.5": (),
        "0f1a2b3c-ours-ft": ("text",),
    }
    assert offers()["0f1a2b3c-ours-ft"].capabilities["finetuned"] == "true"


@pytest.mark.parametrize(("status", "lasting"), [(498, True), (499, False), (401, True), (429, False)])
def test_coheres_own_statuses_pass_or_last(status: int, lasting: bool) -> None:
    trouble = BENCH.connector().trouble(BadAnswer(f"Cohere answered {status}.", status))
    assert trouble.lasting is lasting
    assert trouble.why != f"Cohere answered {status}."


@pytest.mark.parametrize("row", [None, {}, {"name": 3}, {"name": "x" * 300}])
def test_a_bad_row_fails_alone(row: Any) -> None:
    listing = read({"models": [row, {"name": "good"}]})
    assert ([each.key for each in listing.offers], listing.rejected) == (["good"], 1)
