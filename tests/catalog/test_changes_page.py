"""The inbox of changes: several settled at once, and a doubted listing taken anyway, by page and by API."""

from typing import Any

import pytest
from django.test import Client

from catalog import actions, sync
from catalog.models import Change, Host, Offer, SyncRun
from foundry.lib import clock
from foundry.lib.errors import Conflict
from tests import make
from tests.catalog import syncing
from tests.catalog.syncing import QUICK
from tests.fakes.provider import Reply, always, serve, told
from tests.people import browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Client:
    return browser(make.person("ada", roles=("admin",)))


def waiting(count: int = 1) -> list[Change]:
    host = make.host("azure")
    offers = [make.offer(at=host) for _ in range(count)]
    return [
        Change.objects.create(
            host=host, offer=offer, key=offer.key, kind="gone", before={"listed": True}, after={"listed": False},
            risky=True, why_risky="2 of 12 came", state="waiting",
        )
        for offer in offers
    ]  # fmt: skip


def test_chosen_rows_are_applied_and_the_list_stays_filtered(ada: Client) -> None:
    rows = waiting(3)
    chosen = {"change": [str(row.pk) for row in rows[:2]], "yes": "1", "back": "/changes/?host=azure"}
    answer = ada.post("/changes/settle/", chosen)
    assert answer.headers["Location"] == "/changes/?host=azure"
    assert [Change.objects.get(pk=row.pk).state for row in rows] == ["applied", "applied", "waiting"]
    assert Offer.objects.exclude(gone_at=None).count() == 2
    assert "2 changes applied." in ada.get("/changes/").content.decode()


def test_the_way_back_leads_nowhere_else(ada: Client) -> None:
    [row] = waiting()
    answer = ada.post("/changes/settle/", {"change": str(row.pk), "back": "https://evil.example/?host=a"})
    assert answer.headers["Location"] == "/changes/?host=a"


def test_choosing_nothing_is_told(ada: Client) -> None:
    waiting()
    here = {"referer": "http://testserver/changes/"}
    answer = ada.post("/changes/settle/", {"yes": "1"}, headers=here, follow=True)
    assert "Name between 1 and 1,000 changes" in answer.content.decode()


def test_only_waiting_rows_can_be_chosen_and_only_by_admins(ada: Client) -> None:
    [row] = waiting()
    assert f'value="{row.pk}" form="chosen"' in ada.get("/changes/").content.decode()
    ops = browser(make.person(roles=("ops",)))
    assert 'form="chosen"' not in ops.get("/changes/").content.decode()
    assert 'form="chosen"' not in ada.get("/changes/?state=applied").content.decode()


def test_the_api_settles_many_and_says_what_came_of_each(ada: Client) -> None:
    first, second = waiting(2)
    actions.dismiss_change(first.pk, actor="Lee", at=clock.now())
    body: dict[str, Any] = {"ids": [first.pk, second.pk, 10**12]}
    answer = ada.post("/api/v1/changes/apply/", body, content_type="application/json")
    assert answer.status_code == 200
    assert [(row["id"], row["state"]) for row in answer.json()] == [
        (first.pk, "dismissed"),
        (second.pk, "applied"),
        (10**12, ""),
    ]
    again = ada.post("/api/v1/changes/dismiss/", body, content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (409, "change.none")


def models(*names: str) -> Reply:
    return told({"data": [{"id": name} for name in names]})


ALL = tuple(f"m{number}" for number in range(12))


def doubted(host: Host, provider: Any, *names: str) -> SyncRun:
    syncing.run(host, clock.now())
    provider.script = always(models(*names))
    run = syncing.run(host, clock.now())
    assert (run.state, run.waivable) == ("quarantined", True)
    return run


def take(run: SyncRun) -> SyncRun:
    """Take it anyway, as an admin and a worker would."""
    queued = actions.take_anyway(run.pk, actor="Ada", at=clock.now())
    done = sync.run(queued.pk, bounds=QUICK)
    assert done is not None
    return done


def test_a_doubted_listing_is_taken_anyway() -> None:
    with serve(always(models(*ALL))) as provider:
        host = syncing.compatible(provider.url)
        run = doubted(host, provider, "m0", "m1", "new")
        done = take(run)
    assert (done.state, done.new, done.gone, done.waives) == ("succeeded", 1, 10, run)
    assert set(Offer.objects.filter(gone_at=None).values_list("key", flat=True)) == {"m0", "m1", "new"}
    assert not Change.objects.filter(state="waiting").exists()


def test_what_is_worse_by_then_is_doubted_again() -> None:
    with serve(always(models(*ALL))) as provider:
        host = syncing.compatible(provider.url)
        run = doubted(host, provider, *ALL[:5])
        provider.script = always(models("m0"))
        done = take(run)
    assert (done.state, done.gone) == ("quarantined", 0)
    assert Offer.objects.filter(gone_at=None).count() == 12


def test_a_listing_that_was_none_cannot_be_taken() -> None:
    with serve(always(Reply(b""))) as provider:
        run = syncing.run(syncing.compatible(provider.url))
    with pytest.raises(Conflict, match="nothing to take"):
        actions.take_anyway(run.pk, actor="Ada", at=clock.now())


def test_a_doubt_that_a_later_sync_settled_is_not_waived() -> None:
    with serve(always(models(*ALL))) as provider:
        host = syncing.compatible(provider.url)
        run = doubted(host, provider, "m0")
        provider.script = always(models(*ALL))
        assert syncing.run(host, clock.now()).state == "succeeded"
    with pytest.raises(Conflict, match="later sync"):
        actions.take_anyway(run.pk, actor="Ada", at=clock.now())


def test_the_page_of_a_doubted_run_offers_to_take_it(ada: Client) -> None:
    with serve(always(models(*ALL))) as provider:
        run = doubted(syncing.compatible(provider.url), provider, "m0")
    page = ada.get(f"/changes/?run={run.pk}").content.decode()
    assert "1 of 12 came, 11 missing" in page
    assert f'action="/sync/{run.pk}/take/"' in page
    ada.post(f"/sync/{run.pk}/take/")
    assert SyncRun.objects.get(state="queued").waives == run


def test_the_policy_is_set_on_the_hosts_form_and_by_the_api(ada: Client) -> None:
    host = make.host("azure", listing_base_url="https://models.example/v1")
    form = {
        "name": "A", "slug": "azure", "connector": "openai_compatible", "calling_auth": "bearer",
        "listing_base_url": "https://models.example/v1", "price_rise_percent": "5", "gone_percent": "0",
        "waits_for": ["new", "price"], "publishes_new": "on", "request_gap_ms": "250",
    }  # fmt: skip
    assert ada.post("/hosts/azure/change/", form).status_code == 302
    host.refresh_from_db()
    assert (host.price_rise_percent, host.gone_percent, host.waits_for) == (5, 0, ["new", "price"])
    assert (host.publishes_new, host.request_gap_ms) == (True, 250)
    page = ada.get("/hosts/azure/change/").content.decode()
    assert 'value="250"' in page
    body = {"price_rise_percent": 50, "waits_for": ["gone"]}
    answer = ada.patch("/api/v1/hosts/azure/", body, content_type="application/json")
    assert (answer.json()["price_rise_percent"], answer.json()["waits_for"]) == (50, ["gone"])
    bad = ada.patch("/api/v1/hosts/azure/", {"gone_percent": 101}, content_type="application/json")
    assert (bad.status_code, "gone_percent" in bad.json()["errors"]) == (400, True)


def test_the_list_of_runs_moves_while_one_is_open_and_stands_still_after(ada: Client) -> None:
    run = SyncRun.objects.create(
        host=make.host("azure"), asked_by="Ada", state="running", seen=41, expected=149
    )
    page = ada.get("/sync/?host=azure").content.decode()
    assert 'hx-get="/sync/?host=azure"' in page
    assert "41 of 149" in page
    SyncRun.objects.filter(pk=run.pk).update(state="succeeded", finished_at=clock.now())
    assert "hx-trigger" not in ada.get("/sync/").content.decode()
