"""Beat sends, a worker writes when: the age of that shows whether anything scheduled happens at all."""

import time
from pathlib import Path

import pytest

from foundry.lib import clock
from foundry.web import status, tasks
from tests.servers import Urls
from tests.worker import worker


@pytest.mark.slow
def test_a_real_worker_takes_the_beat_and_the_status_turns_green(committed: Urls, tmp_path: Path) -> None:
    assert {probe.name for probe in status.broker_probes(clock.now()) if probe.stale} >= {"worker", "beat"}
    with worker(committed, tmp_path / "worker.log"):
        tasks.heartbeat.delay()
        deadline = time.monotonic() + 20
        while any(probe.stale for probe in status.broker_probes(clock.now())):
            assert time.monotonic() < deadline, (tmp_path / "worker.log").read_text()
            time.sleep(0.1)
