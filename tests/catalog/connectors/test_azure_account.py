"""An Azure account's deployments are what calls name; an app's secret goes to the login authority alone."""

import json
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from catalog.connectors.azure import Azure
from catalog.connectors.base import Connection, Listing, ListingBroken, OfferRow, Page
from catalog.connectors.entra import Entra
from catalog.models import CapacityPool, Offer
from foundry.lib.http import BadAnswer
from tests.catalog import syncing
from tests.catalog.connectors.speaking import Speaking, host_of
from tests.fakes.listing import SECRET, Bench, payload
from tests.fakes.provider import HTML, Asked, Reply, Script, serve, told

TOKEN = "/tenant-1/oauth2/v2.0/token"
PLACE = {"subscription": "sub-1", "location": "eastus2"}
ACCOUNT = {"resource_group": "ai", "account": "contoso"}
APP = {"tenant": "tenant-1", "client_id": "app-1"}


def answers(path: str) -> Reply:
    """A region with one account; the first page of models names the second from the server's root."""
    parts = urlsplit(path)
    if parts.path == TOKEN:
        return told({"token_type": "Bearer", "expires_in": 3599, "access_token": "token-1"})
    if parts.path.endswith("/accounts/contoso/deployments"):
        return told(payload("azure", "deployments"))
    if parts.path.endswith("/usages"):
        return told(payload("azure", "usages"))
    if "$skiptoken" in parse_qs(parts.query):
        return told(payload("azure", "models_page_2"))
    if parts.path.endswith("/locations/eastus2/models"):
        after = f"{parts.path}?api-version=2025-06-01&$skiptoken=2"
        return told(payload("azure", "models_page_1") | {"nextLink": after})
    return Reply(status=404)


def on(part: str, reply: Reply) -> Script:
    return lambda path: reply if part in path else answers(path)


FIRST, SECOND = payload("azure", "models_page_1"), payload("azure", "models_page_2")
BENCH = Bench(
    "azure",
    answers,
    path="",
    last="/usages",
    settings=PLACE | ACCOUNT,
    more={
        "a second page that leads back": on(
            "skiptoken", told(SECOND | {"nextLink": "/subscriptions/x?$skiptoken=2"})
        ),
        "a second page that is missing": on("skiptoken", Reply(status=404)),
        "a second page that is the first": on("skiptoken", told(FIRST | {"nextLink": None})),
        "a next page elsewhere": on("/models", told(FIRST | {"nextLink": "https://169.254.169.254/models"})),
        "a next page that is a number": on("skiptoken", told(SECOND | {"nextLink": 2})),
        "deployments that are HTML": on("/deployments", HTML),
        "deployments that may not be read": on("/deployments", Reply(status=403)),
        "deployments of an account that is not there": on("/deployments", Reply(status=404)),
        "deployments with an error": on(
            "/deployments", told({"error": {"code": "AuthorizationFailed"}, "value": []})
        ),
    },
)
BY_SECRET = Bench("azure", answers, path="", last="/usages", settings=PLACE | ACCOUNT | APP)


class TestAzureWithAnAccount(Speaking):
    bench = BENCH


def read(content: Any, *, beside: Any = None) -> Listing:
    pages = (Page("u", json.dumps(beside).encode(), "deployments"),) if beside else ()
    return BENCH.connector().read(Page("u", json.dumps(content).encode(), "models", beside=pages))


def offers() -> dict[str, OfferRow]:
    rows = [*read(FIRST, beside=payload("azure", "deployments")).offers]
    return {row.key: row for row in rows}


GPT, GROK = "openai/gpt-4.1/2025-04-14/GlobalStandard", "xai/grok-3/1/GlobalStandard"


def test_a_deployed_offer_is_called_by_its_deployments_name() -> None:
    row = offers()[GPT]
    assert (row.host_model_id, row.pool) == ("chat-prod", "deployment chat-prod")
    assert row.capabilities["deployments"] == "chat-prod, chat-dev (Creating)"
    assert row.capabilities["deployment_capacity"] == "80"


def test_a_deployment_without_told_limits_leaves_the_regions_quota() -> None:
    row = offers()[GROK]
    assert (row.host_model_id, row.pool) == ("grok", "AIServices.GlobalStandard.MaaS")


def test_what_is_not_deployed_keeps_its_own_name() -> None:
    row = offers()["openai/gpt-4.1/2025-04-14/DataZoneStandard"]
    assert row.host_model_id == "gpt-4.1"
    assert "deployments" not in row.capabilities


def test_limits_count_for_a_minute_whatever_their_period() -> None:
    page = Page("u", json.dumps(payload("azure", "deployments")).encode(), "deployments")
    [pool] = BENCH.connector().read(page).pools
    assert (pool.name, pool.maximum, pool.tpm_per_unit, pool.rpm) == (
        "deployment chat-prod",
        Decimal(80_000),
        1,
        480,
    )


@pytest.mark.parametrize(
    "row",
    [None, 3, {}, {"name": "x"}, {"name": "x", "sku": None, "properties": None},
     {"name": "x", "sku": {"name": "S", "capacity": -1}, "properties": {"model": {"format": "O", "name": "m", "version": "1"}}},
     {"name": "x", "sku": {"name": "S"}, "properties": {"model": {"format": "O", "name": None, "version": "1"}}}],
)  # fmt: skip
def test_a_bad_deployment_fails_alone(row: Any) -> None:
    rows = [row, *payload("azure", "deployments")["value"]]
    listing = BENCH.connector().read(Page("u", json.dumps(rows).encode(), "deployments"))
    assert (len(listing.pools), listing.rejected) == (1, 1)
    assert read(FIRST, beside=rows).offers == read(FIRST, beside=rows[1:]).offers


def test_an_account_with_nothing_deployed_is_none_the_worse() -> None:
    assert read(FIRST, beside={"value": []}).offers == read(FIRST).offers


@pytest.mark.django_db
def test_a_deployed_offer_draws_on_its_deployment() -> None:
    with serve(answers) as provider:
        syncing.run(host_of(BENCH, provider.url))
    offer = Offer.objects.select_related("pool").get(key=GPT)
    assert (offer.host_model_id, offer.pool) == (
        "chat-prod",
        CapacityPool.objects.get(name="deployment chat-prod"),
    )


def by_method(asked: list[Asked], method: str) -> list[Asked]:
    return [each for each in asked if each.method == method]


def test_an_apps_secret_is_sent_once_to_the_login_authority_and_its_token_to_azure() -> None:
    with serve(answers) as provider:
        listing = BY_SECRET.listing(provider.url)
        [login] = by_method(provider.asked, "POST")
        asked = by_method(provider.asked, "GET")
    assert (login.path, login.headers.get("authorization")) == (TOKEN, None)
    assert {name: value for name, [value] in parse_qs(login.body.decode()).items()} == {
        "grant_type": "client_credentials",
        "client_id": "app-1",
        "client_secret": SECRET,
        "scope": f"{provider.url}/.default",
    }
    assert {each.headers["authorization"] for each in asked} == {"Bearer token-1"}
    assert SECRET not in str([(each.path, each.headers) for each in provider.asked])
    with serve(answers) as provider:
        assert BENCH.listing(provider.url) == listing


def test_a_token_that_is_about_to_end_is_fetched_anew() -> None:
    short = on(TOKEN, told({"expires_in": 60, "access_token": "token-1"}))
    with serve(short) as provider:
        BY_SECRET.listing(provider.url)
        assert len(by_method(provider.asked, "POST")) == len(by_method(provider.asked, "GET")) == 4


def test_a_plain_token_asks_nobody_for_another() -> None:
    with serve(answers) as provider:
        BENCH.listing(provider.url)
        assert by_method(provider.asked, "POST") == []


def test_a_wrong_secret_is_told_in_words_without_it() -> None:
    body = json.dumps(
        {"error": "invalid_client", "error_description": f"AADSTS7000215: {SECRET}", "error_codes": [7000215]}
    )
    with serve(on(TOKEN, Reply(body.encode(), 401))) as provider, pytest.raises(BadAnswer) as caught:
        BY_SECRET.listing(provider.url)
    trouble = BY_SECRET.connector().trouble(caught.value)
    assert (trouble.lasting, "client secret is wrong" in trouble.why, SECRET in trouble.why) == (
        True,
        True,
        False,
    )
    assert [each.method for each in provider.asked] == ["POST"]


def test_a_busy_authority_is_asked_again() -> None:
    busy = [Reply(status=503)]
    script = lambda path: busy.pop() if busy and path == TOKEN else answers(path)  # noqa: E731
    with serve(script) as provider:
        assert BY_SECRET.listing(provider.url).complete


@pytest.mark.parametrize(
    "reply",
    [
        HTML,
        Reply(b""),
        told({}),
        told([]),
        told({"access_token": None}),
        told({"access_token": "a\nb"}),
        told({"access_token": "é"}),
    ],
)
def test_an_authority_without_a_token_is_told(reply: Reply) -> None:
    with serve(on(TOKEN, reply)) as provider, pytest.raises(ListingBroken):
        BY_SECRET.listing(provider.url)
    assert by_method(provider.asked, "GET") == []


def test_an_authority_that_sends_us_elsewhere_gets_no_second_secret() -> None:
    away = Reply(status=307, headers={"location": "/elsewhere"})
    with serve(on(TOKEN, away)) as provider, pytest.raises(BadAnswer, match="not followed"):
        BY_SECRET.listing(provider.url)
    assert provider.paths() == [TOKEN]


@pytest.mark.parametrize(
    ("base_url", "authority"),
    [
        ("https://management.azure.com", "https://login.microsoftonline.com"),
        ("https://management.usgovcloudapi.net/", "https://login.microsoftonline.us"),
        ("https://management.chinacloudapi.cn", "https://login.partner.microsoftonline.cn"),
        ("https://arm.stack.example:30024/x", "https://arm.stack.example:30024"),
    ],
)
def test_each_cloud_signs_in_at_its_own_authority(base_url: str, authority: str) -> None:
    assert Entra(Connection(base_url, APP), "s").authority == authority


@pytest.mark.parametrize("half", ["tenant", "client_id"])
def test_half_an_app_is_told(half: str) -> None:
    connector = Azure(Connection("https://arm.example", PLACE | {half: "x"}))
    with pytest.raises(ListingBroken, match="both tenant and client_id"):
        connector.headers("secret")


@pytest.mark.django_db
def test_a_sync_signs_in_over_the_networks_that_the_host_trusts() -> None:
    with serve(answers) as provider:
        run = syncing.run(host_of(BY_SECRET, provider.url))
    assert (run.state, run.problems) == ("succeeded", [])


def test_the_check_says_what_the_credential_may_read() -> None:
    with serve(answers) as provider:
        assert "quotas, and 1 deployments with their limits" in BY_SECRET.checked(provider.url)


@pytest.mark.parametrize(
    ("model", "told_of"),
    [
        ({"deprecation": {"inference": None, "fineTune": "2026-04-01T00:00:00Z", "deprecationStatus": "Planned"}},
         {"deprecation_status": "Planned", "fine_tune_until": "2026-04-01"}),
        ({"deprecation": {"inference": "2099-12-31T00:00:00Z", "fineTune": "2099-12-31T00:00:00Z"}}, {}),
        ({"replacementConfig": {"targetModelName": "m", "autoUpgradeStartDate": "2026-02-13T00:00:00Z"}},
         {"auto_upgrade_from": "2026-02-13"}),
        ({"deprecation": None, "replacementConfig": None}, {}),
    ],
)  # fmt: skip
def test_what_else_is_told_of_an_end_is_kept(model: dict[str, Any], told_of: dict[str, str]) -> None:
    row = FIRST["value"][0]
    bare = {**row["model"], "capabilities": {}, "deprecation": {}, "replacementConfig": None}
    [found] = read({"value": [{**row, "model": bare | model}]}).offers
    assert dict(found.capabilities) == told_of
