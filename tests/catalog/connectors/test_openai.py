"""OpenAI's listing says what may be called, and its admin lists how much of it a project may have."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import openai
import pytest

from catalog.connectors.base import NOT_CALLABLE, Listing, ListingBroken, OfferRow, Page
from catalog.models import CapacityPool, Offer
from foundry.lib.http import BadAnswer
from tests.catalog import syncing
from tests.catalog.connectors.speaking import Speaking, host_of
from tests.fakes.listing import SECRET, SHARED, Bench, payload
from tests.fakes.provider import Reply, Script, always, serve, told

PROJECT = "/v1/organization/projects/proj_1"


def answers(path: str) -> Reply:
    """OpenAI's server: the listing whole, the limits in pages of two."""
    parts = urlsplit(path)
    if parts.path == "/v1/models":
        return told(payload("openai", "models"))
    if parts.path == f"{PROJECT}/model_permissions":
        return told(payload("openai", "model_permissions"))
    if parts.path == f"{PROJECT}/rate_limits":
        page = 2 if parse_qs(parts.query).get("after") == ["rl-o3"] else 1
        return told(payload("openai", f"rate_limits_page_{page}"))
    return Reply(status=404)


def limits(page: int, **change: Any) -> Script:
    """A page of the limits with some facts replaced."""
    changed = told(payload("openai", f"rate_limits_page_{page}") | change)

    def answer(path: str) -> Reply:
        asked = 2 if "after=" in path else 1
        return changed if "rate_limits" in path and asked == page else answers(path)

    return answer


def models(change: Any) -> Script:
    return lambda path: change if path == "/v1/models" else answers(path)


def rows(*without: str) -> Reply:
    good = payload("openai", "models")
    return told(good | {"data": [row for row in good["data"] if row["id"] not in without]})


BENCH = Bench("openai", answers, last="/models")
LIMITED = Bench(
    "openai",
    answers,
    last="/v1/models",
    settings={"project": "proj_1"},
    credential=f"{SECRET} {SECRET}-admin",
    more={
        "limits that promise more, and not after what": limits(2, has_more=True, last_id=None, data=[]),
        "limits that lead back": limits(2, has_more=True, last_id="rl-o3"),
        "a second page of limits that is the first": limits(2, **payload("openai", "rate_limits_page_1")),
        "limits without rows": limits(1, data=None),
        "permissions without models": lambda path: (
            told({"object": "project.model_permissions", "mode": "allow_list"}) if "permissions" in path else answers(path)
        ),
        "permissions that may not be read": lambda path: (
            Reply(status=403) if "permissions" in path else answers(path)
        ),
        "most models gone": models(rows("gpt-4.1", "gpt-4.1-2025-04-14", "o3", "gpt-image-1", "gpt-3.5-turbo-1106")),
        "an error beside the models": models(told(payload("openai", "models") | {"error": {"code": "server_error"}})),
        "a listing that says there is more": models(told(payload("openai", "models") | {"has_more": True})),
        "every model twice": models(told({"data": payload("openai", "models")["data"] * 2})),
    },
)  # fmt: skip


class TestOpenAI(Speaking):
    bench = BENCH


class TestOpenAIWithAProject(Speaking):
    bench = LIMITED


def read(content: Any, part: str = "models", *beside: Page) -> Listing:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return LIMITED.connector().read(Page("u", body, part, beside=beside))


def permissions(mode: str, *ids: str) -> Page:
    body = json.dumps({"object": "project.model_permissions", "mode": mode, "model_ids": ids}).encode()
    return Page("u", body, "model_permissions")


def only(**row: Any) -> OfferRow:
    [offer] = read({"object": "list", "data": [row]}).offers
    return offer


def test_a_model_with_a_shutdown_date_is_legacy_until_then() -> None:
    row = only(id="gpt-3.5-turbo-1106", shutdown_date="2026-10-23")
    assert row.retires_at == datetime(2026, 10, 23, tzinfo=UTC)
    assert (row.lifecycle, row.lifecycle_told) == ("legacy", "shutdown_date")


def test_a_shutdown_date_that_has_passed_retires_nothing_that_is_listed() -> None:
    assert only(id="gpt-4", shutdown_date="2020-01-01").lifecycle == "legacy"


def test_a_preview_says_so_in_its_name() -> None:
    assert only(id="gpt-4o-realtime-preview").lifecycle == "preview"
    assert only(id="gpt-4.1").lifecycle == "generally_available"


@pytest.mark.parametrize("owner", ["system", "openai-internal", "contoso-abc123", None, 7])
def test_whatever_openai_lists_openai_made(owner: Any) -> None:
    assert only(id="gpt-4.1", owned_by=owner).publisher == "openai"


def test_a_tuned_model_names_what_it_was_tuned_from() -> None:
    row = only(id="ft:gpt-4.1-mini-2025-04-14:contoso::B1x2y3z4", owned_by="contoso-abc123")
    assert row.capabilities == {"fine_tuned_from": "gpt-4.1-mini-2025-04-14"}


@pytest.mark.parametrize(
    "row", [{"id": "m"}, {"id": "m", "created": None, "object": None, "owned_by": None, "new": {"x": [1]}}]
)
def test_an_id_is_enough(row: dict[str, Any]) -> None:
    assert (only(**row).key, only(**row).retires_at) == ("m", None)


def test_limits_of_both_pages_become_capacity() -> None:
    with serve(answers) as provider:
        listing = LIMITED.listing(provider.url)
        asked = [urlsplit(each.path).query for each in provider.asked if "rate_limits" in each.path]
    assert asked == ["limit=100", "limit=100&after=rl-o3"]
    assert {pool.name: (pool.unit, pool.maximum, pool.tpm_per_unit, pool.rpm) for pool in listing.pools} == {
        "gpt-4.1": ("tokens per minute", Decimal(2_000_000), 1, 10_000),
        "o3": ("tokens per minute", Decimal(800_000), 1, 5_000),
        "gpt-image-1": ("requests per minute", Decimal(50), None, 50),
        "text-embedding-3-small": ("tokens per minute", Decimal(1_000_000), 1, 3_000),
    }
    assert listing.pools[0].label == "gpt-4.1 in proj_1, 200,000,000 batch tokens a day"


@pytest.mark.django_db
def test_an_offer_draws_on_its_models_limit_where_there_is_one() -> None:
    with serve(answers) as provider:
        syncing.run(host_of(LIMITED, provider.url))
    drawn = {offer.key: str(offer.pool and offer.pool.name) for offer in Offer.objects.select_related("pool")}
    assert (drawn["gpt-4.1"], drawn["gpt-4.1-2025-04-14"]) == ("gpt-4.1", "None")
    assert CapacityPool.objects.get(name="gpt-4.1").tpm == 2_000_000


@pytest.mark.parametrize(
    "row",
    [
        {"model": "m"},
        {"max_tokens_per_1_minute": 5},
        {"model": "m", "max_tokens_per_1_minute": "many"},
        {"model": "m", "max_tokens_per_1_minute": -1},
        {"model": "m", "max_requests_per_1_minute": True},
        None,
    ],
)
def test_a_limit_that_cannot_be_read_fails_alone(row: Any) -> None:
    good = payload("openai", "rate_limits_page_1")["data"][0]
    listing = read({"data": [row, good]}, "rate_limits")
    assert ([pool.name for pool in listing.pools], listing.rejected) == (["gpt-4.1"], 1)
    assert listing.problems[0].why


@pytest.mark.parametrize(
    ("page", "not_callable"),
    [
        (permissions("deny_list", "o3"), {"o3": "on the deny list of project proj_1"}),
        (permissions("allow_list", "o3"), {"gpt-4.1": "not on the allow list of project proj_1"}),
        (permissions("deny_list"), {}),
    ],
)
def test_what_a_project_may_not_call_stays_listed_and_says_why(
    page: Page, not_callable: dict[str, str]
) -> None:
    listing = read({"data": [{"id": "gpt-4.1"}, {"id": "o3"}]}, "models", page)
    assert [row.key for row in listing.offers] == ["gpt-4.1", "o3"]
    assert said(listing) == not_callable


def said(listing: Listing) -> dict[str, str]:
    """Why each offer cannot be called, of those that cannot."""
    return {
        row.key: row.capabilities[NOT_CALLABLE] for row in listing.offers if NOT_CALLABLE in row.capabilities
    }


def test_a_mode_that_is_not_known_says_nothing_of_any_model() -> None:
    page = permissions("ask_first", "o3")
    [row] = read({"data": [{"id": "o3"}]}, "models", page).offers
    assert NOT_CALLABLE not in row.capabilities
    assert LIMITED.connector().read(page).problems


def test_a_project_that_never_had_permissions_tells_none() -> None:
    with serve(lambda path: Reply(status=404) if "permissions" in path else answers(path)) as provider:
        listing = LIMITED.listing(provider.url)
    assert len(listing.offers) == 8
    assert said(listing) == {}


def test_the_admin_key_goes_to_the_organisations_paths_alone() -> None:
    with serve(answers) as provider:
        LIMITED.listing(provider.url)
    sent = {urlsplit(each.path).path: each.headers["authorization"] for each in provider.asked}
    assert sent == {
        "/v1/models": f"Bearer {SECRET}",
        f"{PROJECT}/model_permissions": f"Bearer {SECRET}-admin",
        f"{PROJECT}/rate_limits": f"Bearer {SECRET}-admin",
    }


def test_the_check_asks_for_little_and_says_what_works() -> None:
    with serve(answers) as provider:
        assert BENCH.checked(provider.url) == "The key may use 8 models."
        assert LIMITED.checked(provider.url).endswith("the admin key may read the project's limits.")
        assert len(provider.asked) == 3


def test_a_check_with_an_ordinary_key_for_the_project_fails() -> None:
    refused = Reply(b'{"error": {"code": "invalid_api_key", "message": "no"}}', 401)
    with (
        serve(lambda path: refused if "organization" in path else answers(path)) as provider,
        pytest.raises(BadAnswer),
    ):
        LIMITED.checked(provider.url)


@pytest.mark.parametrize("code", ["insufficient_quota", "billing_hard_limit_reached"])
def test_an_account_without_money_is_told_to_a_person(code: str) -> None:
    body = json.dumps(
        {"error": {"message": "You exceeded …", "type": code, "param": None, "code": code}}
    ).encode()
    with serve(always(Reply(body, 429))) as provider, pytest.raises(BadAnswer) as caught:
        BENCH.listing(provider.url)
    trouble = BENCH.connector().trouble(caught.value)
    assert trouble.lasting
    assert "account" in trouble.why


def test_a_rate_limit_passes() -> None:
    error = BadAnswer("x answered 429.", 429, codes=frozenset({"rate_limit_exceeded"}))
    assert not BENCH.connector().trouble(error).lasting


def test_the_official_client_reads_our_server_as_openais() -> None:
    with serve(answers) as provider:
        client = openai.OpenAI(api_key=SECRET, admin_api_key=f"{SECRET}-admin", base_url=f"{provider.url}/v1")
        theirs = {model.id: model.shutdown_date for model in client.models.list()}
        projects = client.admin.organization.projects
        limits = {
            each.model: each.max_tokens_per_1_minute
            for each in projects.rate_limits.list_rate_limits("proj_1")
        }
        may = projects.model_permissions.retrieve("proj_1")
        ours = LIMITED.listing(provider.url)
    assert set(theirs) == {row.key for row in ours.offers}
    assert {key for key, date in theirs.items() if date} == {row.key for row in ours.offers if row.retires_at}
    assert set(limits) == {pool.name for pool in ours.pools}
    assert (may.mode, set(said(ours))) == ("deny_list", set(may.model_ids) & set(theirs))


def test_the_documented_answers_read_as_they_say() -> None:
    if not (SHARED / "openai" / "documented").exists():
        pytest.skip("not run: payloads absent")
    bodies = {
        part: (SHARED / "openai" / "documented" / f"GET_{name}.json").read_bytes()
        for part, name in {
            "models": "models",
            "rate_limits": "organization.projects.project_id.rate_limits",
            "model_permissions": "organization.projects.project_id.model_permissions",
        }.items()
    }
    listing = read(bodies["models"], "models", Page("u", bodies["model_permissions"], "model_permissions"))
    assert [(row.key, row.retires_at and row.retires_at.date().isoformat()) for row in listing.offers] == [
        ("model-id-0", None),
        ("model-id-1", None),
        ("model-id-2", "2026-10-23"),
    ]
    [pool] = read(bodies["rate_limits"], "rate_limits").pools
    assert (pool.name, pool.maximum, pool.rpm) == ("ada", Decimal(150_000), 600)


def test_the_published_example_is_no_json_and_is_told_so() -> None:
    with pytest.raises(ListingBroken, match="no whole JSON"):
        read(b'{"object": "list", "data": [{"id": "m", "object": "model"},], }')


@pytest.mark.parametrize("date", ["2025-03-30", "2025-11-14", "2026-05-08"])
def test_every_id_that_was_ever_seen_is_an_offer(date: str) -> None:
    path = SHARED / "openai" / f"models_tracker_{date}.json"
    if not path.exists():
        pytest.skip("not run: payloads absent")
    rows = json.loads(path.read_text())["models"]
    listing = read({"models": rows})
    assert len(listing.offers) == len({row["id"] for row in rows}) == len({row.key for row in listing.offers})
    assert (listing.problems, {row.publisher for row in listing.offers}) == ((), {"openai"})


def test_a_page_of_models_alone_reads_without_its_neighbours() -> None:
    page = Page("u", json.dumps(payload("openai", "models")).encode())
    listing = BENCH.connector().read(page)
    assert listing == BENCH.connector().read(replace(page, beside=()))
    assert {row.pool for row in listing.offers} == {""}
