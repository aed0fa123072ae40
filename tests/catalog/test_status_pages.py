"""Status pages: read leniently, kept as intervals, and never taken for more than they say."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalog import status, status_page, tasks
from catalog.models import Host, StatusReading
from catalog.states import Health
from catalog.status_page import Said
from foundry.lib import clock
from foundry.lib.http import Bounds
from tests import make
from tests.fakes.listing import LOOPBACK, PAYLOADS, SHARED
from tests.fakes.provider import HTML, Reply, always, serve, told

T0 = datetime(2026, 3, 1, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
QUICK = Bounds(body_bytes=2**16, deadline_s=1, connect_s=1, read_s=1, attempts=1)
PAGE = (PAYLOADS / "status" / "summary.json").read_bytes()
FINE = json.dumps({"status": {"indicator": "none", "description": "All Systems Operational"}}).encode()


def test_a_page_tells_its_health_its_parts_and_what_goes_on() -> None:
    said = status_page.read(PAGE)
    assert (said.health, said.words) == (Health.PARTIAL, "Partial System Outage")
    assert [(each["name"], each["status"]) for each in said.details["components"]] == [
        ("API", "ok"),
        ("Grok 3 API", "partial"),
        ("Grok 3 mini", "ok"),
        ("Console", "maintenance"),
    ]
    incident, maintenance = said.details["incidents"]
    assert (incident["name"], incident["since"]) == ("Elevated errors on Grok 3", "2026-03-01T09:02:00+00:00")
    assert maintenance["url"] == "", "what a browser would run is no link"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        HTML.body,
        b"[]",
        b"null",
        b'{"status": "fine"}',
        b'{"status": {"indicator": 7}}',
        b'{"status": {"indicator": "splendid", "description": "?"}}',
        b'{"page": {}}',
        b"[" * 100_000,
        b"\xff\xfe{}",
    ],
)
def test_a_page_that_makes_no_sense_says_that_nothing_is_known(body: bytes) -> None:
    said = status_page.read(body)
    assert said.health == Health.UNKNOWN
    assert said.words


def test_rows_with_holes_are_left_out_and_the_rest_counts() -> None:
    page = {
        "status": {"indicator": "minor", "description": None},
        "components": [None, 7, {"name": ""}, {"name": "A", "status": "new word"}, {"status": "operational"}],
        "incidents": "none",
        "scheduled_maintenances": [{"status": "in_progress"}],
    }
    said = status_page.read(json.dumps(page).encode())
    assert (said.health, said.words) == (Health.DEGRADED, "Degraded")
    assert said.details == {"components": [{"name": "A", "status": "unknown"}], "incidents": []}


def test_maintenance_in_progress_is_told_where_all_else_is_well() -> None:
    page = {
        "status": {"indicator": "none", "description": "All good"},
        "scheduled_maintenances": [{"name": "Upgrade", "status": "in_progress"}],
    }
    assert status_page.read(json.dumps(page).encode()).health == Health.MAINTENANCE


@pytest.mark.skipif(not SHARED.exists(), reason="not run: payloads absent")
def test_a_real_page_is_read() -> None:
    said = status_page.read((SHARED / "status" / "statuspage_summary.json").read_bytes())
    assert (said.health, said.words) == (Health.OK, "All Systems Operational")
    assert said.details["components"]


def test_a_part_speaks_of_a_model_only_where_it_plainly_bears_its_name() -> None:
    listed = status_page.read(PAGE).details["components"]
    assert status_page.component_for(["grok-3"], listed) == {"name": "Grok 3 API", "status": "partial"}
    assert status_page.component_for(["grok-3-mini"], listed) == {"name": "Grok 3 mini", "status": "ok"}
    assert status_page.component_for(["grok", "grok-3-fast", "api"], listed) is None
    twice = [{"name": "Grok 3", "status": "ok"}, {"name": "grok-3 model", "status": "down"}]
    assert status_page.component_for(["grok-3"], twice) is None


def said(health: str, words: str = "") -> Said:
    return Said(Health(health), words, {"components": [], "incidents": []})


def readings(host: Host) -> list[tuple[str, int, int]]:
    """(health, from, until) in minutes since T0."""
    rows = StatusReading.objects.filter(host=host).order_by("at")
    return [(each.health, (each.at - T0) // MINUTE, (each.seen_until - T0) // MINUTE) for each in rows]


@pytest.mark.django_db
def test_what_stays_the_same_is_one_interval() -> None:
    host = make.host()
    for minute, health in [(0, "ok"), (2, "ok"), (4, "down"), (6, "down"), (6, "down"), (8, "ok")]:
        status.note(host.pk, said(health), T0 + minute * MINUTE)
    assert readings(host) == [("ok", 0, 4), ("down", 4, 8), ("ok", 8, 8)]


@pytest.mark.django_db
def test_nobody_knows_what_was_while_nobody_asked() -> None:
    host = make.host()
    for minute in (0, 2, 60, 62):
        status.note(host.pk, said("ok"), T0 + minute * MINUTE)
    assert readings(host) == [("ok", 0, 2), ("ok", 60, 62)]


@pytest.mark.django_db
def test_an_unreadable_page_makes_one_row_however_its_errors_read() -> None:
    host = make.host()
    for minute, words in [(0, "a"), (2, "b"), (4, "c")]:
        status.note(host.pk, said("unknown", words), T0 + minute * MINUTE)
    assert readings(host) == [("unknown", 0, 4)]


BROKEN: dict[str, Any] = {
    "not found": always(Reply(b"", 404)),
    "failing": always(Reply(b"", 503)),
    "a sign-in page": always(HTML),
    "cut": always(Reply(FINE, cut_after=10)),
    "slow": always(Reply(FINE, drip_s=0.2)),
    "gigantic": always(Reply(b" " * 2**17)),
    "elsewhere": always(Reply(b"", 302, {"location": "https://other.example/api/v2/summary.json"})),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_page_that_cannot_be_read_is_not_known_and_never_down(what: str) -> None:
    with serve(BROKEN[what]) as page:
        host = Host(status_url=page.url, trusted_networks=LOOPBACK)
        found = status.poll(host, QUICK)
    assert found.health == Health.UNKNOWN
    assert found.words


def test_a_page_inside_our_own_network_is_not_asked_unless_it_is_trusted() -> None:
    with serve(always(Reply(FINE))) as page:
        refused = status.poll(Host(status_url=page.url), QUICK)
        assert page.asked == []
        assert "forbidden address" in refused.words
        assert status.poll(Host(status_url=f"{page.url}/", trusted_networks=LOOPBACK), QUICK).health == "ok"
        assert page.paths() == ["/api/v2/summary.json"]
        assert "authorization" not in page.asked[0].headers


@pytest.mark.django_db
def test_the_schedule_asks_each_page_of_a_host_in_use_every_two_minutes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serve(always(told(json.loads(PAGE)))) as page:
        asked = make.host(status_url=page.url, trusted_networks=LOOPBACK)
        make.host(status_url=page.url, trusted_networks=LOOPBACK, disabled_at=clock.now())
        make.host()
        monkeypatch.setattr(tasks.poll_status, "delay", tasks.poll_status)
        tasks.poll_status_pages()
        tasks.poll_status_pages()
        assert len(page.asked) == 1
    reading = StatusReading.objects.get()
    assert (reading.host, reading.health) == (asked, "partial")
    assert status.due(reading.at + 3 * MINUTE) == [asked.pk]
