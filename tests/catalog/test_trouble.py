"""A host in trouble: told in words, tried again ever later, and left alone when only a person can mend it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from catalog import actions, tasks, trouble
from catalog.actions.hosts import check_host
from catalog.home import blocks
from catalog.hosts import facts_of
from catalog.models import Host, SyncRun
from catalog.probes import probes
from foundry.audit.models import Entry
from foundry.lib import clock, secrets
from tests import make
from tests.catalog import syncing
from tests.fakes.provider import HTML, Provider, Reply, always, serve, told
from tests.people import browser

pytestmark = pytest.mark.django_db
REFUSED = Reply(b'{"error": {"message": "no"}}', 401)
BUSY = Reply(status=503)
GOOD = told({"data": [{"id": "m1"}]})


def asked(provider: Provider, reply: Reply, at: datetime | None = None) -> Host:
    """The provider's host after one sync that was answered so."""
    provider.script = always(reply)
    host = syncing.compatible(provider.url)
    syncing.run(host, at or clock.now())
    return Host.objects.get(pk=host.pk)


def due(at: datetime) -> list[str]:
    return [host.slug for host in tasks.due_hosts(at)]


def test_a_refused_credential_opens_the_breaker_and_says_what_to_do() -> None:
    with serve(always(REFUSED)) as provider:
        host = asked(provider, REFUSED)
    assert (host.failures, host.trouble_lasting, host.retry_at) == (1, True, None)
    assert "does not accept the credential. Enter a valid credential." in host.trouble
    run = SyncRun.objects.get()
    assert (run.state, run.lasting, run.problems[0]["why"]) == ("failed", True, host.trouble)
    assert due(clock.now() + timedelta(days=30)) == []


def test_a_passing_trouble_is_tried_again_ever_later_up_to_the_interval() -> None:
    waits = []
    with serve(always(BUSY)) as provider:
        for number in range(1, 12):
            host = asked(provider, BUSY, at := clock.now())
            assert (host.failures, host.trouble_lasting) == (number, False)
            assert host.retry_at is not None
            waits.append((host.retry_at - at).total_seconds())
    assert 60 <= waits[0] <= 75
    assert 120 <= waits[1] <= 150
    assert waits == sorted(waits[:9]) + waits[9:]
    assert all(21_600 <= wait <= 27_000 for wait in waits[9:])


def test_it_is_left_alone_until_then_and_asked_by_then() -> None:
    with serve(always(BUSY)) as provider:
        host = asked(provider, BUSY, clock.now())
    assert host.retry_at is not None
    assert due(host.retry_at - timedelta(seconds=1)) == []
    assert due(host.retry_at) == ["vllm"]


@pytest.mark.parametrize(
    ("told_s", "least", "most"), [("3600", 3600, 4500), ("5", 60, 75), ("9999999", 86_400, 108_000)]
)
def test_what_the_host_asks_for_is_waited_within_reason(told_s: str, least: int, most: int) -> None:
    reply = Reply(status=429, headers={"retry-after": told_s})
    with serve(always(reply)) as provider:
        host = asked(provider, reply, at := clock.now())
    assert host.retry_at is not None
    assert least <= (host.retry_at - at).total_seconds() <= most


@pytest.mark.parametrize(
    "reply", [HTML, Reply(b""), told({"data": []}), told({"error": "busy"}), Reply(b"x", cut_after=0)]
)
def test_a_listing_that_is_none_passes(reply: Reply) -> None:
    with serve(always(reply)) as provider:
        host = asked(provider, reply)
    assert (host.failures, host.trouble_lasting, bool(host.retry_at)) == (1, False, True)
    assert host.trouble


def test_an_address_that_is_forbidden_needs_a_person() -> None:
    host = make.host("inside", listing_base_url="http://10.0.0.1/v1")
    syncing.run(host, clock.now())
    host.refresh_from_db()
    assert host.trouble_lasting
    assert "not a public address" in host.trouble
    assert "trusted networks" in host.trouble


def test_a_credential_that_no_key_opens_needs_a_person() -> None:
    host = make.host(
        "old", listing_base_url="https://models.example/v1", listing_credential=b"of another key"
    )
    syncing.run(host, clock.now())
    host.refresh_from_db()
    assert host.trouble_lasting
    assert "Enter the credential again." in host.trouble


def test_a_good_sync_closes_the_breaker() -> None:
    with serve(always(GOOD)) as provider:
        asked(provider, REFUSED)
        host = asked(provider, GOOD)
    assert (host.failures, host.retry_at, host.trouble, host.trouble_lasting) == (0, None, "", False)


def test_sync_now_asks_a_host_whose_breaker_is_open() -> None:
    with serve(always(REFUSED)) as provider:
        host = asked(provider, REFUSED)
        assert actions.ask_sync(host, actor="Ada", at=clock.now()).state == "queued"


def test_a_good_check_closes_it_and_a_bad_one_opens_it() -> None:
    with serve(always(REFUSED)) as provider:
        host = asked(provider, BUSY)
        provider.script = always(REFUSED)
        assert "credential" in check_host(host, actor="Ada", at=clock.now())
        host.refresh_from_db()
        assert host.trouble_lasting
        provider.script = always(GOOD)
        assert check_host(host, actor="Ada", at=clock.now()) == ""
        host.refresh_from_db()
    assert (host.trouble, host.trouble_lasting, host.failures) == ("", False, 0)


@pytest.mark.parametrize("mend", ["credential", "address"])
def test_changing_the_connection_closes_it_and_a_new_name_does_not(mend: str) -> None:
    host = make.host(
        "azure", listing_base_url="https://a.example/v1", listing_credential=secrets.encrypt("old"),
        trouble="No.", trouble_lasting=True, failures=3,
    )  # fmt: skip
    facts = facts_of(host)
    actions.update_host(host.pk, replace(facts, name="Renamed"), actor="Ada", at=clock.now())
    host.refresh_from_db()
    assert host.trouble_lasting
    changed = facts if mend == "credential" else replace(facts, listing_base_url="https://a.example/v2")
    credential = "new" if mend == "credential" else ""
    actions.update_host(host.pk, changed, listing_credential=credential, actor="Ada", at=clock.now())
    host.refresh_from_db()
    assert (host.trouble, host.trouble_lasting, host.failures) == ("", False, 0)


def test_it_shows_on_the_hosts_page_in_the_list_at_home_and_in_the_status() -> None:
    with serve(always(REFUSED)) as provider:
        asked(provider, REFUSED)
    ada = make.person("ada", roles=("admin",))
    for path in ("/hosts/vllm/", "/hosts/", "/sync/"):
        page = browser(ada).get(path).content.decode()
        assert "does not accept the credential. Enter a valid credential." in page
    [line] = [line for line in blocks(ada)["waits"] if "vllm" in line["url"]]
    assert "Enter a valid credential." in line["detail"]
    [probe] = probes()
    assert probe.stale
    assert "Enter a valid credential." in probe.detail


def test_a_worker_that_died_counts_as_a_passing_trouble() -> None:
    host = make.host("azure")
    run = SyncRun.objects.create(host=host, asked_by="schedule", state="running")
    actions.close_run(run.pk, why="its worker was not heard of", at=clock.now())
    host.refresh_from_db()
    assert (host.failures, host.trouble_lasting, bool(host.retry_at)) == (1, False, True)


def test_the_audit_says_whether_it_lasts() -> None:
    with serve(always(REFUSED)) as provider:
        asked(provider, REFUSED)
    assert b'"lasting":true' in bytes(Entry.objects.get(verb="sync.fail").body)


def test_hosts_that_were_connected_together_part() -> None:
    last = clock.now()
    moments = {trouble.due_at(Host(slug=f"host-{number}", sync_every_s=3600), last) for number in range(50)}
    assert len(moments) == 50
    for moment in moments:
        assert moment is not None
        assert timedelta(hours=1) <= moment - last <= timedelta(hours=1.1)
    assert trouble.due_at(Host(slug="host-1", sync_every_s=3600), last) in moments
