"""The status page knows how old each host's last good sync is."""

from datetime import timedelta

import pytest

from catalog.models import Host, StatusReading, SyncRun
from catalog.probes import probes
from foundry.lib import clock
from tests import make

pytestmark = pytest.mark.django_db


def ran(host: Host, state: str, hours_ago: int) -> None:
    then = clock.now() - timedelta(hours=hours_ago)
    SyncRun.objects.create(host=host, asked_by="test", state=state, finished_at=then)


def stale(host: Host) -> bool:
    [found] = [probe for probe in probes() if probe.name == f"sync {host.slug}"]
    return found.stale


def test_a_host_is_fresh_after_a_good_sync_and_stale_when_it_is_too_old() -> None:
    fresh, old, never = make.host(), make.host(), make.host()
    ran(fresh, "partial", 5)
    ran(old, "succeeded", 13)
    assert [stale(host) for host in (fresh, old, never)] == [False, True, True]


def test_only_a_good_sync_counts() -> None:
    host = make.host()
    ran(host, "succeeded", 13)
    for state in ("failed", "quarantined"):
        ran(host, state, 1)
    assert stale(host)


def test_a_host_that_is_off_or_never_synced_by_itself_has_no_sign() -> None:
    make.host(sync_every_s=None)
    make.host(disabled_at=clock.now())
    assert probes() == []


def test_status_pages_are_stale_when_one_of_them_is_not_asked() -> None:
    at = clock.now()
    old = make.host(
        status_url="https://status.example", sync_every_s=None, created_at=at - timedelta(hours=1)
    )
    make.host(status_url="https://status.example", sync_every_s=None)
    [found] = probes()
    assert (found.name, found.stale) == ("status pages", True)
    StatusReading.objects.create(host=old, health="unknown", at=at - timedelta(minutes=50), seen_until=at)
    assert not probes()[0].stale
