"""A real Celery worker syncs a host over real HTTP, and a worker that is killed leaves nothing half done."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from catalog import tasks
from catalog.actions import ask_sync
from catalog.models import Change, Offer, Price, SyncRun
from foundry.lib import clock
from tests.catalog import syncing
from tests.fakes.azure import payload, region
from tests.fakes.provider import Reply, told
from tests.servers import Urls
from tests.worker import kill_all, worker

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def until(good: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not good():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def state(run: SyncRun) -> str:
    return SyncRun.objects.get(pk=run.pk).state


def test_a_worker_takes_a_queued_run_and_ends_it(committed: Urls, tmp_path: Path) -> None:
    with region() as azure, worker(committed, tmp_path / "worker.log"):
        run = ask_sync(syncing.azure(azure.url), actor="test", at=clock.now())
        until(lambda: state(run) == "succeeded")
    assert Offer.objects.count() == 9


def test_a_worker_killed_in_the_middle_leaves_no_half_offer_and_the_next_run_is_fine(
    committed: Urls, tmp_path: Path
) -> None:
    reached, slow = [], True

    def script(path: str) -> Reply:
        if "skiptoken" in path and slow:
            reached.append(path)
            return told(payload("models_page_2"), drip_s=0.01)
        return Reply(status=404)

    with region(script) as azure:
        host = syncing.azure(azure.url)
        with worker(committed, tmp_path / "worker.log") as process:
            run = ask_sync(host, actor="test", at=clock.now())
            until(lambda: bool(reached))
            kill_all(process.pid)
        assert (state(run), Offer.objects.count(), Price.objects.count(), Change.objects.count()) == (
            "running",
            0,
            0,
            0,
        )
        SyncRun.objects.filter(pk=run.pk).update(beat_at=clock.now() - timedelta(minutes=6))
        tasks.close_dead_runs()
        assert state(run) == "failed"
        slow = False
        with worker(committed, tmp_path / "worker.log"):
            again = ask_sync(host, actor="test", at=clock.now())
            until(lambda: state(again) == "succeeded")
    assert Offer.objects.count() == 9
    assert state(run) == "failed"
