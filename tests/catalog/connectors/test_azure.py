"""Azure's listing is read as it is told, in both of its shapes."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from catalog.connectors.azure import Azure, tpm_per_unit
from catalog.connectors.base import Connection, Listing, ListingBroken, OfferRow, Page
from catalog.connectors.reading import join
from foundry.lib.http import Answer
from tests.catalog.connectors.speaking import Speaking
from tests.fakes.azure import listing as region
from tests.fakes.azure import payload
from tests.fakes.listing import Bench
from tests.fakes.provider import Reply


def answers(path: str) -> Reply:
    return region(path, "{HERE}")


BENCH = Bench(
    "azure",
    answers,
    path="",
    last="/usages",
    settings={"subscription": "sub-1", "location": "eastus2"},
    more={"page 2 is missing": lambda path: Reply(status=410) if "skiptoken" in path else answers(path)},
)


class TestAzure(Speaking):
    bench = BENCH


CONNECTOR = Azure(Connection("https://arm.example", {"subscription": "s", "location": "eastus2"}))


def read(content: Any, part: str = "models", number: int = 1) -> Listing:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return CONNECTOR.read(Page("https://arm.example/x", body, part, number))


def both_pages() -> Listing:
    return join([read(payload("models_page_1")), read(payload("models_page_2"), number=2)])


def offer(listing: Listing, key: str) -> OfferRow:
    return next(row for row in listing.offers if row.key == key)


def one(**model: Any) -> dict[str, Any]:
    """The first row of the listing, with some facts of its model replaced."""
    row = payload("models_page_1")["value"][0]
    return {**row, "model": {**row["model"], **model}}


def test_the_same_model_under_two_kinds_is_one_offer() -> None:
    listing = both_pages()
    assert [row.key for row in listing.offers if row.publisher == "xai"] == [
        "xai/grok-3/1/GlobalStandard",
        "xai/grok-3-mini/1/GlobalStandard",
    ]
    assert (listing.problems, listing.complete) == ((), True)


def test_each_sku_of_a_version_is_an_offer_and_a_version_without_one_is_none() -> None:
    listing = both_pages()
    assert {row.sku for row in listing.offers if row.model == "gpt-4.1"} == {
        "GlobalStandard",
        "DataZoneStandard",
    }
    assert not [row for row in listing.offers if row.model == "ada"]
    assert len(listing.offers) == 9


def test_the_az_command_prints_an_array_that_reads_the_same() -> None:
    rows = payload("models_page_1")["value"] + payload("models_page_2")["value"]
    for row in rows:  # the command prints absent facts as null
        row["model"].setdefault("replacementConfig", None)
        row["model"]["deprecation"].setdefault("fineTune", None)
    assert read(rows).offers == (
        *read(payload("models_page_1")).offers,
        *read(payload("models_page_2")).offers,
    )


def test_a_date_in_2099_is_no_date() -> None:
    assert offer(both_pages(), "xai/grok-3/1/GlobalStandard").retires_at is None


def test_a_skus_own_date_comes_before_the_models() -> None:
    found = offer(both_pages(), "openai/gpt-4.1/2025-04-14/GlobalStandard")
    assert found.retires_at == datetime(2026, 4, 14, tzinfo=UTC)


def test_capabilities_are_texts_and_counts_are_read_from_them() -> None:
    found = offer(both_pages(), "openai/gpt-4.1/2025-04-14/GlobalStandard")
    assert found.capabilities["responses"] == "true"
    assert (found.context_tokens, found.max_output_tokens) == (1_047_576, 32_768)


def test_a_successor_is_named_with_its_version() -> None:
    assert offer(both_pages(), "openai/gpt-35-turbo/0301/Standard").successor_told == "gpt-35-turbo 0125"


@pytest.mark.parametrize(
    ("told", "ours"),
    [
        ("Stable", "generally_available"),
        ("GenerallyAvailable", "generally_available"),
        ("Preview", "preview"),
        ("Deprecating", "legacy"),
        ("Deprecated", "deprecated"),
    ],
)
def test_azures_words_for_a_stage_become_ours_and_are_kept(told: str, ours: str) -> None:
    [row] = read({"value": [one(lifecycleStatus=told)]}).offers
    assert (row.lifecycle, row.lifecycle_told) == (ours, told)


def test_an_unknown_stage_rejects_its_row_alone() -> None:
    listing = read({"value": [one(lifecycleStatus="Sleeping"), one(name="other")]})
    assert [row.model for row in listing.offers] == ["other"]
    assert listing.rejected == 1
    assert "Sleeping" in listing.problems[0].why


@pytest.mark.parametrize(
    ("format_", "slug"),
    [
        ("xAI", "xai"), ("OpenAI", "openai"), ("Meta", "meta"), ("DeepSeek", "deepseek"),
        ("Microsoft", "microsoft"), ("Mistral AI", "mistral"), ("Cohere", "cohere"),
        ("Black Forest Labs", "black-forest-labs"), ("AI21 Labs", "ai21"), ("Core42", "core42"),
    ],
)  # fmt: skip
def test_a_format_names_the_maker(format_: str, slug: str) -> None:
    [row] = read({"value": [one(format=format_)]}).offers
    assert row.publisher == slug


@pytest.mark.parametrize(
    "row",
    [None, 7, "text", [], {}, {"model": None}, {"model": {"skus": [{}]}}, {"model": {"skus": 3}},
     one(name=None), one(name="x" * 500), one(name="a\x00b"), one(version=3), one(skus=["x"]),
     one(deprecation={"inference": "soon"}), one(format="")],
)  # fmt: skip
def test_a_bad_row_fails_alone_and_says_why(row: Any) -> None:
    listing = read({"value": [row, one(name="good")]})
    assert [each.model for each in listing.offers] == ["good"]
    assert all(problem.why for problem in listing.problems)
    assert listing.rejected == 1


def test_a_quota_keeps_azures_unit_and_invents_no_tokens() -> None:
    pools = {pool.name: pool for pool in read(payload("usages"), "usages").pools}
    shared = pools["AIServices.GlobalStandard.MaaS"]
    assert (shared.maximum, shared.unit, shared.tpm_per_unit) == (Decimal(600), "Count", None)
    assert offer(both_pages(), "xai/grok-3/1/GlobalStandard").pool == shared.name


@pytest.mark.parametrize(
    ("label", "tokens"),
    [
        ("Tokens Per Minute (thousands) - 4.1 - GlobalStandard", 1_000),
        ("Six Thousand Tokens Per Minute - o1 - GlobalStandard", 6_000),
        ("Ten Thousand Tokens Per Minute - o3-mini", 10_000),
        ("Thousand Tokens Per Minute - gpt", 1_000),
        ("Enqueued tokens (thousands) - GPT-4o", None),
        ("Enqueued Ten Thousand Tokens Per Minute - o3-mini", None),
        ("Provisioned Managed Throughput Unit", None),
        ("Default Quota for Model-as-a-Service Models", None),
        ("", None),
    ],
)
def test_only_a_label_that_says_so_converts_a_unit_to_tokens(label: str, tokens: int | None) -> None:
    assert tpm_per_unit(label) == tokens


@pytest.mark.parametrize("limit", [None, "many", True, -1, float("inf")])
def test_a_quota_without_a_usable_number_is_rejected_alone(limit: Any) -> None:
    good = payload("usages")["value"][1]
    listing = read([{**good, "name": {"value": "odd"}, "limit": limit}, good], "usages")
    assert [pool.name for pool in listing.pools] == [good["name"]["value"]]
    assert listing.rejected == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"  ", b"<html>sign in</html>", b'{"value": [', b'{"value": {}}', b"3", b'{"value": []}', b"\xff"],
)
def test_a_page_that_is_no_listing_says_so(body: bytes) -> None:
    with pytest.raises(ListingBroken) as caught:
        read(body)
    assert caught.value.why


def test_the_same_row_twice_makes_the_listing_incomplete() -> None:
    row = payload("models_page_1")["value"][0]
    listing = join([read({"value": [row]}), read({"value": [row]}, number=2)])
    assert not listing.complete
    assert "twice" in listing.problems[0].why


class Loop:
    """A host whose second page links to itself."""

    def get(self, url: str, params: Any = None) -> Answer:
        body = payload("models_page_1") | {"nextLink": "https://arm.example/x?$skiptoken=2"}
        return Answer(url, 200, {}, json.dumps(body).encode())


def test_a_page_that_links_to_itself_ends_the_reading() -> None:
    with pytest.raises(ListingBroken, match="already read"):
        list(CONNECTOR.fetch(Loop()))
