"""A worker that is killed while notices go out loses none: each arrives, and a repetition carries the same id."""

import random
import time
from collections import Counter
from pathlib import Path

import pytest

from foundry.notify.models import Delivery, Notice
from foundry.notify.tasks import CLAIM, deliver_due
from tests import make
from tests.fakes.receivers import webhook
from tests.foundry.notify.make import hook, told
from tests.servers import Urls
from tests.worker import kill_all, worker

pytestmark = pytest.mark.slow
EVENTS, KILLS = 300, 4


def test_three_hundred_notices_survive_kill_9(committed: Urls, redis_url: str, tmp_path: Path) -> None:
    mia = make.person("mia")
    with webhook() as ear:
        hook(ear.url)
        for number in range(EVENTS):
            told(mia, title=f"Thing {number}")
        for _ in range(KILLS):
            before = len(ear.heard)
            with worker(committed, tmp_path / "worker.log") as process:
                deliver_due.delay()
                until(lambda before=before: len(ear.heard) > before)
                time.sleep(random.random() / 5)
                kill_all(process.pid)
            Delivery.objects.filter(state="waiting").update(claimed_until=None)  # as if CLAIM had passed
        with worker(committed, tmp_path / "worker.log"):
            deliver_due.delay()
            until(lambda: not Delivery.objects.exclude(state="sent").exists())
    ids = Counter(each.headers["webhook-id"] for each in ear.heard)
    assert set(ids) == {str(row) for row in Delivery.objects.values_list("message_id", flat=True)}
    assert len(ids) == EVENTS
    assert sum(ids.values()) <= EVENTS + KILLS, "more was repeated than a kill can interrupt"
    assert (
        Notice.objects.filter(person=mia).values("event").distinct().count()
        == EVENTS
        == Notice.objects.count()
    )
    assert CLAIM.total_seconds() > 0


def until(done: object, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not done():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
