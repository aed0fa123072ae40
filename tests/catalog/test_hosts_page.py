"""Pages of those who keep supply: who may see them, what they tell, and what moves while a sync runs."""

from html import unescape
from typing import Any

import pytest
from django.test import Client

from catalog.connectors.registry import CONNECTORS
from catalog.host_form import settings_of
from catalog.models import Change, Host, SyncRun
from foundry.lib import clock, secrets
from tests import make
from tests.foundry.web.markup import faults, inline_parts
from tests.people import browser

pytestmark = pytest.mark.django_db
FORM = {
    "name": "Azure East", "slug": "azure-east", "connector": "azure", "region": "eastus2", "sync_every_s": "3600",
    "listing_base_url": "https://management.azure.example", "listing_credential": "canary-listing",
    "subscription": "sub-1", "location": "eastus2", "calling_base_url": "https://calls.example/v1",
    "calling_credential": "canary-calling", "calling_auth": "api-key", "trusted_networks": "",
}  # fmt: skip


@pytest.fixture
def ada() -> Client:
    return browser(make.person("ada", roles=("admin",)))


def host(**fields: Any) -> Host:
    return make.host("azure", listing_credential=secrets.encrypt("canary"), **fields)


@pytest.mark.parametrize(
    ("path", "readers"),
    [
        ("/hosts/", {"admin", "ops", "auditor"}),
        ("/hosts/azure/", {"admin", "ops", "auditor"}),
        ("/hosts/azure/progress/", {"admin", "ops", "auditor"}),
        ("/hosts/new/", {"admin"}),
        ("/hosts/azure/change/", {"admin"}),
        ("/sync/", {"admin", "ops", "auditor"}),
        ("/changes/", {"admin", "ops", "auditor"}),
        ("/capacity/", {"admin", "ops", "auditor", "finance"}),
    ],
)
def test_each_page_has_its_readers(path: str, readers: set[str]) -> None:
    host()
    roles = ("admin", "ops", "auditor", "security", "finance")
    opened = {role for role in roles if browser(make.person(roles=(role,))).get(path).status_code == 200}
    assert opened == readers
    assert browser(make.person()).get(path).status_code == 403
    assert browser().get(path).status_code == 302


def test_connecting_a_host_leads_to_its_page(ada: Client) -> None:
    answer = ada.post("/hosts/new/", FORM)
    assert answer.headers["Location"] == "/hosts/azure-east/"
    made = Host.objects.get(slug="azure-east")
    assert made.listing_settings == {"subscription": "sub-1", "location": "eastus2"}
    assert made.calling_auth == "api-key"


def test_no_page_shows_a_credential(ada: Client) -> None:
    ada.post("/hosts/new/", FORM)
    for path in ("/hosts/", "/hosts/azure-east/", "/hosts/azure-east/change/", "/audit/"):
        assert "canary" not in ada.get(path).content.decode()
    assert "stored, encrypted" in ada.get("/hosts/azure-east/").content.decode()


def test_a_form_that_cannot_work_keeps_what_was_typed_but_not_the_credential(ada: Client) -> None:
    assert (
        "Azure AI Foundry needs it." in ada.post("/hosts/new/", FORM | {"subscription": ""}).content.decode()
    )
    answer = ada.post("/hosts/new/", FORM | {"listing_base_url": "ftp://x"})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "must be http(s)" in page
    assert 'value="Azure East"' in page
    assert "canary" not in page
    assert not Host.objects.exists()


def test_changing_a_host_keeps_its_credential_and_its_other_settings(ada: Client) -> None:
    ada.post("/hosts/new/", FORM)
    before = Host.objects.get()
    ada.post(
        "/hosts/azure-east/change/",
        FORM | {"name": "Azure US", "listing_credential": "", "calling_credential": ""},
    )
    after = Host.objects.get()
    assert after.name == "Azure US"
    assert bytes(after.listing_credential or b"") == bytes(before.listing_credential or b"")


def test_sync_now_queues_a_run_and_the_page_moves_until_it_ends(ada: Client) -> None:
    row = host()
    ada.post("/hosts/azure/sync/")
    run = SyncRun.objects.get()
    page = ada.get("/hosts/azure/").content.decode()
    assert 'hx-trigger="every 1s"' in page
    assert "waits for a worker" in page
    run.state, run.seen, run.expected, run.pages = "running", 41, 149, 1
    run.save()
    part = ada.get("/hosts/azure/progress/").content.decode()
    assert "41 of 149" in part
    run.state, run.finished_at = "succeeded", clock.now()
    run.save()
    assert "hx-trigger" not in ada.get(f"/hosts/{row.slug}/progress/").content.decode()


def test_a_second_sync_is_refused_with_a_message(ada: Client) -> None:
    host()
    ada.post("/hosts/azure/sync/")
    answer = ada.post(
        "/hosts/azure/sync/", headers={"referer": "http://testserver/hosts/azure/"}, follow=True
    )
    assert "already under way" in answer.content.decode()
    assert SyncRun.objects.count() == 1


@pytest.mark.parametrize("roles", [(), ("auditor",), ("finance",)])
def test_others_cannot_sync(roles: tuple[str, ...]) -> None:
    host()
    assert browser(make.person(roles=roles)).post("/hosts/azure/sync/").status_code == 403
    assert not SyncRun.objects.exists()


def test_a_run_says_why_it_was_quarantined(ada: Client) -> None:
    SyncRun.objects.create(
        host=host(), asked_by="schedule", state="quarantined",
        problems=[{"where": "listing", "why": "41 of 149 came, 108 missing; nothing changed"}],
    )  # fmt: skip
    for path in ("/hosts/azure/", "/sync/"):
        assert "41 of 149 came, 108 missing; nothing changed" in ada.get(path).content.decode()


def waiting(host: Host) -> Change:
    offer = make.offer("grok-3", at=host)
    prices = [
        {"input": amount, "output": "15", "cached_input": None, "basis": "host"} for amount in ("3", "4.2")
    ]
    return Change.objects.create(
        host=host, offer=offer, key=offer.key, kind="price", before=prices[0], after=prices[1], risky=True,
        why_risky="input price up 40 %", state="waiting",
    )  # fmt: skip


def test_a_waiting_change_is_shown_in_words_and_applied(ada: Client) -> None:
    change = waiting(host())
    page = ada.get("/changes/").content.decode()
    for words in (
        "input price up 40 %",
        "$3.00 / $15.00 (host)",
        "$4.20 / $15.00 (host)",
        "Apply",
        "Dismiss",
    ):
        assert words in page
    ada.post(f"/changes/{change.pk}/apply/")
    change.refresh_from_db()
    assert (change.state, change.settled_by) == ("applied", "Ada")
    assert "Nothing waits" in ada.get("/changes/").content.decode()
    assert "Applied" in ada.get("/changes/?state=applied").content.decode()


def test_ops_read_changes_and_cannot_settle_them() -> None:
    change = waiting(host())
    ops = browser(make.person(roles=("ops",)))
    assert "/dismiss/" not in ops.get("/changes/").content.decode()
    assert ops.post(f"/changes/{change.pk}/dismiss/").status_code == 403


def test_capacity_keeps_the_hosts_unit_and_makes_no_headroom_up(ada: Client) -> None:
    row = host()
    make.offer(at=row, pool=make.pool(row))
    make.offer(at=row, pool=make.pool(row, "gpt", maximum=1000, tpm_per_unit=1000, label="TPM"))
    make.pool(row, "AccountCount", label="Nobody uses it")
    page = ada.get("/capacity/").content.decode()
    assert "of 600 units" in page
    assert "not told" in page
    assert "1,000,000" in page
    assert "Nobody uses it" not in page
    assert "Nobody uses it" in ada.get("/capacity/?used=all").content.decode()


def test_an_admin_sets_a_price_and_hides_an_offer(ada: Client) -> None:
    offer = make.offer("grok-3", at=host())
    form = {
        "input_per_million": "2",
        "output_per_million": "8",
        "basis": "negotiated",
        "source": "contract 7",
    }
    ada.post(f"/offers/{offer.pk}/price/", form)
    page = ada.get(f"/offers/{offer.pk}/price/").content.decode()
    assert "$2.00" in page
    assert "contract 7" in page
    ada.post(f"/offers/{offer.pk}/show/", {"hidden": "1"})
    offer.refresh_from_db()
    assert offer.hidden


def test_checking_a_credential_says_why_it_does_not_work(ada: Client) -> None:
    host(listing_base_url="http://127.0.0.1:9/")
    answer = ada.post("/hosts/azure/check/", follow=True)
    assert "forbidden address" in answer.content.decode()


def test_a_runs_changes_are_settled_together_from_its_own_list(ada: Client) -> None:
    row = host()
    run = SyncRun.objects.create(host=row, asked_by="schedule", state="quarantined")
    change = waiting(row)
    Change.objects.filter(pk=change.pk).update(run=run)
    assert f"/changes/?run={run.pk}" in ada.get("/hosts/azure/").content.decode()
    assert "Apply all 1" in ada.get("/changes/", {"run": run.pk}).content.decode()
    ada.post(f"/sync/{run.pk}/settle/", {"yes": "1"})
    change.refresh_from_db()
    assert change.state == "applied"


def test_home_says_what_of_supply_waits(ada: Client) -> None:
    row = host()
    waiting(row)
    SyncRun.objects.create(host=row, asked_by="schedule", state="failed", finished_at=clock.now())
    page = ada.get("/").content.decode()
    assert "1 risky change at" in page
    assert "The last sync of" in page
    assert "risky" not in browser(make.person()).get("/").content.decode()


@pytest.mark.parametrize(
    ("entered", "kept"),
    [
        ({"connector": "openai", "project": "proj_1"}, {"project": "proj_1"}),
        ({"connector": "bedrock", "region": "us-east-1"}, {"region": "us-east-1"}),
        (
            {
                "connector": "azure",
                "subscription": "s",
                "location": "eastus2",
                "tenant": "t",
                "client_id": "c",
            },
            {"subscription": "s", "location": "eastus2", "tenant": "t", "client_id": "c"},
        ),
    ],
)
def test_what_a_kind_asks_for_beside_the_address_can_be_entered(
    ada: Client, entered: dict[str, str], kept: dict[str, str]
) -> None:
    ada.post(
        "/hosts/new/",
        FORM | {"subscription": "", "location": "", "listing_base_url": "https://x.example"} | entered,
    )
    assert Host.objects.get(slug="azure-east").listing_settings == kept


def test_every_kind_can_be_chosen_and_its_form_asks_what_it_needs_and_nothing_else(ada: Client) -> None:
    choices = ada.get("/hosts/new/").content.decode()
    every = {name for kind in CONNECTORS.values() for name in settings_of(kind)} - {"region"}
    for kind in CONNECTORS.values():
        assert f'href="?kind={kind.name}"' in choices
        assert kind.credential_hint in unescape(choices)
        form = ada.get("/hosts/new/", {"kind": kind.name}).content.decode()
        asked = {name for name in every if f'name="{name}"' in form}
        assert asked == set(settings_of(kind)) - {"region"}, kind.name
        assert ('name="listing_base_url"' in form) == kind.needs_network, kind.name
        assert ('name="sync_every_s"' in form) == kind.lists, kind.name
        assert f'value="{kind.base_url}"' in form or not kind.base_url, kind.name
        assert (faults(form), inline_parts(form)) == ([], [])


def test_a_kind_that_is_not_there_is_refused_with_those_that_are(ada: Client) -> None:
    answer = ada.get("/hosts/new/", {"kind": "magic"})
    assert answer.status_code == 400
    assert "openrouter" in answer.content.decode()


def test_a_host_without_a_listing_is_connected_with_a_name_alone(ada: Client) -> None:
    entered = {"connector": "manual", "name": "Soon", "slug": "soon", "calling_auth": "bearer"}
    assert ada.post("/hosts/new/", entered).headers["Location"] == "/hosts/soon/"
    assert Host.objects.get(slug="soon").sync_every_s is None


def test_what_the_form_of_a_kind_does_not_ask_stays_as_it_was(ada: Client) -> None:
    row = host(
        connector="reference", gone_percent=7, calling_path_template="", publishes_new=True, is_demo=True
    )
    entered = {"connector": "xai", "name": "List", "slug": "azure", "publishes_new": "on", "gone_percent": ""}
    assert ada.post("/hosts/azure/change/", entered).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.connector, row.gone_percent, row.is_demo) == ("List", "reference", 7, True)
