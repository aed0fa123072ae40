"""GitHub's catalog is a bare array; a tier says how often one may call."""

import json
from typing import Any

from catalog.connectors.base import Listing, OfferRow, Page
from tests.catalog.connectors.speaking import Speaking
from tests.fakes.listing import Bench, payload
from tests.fakes.provider import always, serve, told

MODELS = payload("github_models", "models")
BENCH = Bench(
    "github_models",
    always(told(MODELS)),
    path="/catalog",
    more={
        "an empty array": always(told([])),
        "one model of three": always(told(MODELS[:1])),
        "every model twice": always(told(MODELS * 2)),
    },
)


class TestGitHubModels(Speaking):
    bench = BENCH


def read(content: Any) -> Listing:
    return BENCH.connector().read(Page("u", json.dumps(content).encode()))


def offers() -> dict[str, OfferRow]:
    return {row.key: row for row in read(MODELS).offers}


def test_the_catalog_is_asked_for_as_github_wants_it() -> None:
    with serve(BENCH.answers) as provider:
        BENCH.listing(provider.url)
    assert provider.paths() == ["/catalog/models"]
    assert provider.asked[0].headers["accept"] == "application/vnd.github+json"


def test_a_model_has_its_maker_its_tier_and_its_modalities() -> None:
    grok = offers()["xai/grok-3"]
    assert (grok.publisher, grok.model, grok.name) == ("xai", "grok-3", "Grok 3")
    assert (grok.capabilities, grok.context_tokens, grok.price) == ({"rate_limit_tier": "custom"}, None, None)
    assert offers()["cohere/Cohere-embed-v3-english"].modalities == ("embedding", "text")


def test_newer_rows_tell_limits_and_capabilities() -> None:
    row = offers()["openai/gpt-4.1"]
    assert (row.context_tokens, row.max_output_tokens) == (1_048_576, 32_768)
    assert row.capabilities["capabilities"] == "streaming, tool-calling"


def test_a_bad_row_fails_alone() -> None:
    listing = read([{"id": None, "name": "x"}, "text", *MODELS])
    assert (len(listing.offers), listing.rejected) == (3, 2)
