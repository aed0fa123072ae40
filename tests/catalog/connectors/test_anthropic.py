"""Anthropic pages by cursor and tells stage and dates; only the stage says whether a model is gone."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anthropic
import pytest

from catalog.connectors.base import Listing, OfferRow, Page
from catalog.connectors.reading import join
from catalog.models import Offer
from foundry.lib.http import BadAnswer
from tests.catalog import syncing
from tests.catalog.connectors.speaking import Speaking, host_of
from tests.fakes.listing import SECRET, SHARED, Bench, payload
from tests.fakes.provider import Reply, Script, serve, told


def answers(path: str) -> Reply:
    """Anthropic's server: two models a page whatever is asked, one limit on the first page."""
    parts = urlsplit(path)
    query = parse_qs(parts.query)
    if parts.path == "/v1/models":
        page = 2 if query.get("after_id") == ["claude-haiku-4-5-20251001"] else 1
        return told(payload("anthropic", f"models_page_{page}"))
    if parts.path == "/v1/organizations/rate_limits":
        return told(payload("anthropic", f"rate_limits_page_{2 if query.get('page') == ['page_2'] else 1}"))
    return Reply(status=404)


def on(part: str, reply: Reply) -> Script:
    return lambda path: reply if part in path else answers(path)


def second(**change: Any) -> Script:
    """The second page of models with some facts replaced."""
    return on("after_id", told(payload("anthropic", "models_page_2") | change))


FIRST = payload("anthropic", "models_page_1")
BENCH = Bench(
    "anthropic",
    answers,
    last="after_id",
    more={
        "a second page that is the first": on("after_id", told(FIRST)),
        "a second page that leads back": second(has_more=True, last_id="claude-haiku-4-5-20251001"),
        "a second page that promises more, and not after what": second(has_more=True, last_id=None, data=[]),
        "a second page cut after one row": on(
            "after_id", Reply(json.dumps(payload("anthropic", "models_page_2")).encode()[:300])
        ),
        "a second page for which we are too many": on("after_id", Reply(status=529)),
        "an error beside the second page's rows": second(error={"type": "overloaded_error"}),
        "a cursor that is a number": second(has_more=True, last_id=7),
        "the same page for ever": lambda path: told(FIRST) if "/models" in path else answers(path),
    },
)
LIMITED = Bench(
    "anthropic",
    answers,
    last="after_id",
    settings={"rate_limits": "organization"},
    credential=f"{SECRET} {SECRET}-admin",
    more={
        "limits that lead back": on("rate_limits", told(payload("anthropic", "rate_limits_page_1"))),
        "limits that are HTML": on("rate_limits", Reply(b"<html>")),
        "limits that may not be read": on("rate_limits", Reply(status=403)),
        "limits without rows": on("rate_limits", told({"next_page": None})),
        "a next page of limits that is a number": on("rate_limits", told({"data": [], "next_page": 2})),
        "a second page of limits that is missing": on("page=page_2", Reply(status=404)),
    },
)


class TestAnthropic(Speaking):
    bench = BENCH


class TestAnthropicWithLimits(Speaking):
    bench = LIMITED


def read(content: Any, part: str = "models", *beside: Page) -> Listing:
    return BENCH.connector().read(Page("u", json.dumps(content).encode(), part, beside=beside))


def whole() -> Listing:
    return join([read(payload("anthropic", f"models_page_{number}")) for number in (1, 2)])


def offer(key: str) -> OfferRow:
    return next(row for row in whole().offers if row.key == key)


def only(**row: Any) -> OfferRow:
    [found] = read({"data": [{"id": "m"} | row], "has_more": False}).offers
    return found


def test_every_page_is_asked_for_until_there_is_no_more() -> None:
    with serve(answers) as provider:
        listing = BENCH.listing(provider.url)
        asked = [each.path for each in provider.asked]
    assert asked == ["/v1/models?limit=1000", "/v1/models?limit=1000&after_id=claude-haiku-4-5-20251001"]
    assert (len(listing.offers), listing.complete, listing.problems) == (4, True, ())


def test_the_version_of_the_protocol_is_sent_and_the_key_as_anthropic_wants_it() -> None:
    assert BENCH.connector().headers("k") == {"anthropic-version": "2023-06-01", "x-api-key": "k"}


def test_the_first_page_alone_is_no_whole_listing() -> None:
    assert not join([read(FIRST)]).complete


@pytest.mark.parametrize(
    ("told_word", "ours"),
    [("active", "generally_available"), ("deprecated", "deprecated"), ("retired", "retired")],
)
def test_the_stage_is_anthropics_own(told_word: str, ours: str) -> None:
    row = only(lifecycle=told_word)
    assert (row.lifecycle, row.lifecycle_told) == (ours, told_word)


def test_a_date_that_has_passed_on_a_deprecated_model_is_overdue_and_no_retirement() -> None:
    row = offer("claude-opus-4-20250514")
    assert (row.lifecycle, row.retires_at) == ("deprecated", datetime(2026, 1, 5, tzinfo=UTC))


def test_both_dates_and_sizes_are_read() -> None:
    row = offer("claude-sonnet-4-5-20250929")
    assert row.deprecated_at == datetime(2026, 6, 1, tzinfo=UTC)
    assert row.retires_at == datetime(2026, 11, 30, tzinfo=UTC)
    assert (row.name, row.context_tokens, row.max_output_tokens) == ("Claude Sonnet 4.5", 200_000, 64_000)


def test_an_answer_of_2025_tells_neither_stage_nor_dates() -> None:
    row = only(type="model", display_name="Claude Opus 4.1", created_at="2025-08-05T00:00:00Z")
    assert (row.lifecycle, row.lifecycle_told, row.retires_at) == ("generally_available", "", None)
    assert (row.context_tokens, dict(row.capabilities), row.modalities) == (None, {}, ())


def test_a_stage_that_is_not_known_rejects_its_row_alone() -> None:
    listing = read({"data": [{"id": "a", "lifecycle": "sleeping"}, {"id": "b"}], "has_more": False})
    assert ([row.key for row in listing.offers], listing.rejected) == (["b"], 1)
    assert "sleeping" in listing.problems[0].why


@pytest.mark.parametrize(
    "row", [None, 3, {}, {"id": ""}, {"id": "m", "retires_at": "soon"}, {"id": "m", "lifecycle": 7}]
)
def test_a_bad_row_fails_alone(row: Any) -> None:
    listing = read({"data": [row, {"id": "good"}], "has_more": False})
    assert ([each.key for each in listing.offers], listing.rejected) == (["good"], 1)


def test_capabilities_are_told_by_their_path() -> None:
    told_of = offer("claude-opus-4-8").capabilities
    assert (told_of["line"], told_of["batch"], told_of["effort"], told_of["effort.max"]) == (
        "opus",
        "true",
        "true",
        "true",
    )
    assert (told_of["thinking.types.adaptive"], told_of["thinking.types.enabled"]) == ("true", "false")
    assert "effort.xhigh" not in told_of
    assert offer("claude-opus-4-8").modalities == ("image", "pdf", "text")


def test_input_tokens_of_a_group_are_its_capacity_and_output_is_told_beside_it() -> None:
    with serve(answers) as provider:
        listing = LIMITED.listing(provider.url)
    assert {pool.name: (pool.maximum, pool.unit, pool.tpm_per_unit, pool.rpm) for pool in listing.pools} == {
        "rlg_01Opus4x": (Decimal(10_000_000), "input tokens per minute", 1, 4_000),
        "rlg_01Opus4x output": (Decimal(800_000), "output tokens per minute", None, None),
        "rlg_01Haiku45": (Decimal(40_000_000), "input tokens per minute", 1, 12_000),
        "rlg_01Haiku45 output": (Decimal(3_200_000), "output tokens per minute", None, None),
    }
    assert {row.key: row.pool for row in listing.offers} == {
        "claude-opus-4-8": "rlg_01Opus4x",
        "claude-opus-4-20250514": "rlg_01Opus4x",
        "claude-haiku-4-5-20251001": "rlg_01Haiku45",
        "claude-sonnet-4-5-20250929": "",
    }


def test_limits_of_early_2026_have_no_group_of_their_own() -> None:
    row = {
        "type": "rate_limit",
        "group_type": "model_group",
        "models": ["claude-opus-4-6", "claude-opus-4-5"],
        "limits": [{"type": "input_tokens_per_minute", "value": 2_000_000}],
    }
    [pool] = read({"data": [row], "next_page": None}, "rate_limits").pools
    assert (pool.name, pool.label) == ("claude-opus-4-5", "claude-opus-4-6, claude-opus-4-5, input tokens")


@pytest.mark.parametrize(
    "limits",
    [[{"type": "input_tokens_per_minute", "value": "many"}], [{"value": 3}], [7], "none", [{"type": None}]],
)
def test_a_limit_that_cannot_be_read_fails_alone(limits: Any) -> None:
    good = payload("anthropic", "rate_limits_page_1")["data"][0]
    listing = read({"data": [{"models": ["m"], "limits": limits}, good]}, "rate_limits")
    assert (len(listing.pools), listing.rejected) == (2, 1)


@pytest.mark.django_db
def test_an_offer_draws_on_its_groups_input() -> None:
    with serve(answers) as provider:
        syncing.run(host_of(LIMITED, provider.url))
    opus = Offer.objects.select_related("pool").get(key="claude-opus-4-8")
    assert opus.pool is not None
    assert (opus.pool.tpm, opus.pool.rpm) == (10_000_000, 4_000)


def test_the_admin_key_goes_to_the_organisations_paths_alone() -> None:
    with serve(answers) as provider:
        LIMITED.listing(provider.url)
    sent = {urlsplit(each.path).path: each.headers["x-api-key"] for each in provider.asked}
    assert sent == {"/v1/models": SECRET, "/v1/organizations/rate_limits": f"{SECRET}-admin"}
    assert all(each.headers["anthropic-version"] == "2023-06-01" for each in provider.asked)


def test_the_check_asks_for_one_row() -> None:
    with serve(answers) as provider:
        assert BENCH.checked(provider.url) == "The key may list models."
        assert "admin key may read the rate limits" in LIMITED.checked(provider.url)
        assert {urlsplit(each.path).query for each in provider.asked} == {"limit=1"}


@pytest.mark.parametrize("status", [500, 529])
def test_an_overloaded_host_is_asked_again_later(status: int) -> None:
    body = b'{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "req_1"}'
    with serve(lambda path: Reply(body, status)) as provider, pytest.raises(BadAnswer) as caught:
        BENCH.listing(provider.url)
    assert not BENCH.connector().trouble(caught.value).lasting
    assert len(provider.asked) == 2


def test_retry_after_on_a_good_answer_is_no_throttling() -> None:
    with serve(lambda path: Reply(answers(path).body, headers={"retry-after": "24"})) as provider:
        assert len(BENCH.listing(provider.url).offers) == 4


def test_the_official_client_reads_our_server_as_anthropics() -> None:
    with serve(answers) as provider:
        client = anthropic.Anthropic(api_key=SECRET, base_url=provider.url)
        theirs = {model.id: model for model in client.models.list()}
        limits = list(client.organization.rate_limits.list())
        ours = LIMITED.listing(provider.url)
    assert [row.key for row in ours.offers] == list(theirs)
    for row in ours.offers:
        model = theirs[row.key]
        assert (row.name, row.lifecycle_told, row.retires_at) == (
            model.display_name,
            model.lifecycle,
            model.retires_at,
        )
        assert (row.context_tokens, row.max_output_tokens) == (model.max_input_tokens, model.max_tokens)
        assert row.deprecated_at == model.deprecated_at
    said = {each.group.id: {limit.type: limit.value for limit in each.limits} for each in limits}
    assert {pool.name: pool.rpm for pool in ours.pools if pool.rpm} == {
        name: values["requests_per_minute"]
        for name, values in said.items()
        if "requests_per_minute" in values
    }


def test_the_documented_shape_reads_as_it_says() -> None:
    path = SHARED / "anthropic" / "models_documented_shape.json"
    if not path.exists():
        pytest.skip("not run: payloads absent")
    [row] = read(json.loads(path.read_text())).offers
    assert (row.key, row.lifecycle, row.retires_at) == (
        "claude-sonnet-4-5-20250929",
        "deprecated",
        datetime(2026, 11, 30, tzinfo=UTC),
    )
