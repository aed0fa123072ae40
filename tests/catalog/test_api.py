"""Supply over the API, in the shapes that people script against."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from catalog.models import Change, Host, Offer, SyncRun
from foundry.audit.models import Entry
from foundry.lib import clock
from tests import make
from tests.catalog import syncing
from tests.fakes.azure import region
from tests.people import api

pytestmark = pytest.mark.django_db
NEW = {
    "slug": "azure-east",
    "name": "Azure East",
    "connector": "azure",
    "region": "eastus2",
    "listing": {
        "base_url": "https://management.azure.example",
        "credential": "canary-listing",
        "settings": {"subscription": "sub-1", "location": "eastus2"},
    },
    "calling": {"base_url": "https://calls.example/v1", "credential": "canary-calling", "auth": "api-key"},
}


@pytest.fixture
def admin() -> Client:
    return api(make.person("ada", roles=("admin",)))


@pytest.fixture
def member() -> Client:
    return api(make.person())


def get(client: Client, path: str, **query: Any) -> Any:
    answer = client.get(f"/api/v1/{path}/", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def send(client: Client, path: str, body: Any = None, method: str = "post") -> Any:
    return getattr(client, method)(f"/api/v1/{path}/", body or {}, content_type="application/json")


def test_an_offer_says_everything_that_a_request_needs(member: Client) -> None:
    host = make.host("azure")
    offer = make.offer("grok-3", at=host, lifecycle="preview", terms=make.terms(), sku="GlobalStandard")
    [told] = get(member, "offers")["results"]
    assert told["id"] == offer.pk
    assert (told["model"], told["publisher"], told["host"]) == ("xai/grok-3", "xai", "azure")
    assert (told["lifecycle"], told["reach"], told["my_access"]) == ("preview", "connected", None)
    assert told["price"]["input_per_million"] == "3"
    assert told["price"]["basis"] == "host"
    assert told["terms"]["version"] == 1
    assert told["terms"]["facts"]["training"] == "none"
    assert get(member, f"offers/{offer.pk}") == told


def test_an_offer_tells_what_is_priced_apart_and_its_tiers(member: Client) -> None:
    offer = make.offer("grok-3", priced=False)
    price = make.price(offer, "0.271999999999999996", "15")
    price.parts, price.tiers = (
        {"request": "0.0000125"},
        [{"prices": {"input": "6"}, "over_input_tokens": 200_000}],
    )
    price.save()
    [told] = get(member, "offers")["results"]
    assert told["price"]["input_per_million"] == "0.271999999999999996"
    assert told["price"]["parts"] == {"request": "0.0000125"}
    assert told["price"]["tiers"] == [
        {"prices": {"input": "6"}, "over_input_tokens": 200_000, "utc_from": "", "utc_to": ""}
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [({}, {"grok-3", "llama"}), ({"q": "grok"}, {"grok-3"}), ({"publisher": "meta"}, {"llama"}),
     ({"host": "azure"}, {"grok-3"}), ({"max_price": "1"}, set()), ({"slug": "llama"}, {"llama"}),
     ({"region": "EastUS2"}, {"grok-3"}), ({"modality": "image"}, {"llama"}), ({"lifecycle": "preview"}, {"grok-3"})],
)  # fmt: skip
def test_models_are_filtered_as_offers_are(member: Client, query: dict[str, str], found: set[str]) -> None:
    make.offer("grok-3", at=make.host("azure"), region="eastus2", lifecycle="preview")
    make.offer(of=make.model("llama", by=make.publisher("meta")), modalities=["image"])
    make.offer("secret", hidden=True)
    assert {row["slug"] for row in get(member, "models", **query)["results"]} == found


def test_an_unknown_price_is_null(member: Client) -> None:
    make.offer("grok-3", priced=False)
    assert get(member, "offers")["results"][0]["price"] is None


@pytest.mark.parametrize(
    ("query", "count"),
    [({"q": "grok"}, 1), ({"publisher": "meta"}, 0), ({"model": "grok-3"}, 1), ({"max_price": "2.99"}, 0),
     ({"host": "azure"}, 1), ({"lifecycle": "preview"}, 0), ({"reach": "connected"}, 1), ({"gone": "true"}, 2)],
)  # fmt: skip
def test_offers_are_filtered_by_the_address(member: Client, query: dict[str, str], count: int) -> None:
    make.offer("grok-3", at=make.host("azure"))
    make.offer("grok-2", at=make.host("azure"), gone_at=clock.now(), priced=False)
    assert len(get(member, "offers", **query)["results"]) == count


def test_a_filter_that_cannot_be_read_is_a_problem_with_its_name(member: Client) -> None:
    answer = member.get("/api/v1/offers/?lifecycle=nonsense&max_price=abc")
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"lifecycle", "max_price"}


def test_a_host_is_connected_synced_and_watched(admin: Client) -> None:
    with region() as azure:
        body = NEW | {
            "listing": NEW["listing"] | {"base_url": azure.url},
            "trusted_networks": ["127.0.0.1/32"],
        }  # type: ignore[operator]
        assert send(admin, "hosts", body).status_code == 201
        answer = send(admin, "hosts/azure-east/sync")
        assert answer.status_code == 202
        run = answer.json()
        assert (run["state"], run["seen"], run["quarantined"], run["problems"]) == ("queued", 0, False, [])
        assert send(admin, "hosts/azure-east/sync").json()["code"] == "sync.open"
        SyncRun.objects.filter(pk=run["id"]).delete()
        syncing.run(Host.objects.get())
    done = get(admin, "sync-runs", host="azure-east")["results"][0]
    assert (done["state"], done["new"], done["rejected"]) == ("succeeded", 9, 0)


def test_no_answer_and_no_audit_entry_holds_a_credential(admin: Client) -> None:
    answers = [send(admin, "hosts", NEW), admin.get("/api/v1/hosts/"), admin.get("/api/v1/hosts/azure-east/")]
    answers.append(send(admin, "hosts", NEW))
    answers.append(send(admin, "hosts/azure-east", {"name": "Azure", "listing": NEW["listing"]}, "patch"))
    assert [answer.status_code for answer in answers] == [201, 200, 200, 409, 200]
    assert all(b"canary" not in answer.content for answer in answers)
    assert all(b"canary" not in bytes(entry.body) for entry in Entry.objects.all())
    assert answers[0].json()["listing"]["has_credential"] is True


def test_how_a_host_is_connected_is_told_only_to_those_who_keep_supply(admin: Client, member: Client) -> None:
    send(admin, "hosts", NEW)
    told = get(member, "hosts/azure-east")
    assert told["name"] == "Azure East"
    assert not {"listing", "calling", "trusted_networks"} & set(told)


def test_a_host_without_calling_is_only_listed(admin: Client, member: Client) -> None:
    send(admin, "hosts", {name: value for name, value in NEW.items() if name != "calling"})
    make.offer("grok-3", at=Host.objects.get())
    assert get(member, "offers")["results"][0]["reach"] == "listed"


@pytest.mark.parametrize(
    ("part", "names"),
    [
        ({"connector": "magic"}, {"connector"}),
        ({"slug": "has space"}, {"slug"}),
        ({"listing": {"base_url": "https://x.example", "settings": {}}}, {"listing_settings"}),
        (
            {"listing": {"base_url": "http://127.0.0.1", "settings": NEW["listing"]["settings"]}},
            {"listing_base_url"},
        ),  # type: ignore[index]
        ({"calling": {"base_url": "http://[::ffff:10.0.0.1]/"}}, {"calling_base_url"}),
        ({"calling": {"base_url": "https://x.example", "auth": "magic"}}, {"calling_auth"}),
        ({"trusted_networks": ["0.0.0.0/0"]}, {"trusted_networks"}),
        ({"terms": "none"}, {"terms"}),
    ],
)
def test_a_body_that_cannot_work_names_its_fields(
    admin: Client, part: dict[str, Any], names: set[str]
) -> None:
    answer = send(admin, "hosts", NEW | part)
    assert (answer.status_code, set(answer.json()["errors"])) == (400, names), answer.content
    assert not Host.objects.exists()


def test_a_host_is_changed_part_by_part_and_switched_off(admin: Client) -> None:
    send(admin, "hosts", NEW)
    answer = send(admin, "hosts/azure-east", {"region": "westus", "on": False}, "patch")
    assert answer.status_code == 200, answer.content
    row = Host.objects.get()
    assert (row.region, row.listing_settings["subscription"]) == ("westus", "sub-1")
    assert row.disabled_at is not None
    send(admin, "hosts/azure-east", {"on": True}, "patch")
    row.refresh_from_db()
    assert row.disabled_at is None


@pytest.mark.parametrize("roles", [(), ("ops",), ("auditor",), ("finance",)])
def test_only_admins_write(roles: tuple[str, ...]) -> None:
    offer = make.offer("grok-3", at=make.host("azure-east"))
    client = api(make.person(roles=roles))
    price = {"input_per_million": "1", "output_per_million": "1", "source": "x"}
    answers = [
        send(client, "hosts", NEW | {"slug": "other"}),
        send(client, "hosts/azure-east", {"name": "x"}, "patch"),
        send(client, "hosts/azure-east/check"),
        send(client, f"offers/{offer.pk}", {"hidden": True}, "patch"),
        send(client, f"offers/{offer.pk}/price", price),
    ]
    assert {answer.status_code for answer in answers} == {403}


def test_a_token_without_the_admin_scope_writes_nothing() -> None:
    client = api(make.person(roles=("admin",)), "read", "write")
    assert send(client, "hosts", NEW).status_code == 403


def test_a_price_is_set_from_a_moment_on(admin: Client) -> None:
    offer = make.offer("grok-3")
    body = {"input_per_million": "2.5", "output_per_million": "10", "source": "contract"}
    assert send(admin, f"offers/{offer.pk}/price", body).status_code == 201
    assert get(admin, f"offers/{offer.pk}")["price"]["input_per_million"] == "2.5"
    past = body | {"starts_at": (clock.now() - timedelta(days=1)).isoformat()}
    assert send(admin, f"offers/{offer.pk}/price", past).json()["code"] == "price.past"


def test_a_waiting_change_is_applied_once(admin: Client) -> None:
    offer = make.offer("grok-3")
    change = Change.objects.create(
        host=offer.host, offer=offer, key=offer.key, kind="gone", before={"listed": True}, after={"listed": False},
        risky=True, state="waiting",
    )  # fmt: skip
    assert [row["id"] for row in get(admin, "changes", state="waiting")["results"]] == [change.pk]
    assert send(admin, f"changes/{change.pk}/apply").json()["state"] == "applied"
    again = send(admin, f"changes/{change.pk}/dismiss")
    assert (again.status_code, again.json()["code"]) == (409, "change.applied")
    assert Offer.objects.get().gone_at is not None


@pytest.mark.parametrize("path", ["sync-runs", "changes", "capacity"])
def test_how_supply_comes_in_is_not_told_to_teams(member: Client, path: str) -> None:
    host = make.host("azure")
    SyncRun.objects.create(host=host, asked_by="x")
    make.pool(host)
    Change.objects.create(host=host, key="k", kind="new")
    assert get(member, path)["results"] == []


def test_capacity_is_in_the_hosts_unit(admin: Client) -> None:
    host = make.host("azure")
    make.offer(at=host, pool=make.pool(host))
    make.pool(host, "tpm", maximum=30, tpm_per_unit=1000)
    told = {row["name"]: row for row in get(admin, "capacity", host="azure")["results"]}
    shared = told["AIServices.GlobalStandard.MaaS"]
    assert (shared["maximum"], shared["unit"], shared["shared_by"], shared["tpm"]) == (
        "600.00",
        "Count",
        1,
        None,
    )
    assert shared["headroom_tpm"] is None
    assert (told["tpm"]["tpm"], told["tpm"]["headroom_tpm"]) == (30_000, 30_000)


def test_publishers_and_models_are_read_by_everybody(member: Client) -> None:
    make.offer("grok-3")
    assert get(member, "publishers/xai")["name"] == "Xai"
    assert [row["full_name"] for row in get(member, "models")["results"]] == ["xai/grok-3"]


def test_a_hidden_offer_is_not_there(member: Client) -> None:
    offer = make.offer("grok-3", hidden=True)
    assert member.get(f"/api/v1/offers/{offer.pk}/").status_code == 404
    assert get(member, "models")["results"] == []
