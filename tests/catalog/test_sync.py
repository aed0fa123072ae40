"""A sync takes a whole listing into the catalog, and only what differs."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from catalog import sync
from catalog.models import Change, Offer, Price, SyncRun
from catalog.states import RunState
from foundry.audit.models import Entry
from foundry.lib import secrets
from tests import make
from tests.catalog import syncing
from tests.fakes.azure import payload, region
from tests.fakes.provider import Provider, Reply, always, serve, told

pytestmark = pytest.mark.django_db


def models(*rows: dict[str, Any] | str) -> Reply:
    return told({"data": [{"id": row} if isinstance(row, str) else row for row in rows]})


def test_two_pages_of_azure_become_offers_with_pool_terms_and_reference_price() -> None:
    with region() as azure:
        run = syncing.run(syncing.azure(azure.url))
    assert (run.state, run.seen, run.new, run.pages, run.problems) == ("succeeded", 9, 9, 3, [])
    grok = Offer.objects.get(model__slug="grok-3")
    assert (str(grok.model), grok.lifecycle, grok.region, grok.sku) == (
        "xai/grok-3",
        "preview",
        "eastus2",
        "GlobalStandard",
    )
    assert grok.pool is not None
    assert (grok.pool.maximum, grok.pool.unit, grok.pool.tpm) == (600, "Count", None)
    assert grok.terms is not None
    assert grok.terms.facts["training"] == "none"
    [price] = grok.prices.all()
    assert (price.basis, price.input_per_million, price.output_per_million) == ("reference", 3, 15)


def test_only_what_is_sold_per_token_gets_the_makers_list_price() -> None:
    with region() as azure:
        syncing.run(syncing.azure(azure.url))
    assert set(Price.objects.values_list("offer__sku", flat=True)) == {"GlobalStandard", "Standard"}


def test_a_successor_is_linked_when_the_host_serves_it() -> None:
    with region() as azure:
        syncing.run(syncing.azure(azure.url))
    old = Offer.objects.get(model__slug="gpt-35-turbo", version="0301")
    assert old.successor is not None
    assert old.successor.version == "0125"


def rows_of(model: Any) -> list[Any]:
    return list(model.objects.order_by("pk").values())


def test_ten_identical_syncs_change_no_row() -> None:
    with region() as azure:
        host = syncing.azure(azure.url)
        syncing.run(host)
        before = [rows_of(model) for model in (Offer, Price, Change)]
        runs = [syncing.run(host) for _ in range(10)]
    assert [(run.state, run.new, run.changed, run.gone) for run in runs] == [("succeeded", 0, 0, 0)] * 10
    assert [rows_of(model) for model in (Offer, Price, Change)] == before


def test_the_credential_travels_only_in_the_header() -> None:
    with region() as azure:
        host = syncing.azure(azure.url)
        host.listing_credential = secrets.encrypt("canary-credential")
        host.save()
        syncing.run(host)
    assert {each.headers["authorization"] for each in azure.asked} == {"Bearer canary-credential"}
    assert not [each.path for each in azure.asked if "canary" in each.path]


def test_what_changed_is_written_and_the_rest_stays() -> None:
    def script(provider: Provider, context: int) -> None:
        provider.script = always(models({"id": "grok-3", "context_length": context}, "grok-4"))

    with serve(always(Reply())) as provider:
        host = syncing.compatible(provider.url)
        script(provider, 1000)
        syncing.run(host)
        untouched = Offer.objects.get(key="grok-4").told_at
        script(provider, 2000)
        run = syncing.run(host)
    assert (run.new, run.changed, run.gone) == (0, 1, 0)
    assert Offer.objects.get(key="grok-3").context_tokens == 2000
    assert Offer.objects.get(key="grok-4").told_at == untouched
    change = Change.objects.get(kind="context")
    assert (change.state, change.before["context_tokens"], change.after["context_tokens"]) == (
        "applied",
        1000,
        2000,
    )


def test_an_offer_that_is_no_longer_told_is_gone_and_may_come_back() -> None:
    names = [f"m{number}" for number in range(6)]
    with serve(always(models(*names))) as provider:
        host = syncing.compatible(provider.url)
        syncing.run(host)
        provider.script = always(models(*names[1:]))
        run = syncing.run(host)
        assert (run.state, run.gone) == ("succeeded", 1)
        gone = Offer.objects.get(key="m0")
        assert gone.gone_at is not None
        assert gone.reach.word == "listed"
        provider.script = always(models(*names))
        syncing.run(host)
    assert Offer.objects.get(key="m0").gone_at is None
    assert Change.objects.filter(key="m0").order_by("pk").values_list("kind", flat=True)[1:][0] == "gone"


def test_a_bad_row_is_rejected_and_the_rest_comes() -> None:
    with serve(always(models("good", {"id": None}))) as provider:
        run = syncing.run(syncing.compatible(provider.url))
    assert (run.state, run.new, run.rejected) == ("partial", 1, 1)
    assert "'id' is missing" in run.problems[0]["why"]


def test_a_run_is_claimed_once() -> None:
    with region() as azure:
        host = syncing.azure(azure.url)
        queued = SyncRun.objects.create(host=host, asked_by="test")
        assert sync.run(queued.pk) is not None
        assert sync.run(queued.pk) is None
        assert len(azure.paths()) == 3


def test_a_run_that_was_ended_meanwhile_applies_nothing() -> None:
    with serve(always(Reply())) as provider:
        host = syncing.compatible(provider.url)

        def end_it(path: str) -> Reply:
            return models("grok-3")

        provider.script = end_it
        queued = SyncRun.objects.create(host=host, asked_by="test", state=RunState.RUNNING)
        listing = sync.collect(queued, sync.connector_of(host), lambda: syncing.DAY_ONE)
        SyncRun.objects.filter(pk=queued.pk).update(state=RunState.FAILED)
        with pytest.raises(sync.RunClosed):
            sync.apply(queued.pk, listing, source="test", at=syncing.DAY_ONE)
    assert not Offer.objects.exists()


def test_a_price_change_closes_the_old_row_and_opens_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from catalog.connectors.base import PriceRow

    def at_price(amount: str) -> None:
        row = PriceRow(Decimal(amount), Decimal(10), None, "reference", "test")
        monkeypatch.setattr(sync, "list_price", lambda *asked: row)

    with region() as azure:
        host = syncing.azure(azure.url)
        at_price("3")
        syncing.run(host, syncing.DAY_ONE)
        at_price("2")
        syncing.run(host, syncing.DAY_ONE + timedelta(days=1))
    old, new = Price.objects.filter(offer__model__slug="grok-3").order_by("starts_at")
    assert (old.input_per_million, old.ends_at) == (3, syncing.DAY_ONE + timedelta(days=1))
    assert (new.input_per_million, new.starts_at, new.ends_at) == (2, old.ends_at, None)


def test_a_quota_that_changed_is_a_change_and_what_is_in_use_is_not() -> None:
    usages = payload("usages")

    def script(path: str) -> Reply:
        return told(usages) if "/usages" in path else Reply(status=404)

    with region(script) as azure:
        host = syncing.azure(azure.url)
        syncing.run(host)
        usages["value"][0]["limit"], usages["value"][1]["currentValue"] = 900, 130
        syncing.run(host)
    change = Change.objects.get(kind="limits")
    assert (change.key, change.before, change.after) == ("AIServices.GlobalStandard.MaaS", "600", "900")
    assert host.pools.get(name="OpenAI.GlobalStandard.gpt4.1").in_use == 130


def test_each_run_leaves_one_entry_in_the_audit() -> None:
    with region() as azure:
        run = syncing.run(syncing.azure(azure.url))
    [entry] = Entry.objects.filter(object_type="catalog.syncrun", object_id=str(run.pk))
    assert entry.verb == "sync.finish"
    assert json.loads(bytes(entry.body))["after"]["new"] == 9


def test_an_offer_that_names_an_unknown_pool_is_the_same_next_time() -> None:
    def script(path: str) -> Reply:
        return told({"value": payload("usages")["value"][3:]}) if "/usages" in path else Reply(status=404)

    with region(script) as azure:
        host = syncing.azure(azure.url)
        syncing.run(host)
        assert syncing.run(host).changed == 0
    assert Offer.objects.get(model__slug="grok-3").pool is None


def test_an_admins_price_goes_before_what_a_listing_tells() -> None:
    with region() as azure:
        host = syncing.azure(azure.url)
        syncing.run(host)
        grok = Offer.objects.get(model__slug="grok-3")
        make.price(grok, "1", "2", basis="admin", starts_at=syncing.DAY_ONE)
        syncing.run(host)
    assert Price.objects.at(syncing.DAY_ONE + timedelta(days=9)).filter(offer=grok)[0].basis == "admin"
