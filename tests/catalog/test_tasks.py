"""What the schedule does for supply: queue what is due, send again what was lost, end what died."""

from datetime import timedelta

import pytest

from catalog import tasks
from catalog.models import Host, SyncRun
from catalog.states import RunState
from foundry.lib import clock
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    found: list[int] = []
    monkeypatch.setattr(tasks, "send", found.append)
    return found


def run(host: Host, state: str, minutes_ago: int) -> SyncRun:
    then = clock.now() - timedelta(minutes=minutes_ago)
    return SyncRun.objects.create(host=host, asked_by="test", state=state, asked_at=then, beat_at=then)


def open_runs(host: Host) -> int:
    return host.runs.filter(state=RunState.QUEUED).count()


def test_a_host_is_due_when_its_interval_has_passed(sent: list[int]) -> None:
    never, late, fresh = make.host(), make.host(), make.host()
    asked_for, off = make.host(sync_every_s=None), make.host(disabled_at=clock.now())
    run(late, RunState.FAILED, 7 * 60)
    run(fresh, RunState.SUCCEEDED, 5 * 60)
    tasks.sync_due_hosts()
    assert [open_runs(host) for host in (never, late, fresh, asked_for, off)] == [1, 1, 0, 0, 0]


def test_running_twice_queues_once(sent: list[int]) -> None:
    host = make.host()
    tasks.sync_due_hosts()
    tasks.sync_due_hosts()
    assert open_runs(host) == 1


def test_a_queued_run_that_no_worker_took_is_sent_again(sent: list[int]) -> None:
    lost = run(make.host(sync_every_s=None), RunState.QUEUED, 2)
    run(make.host(sync_every_s=None), RunState.QUEUED, 0)
    tasks.sync_due_hosts()
    assert sent == [lost.pk]


def test_a_run_without_a_sign_of_life_is_ended_and_the_next_may_start(sent: list[int]) -> None:
    host = make.host(sync_every_s=None)
    dead, alive = run(host, RunState.RUNNING, 6), run(make.host(sync_every_s=None), RunState.RUNNING, 4)
    tasks.close_dead_runs()
    dead.refresh_from_db()
    alive.refresh_from_db()
    assert (dead.state, alive.state) == ("failed", "running")
    assert "worker" in dead.problems[0]["where"]
    SyncRun.objects.create(host=host, asked_by="test")
