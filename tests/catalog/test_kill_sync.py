"""A worker killed at any moment of a sync leaves the catalog of before or of after; two workers make one run of one host."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from catalog import tasks
from catalog.actions import ask_sync
from catalog.models import CapacityPool, Change, Host, Model, Offer, Price, Publisher, SyncRun
from foundry.lib import clock
from foundry.lib.errors import Conflict
from tests import make
from tests.fakes.provider import Provider, Reply, serve, told
from tests.servers import Urls
from tests.worker import worker

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
KILLS, OFFERS, PAGES = 20, 1_200, 4
A, B = ("0.000003", 1000), ("0.0000031", 2000)


class Market:
    """A host that tells the same offers at one of two prices and contexts, in pages."""

    def __init__(self) -> None:
        self.says, self.asked = A, 0
        self.lock = threading.Lock()

    def answer(self, path: str, base: str) -> Reply:
        with self.lock:
            self.asked += 1
        price, context = self.says
        number = int(path.partition("page=")[2] or 1)
        share = OFFERS // PAGES
        rows = [
            {"id": f"maker/m{each}", "name": f"M {each}", "context_length": context,
             "pricing": {"prompt": price, "completion": "0.000015"}}
            for each in range((number - 1) * share, number * share)
        ]  # fmt: skip
        more = {"links": {"next": f"{base}/v1/models?page={number + 1}"}} if number < PAGES else {}
        return told({"data": rows, "total_count": OFFERS} | more)


def host_of(provider: Provider) -> Host:
    return make.host(
        "market", connector="openrouter", listing_base_url=f"{provider.url}/v1", trusted_networks=["127.0.0.1/32"],
        sync_every_s=None,
    )  # fmt: skip


def until(good: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not good():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def state(run: SyncRun) -> str:
    return str(SyncRun.objects.values_list("state", flat=True).get(pk=run.pk))


def ended(run: SyncRun) -> bool:
    return state(run) not in {"queued", "running"}


def catalog() -> tuple[int, set[int | None], list[str], int]:
    """How many offers, the contexts that they have, the prices in force, and how many of those there are."""
    prices = Price.objects.filter(ends_at=None)
    told_prices = sorted(
        {f"{price.normalize():f}" for price in prices.values_list("input_per_million", flat=True)}
    )
    contexts = set(Offer.objects.values_list("context_tokens", flat=True))
    return Offer.objects.count(), contexts, told_prices, prices.count()


BEFORE = (OFFERS, {1000}, ["3"], OFFERS)
AFTER = (OFFERS, {2000}, ["3.1"], OFFERS)
WHOLE = {A: BEFORE, B: AFTER}


def child_of(pid: int) -> int | None:
    """The process that does the worker's tasks."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return None
    return int(children[0]) if children else None


def test_twenty_kills_leave_the_catalog_of_before_or_of_after(committed: Urls, tmp_path: Path) -> None:
    chance = random.Random(20)
    market = Market()
    with serve(lambda path: Reply(status=404)) as provider:
        provider.script = lambda path: market.answer(path, provider.url)
        host = host_of(provider)
        with worker(committed, tmp_path / "worker.log") as process:
            first = ask_sync(host, actor="test", at=clock.now())
            until(lambda: ended(first))
            assert (state(first), catalog()) == ("succeeded", BEFORE)
            takes_s, held, midway, landed = whole_run_s(host, market), A, 0, 0
            for _ in range(KILLS):
                market.says = B if held == A else A
                run = ask_sync(host, actor="test", at=clock.now())
                begun(run)
                time.sleep(chance.uniform(0, takes_s))
                midway += not ended(run)
                kill_child(process.pid)
                held = settled(run, held, market)
                landed += held == market.says
            assert midway >= KILLS // 2, "most kills must meet a run"
            market.says = A
            last = ask_sync(host, actor="test", at=clock.now())
            until(lambda: ended(last))
    assert (state(last), catalog()) == ("succeeded", BEFORE)


def begun(run: SyncRun) -> None:
    until(lambda: state(run) != "queued")


def kill_child(pid: int) -> None:
    """Kill the process that does the worker's tasks, and wait for the next."""
    victim = child_of(pid)
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    until(lambda: child_of(pid) not in {None, victim})


def whole_run_s(host: Host, market: Market) -> float:
    """How long a run takes here and now, there and back."""
    found = []
    for says in (B, A):
        market.says = says
        run = ask_sync(host, actor="test", at=clock.now())
        begun(run)
        began = time.monotonic()
        until(partial(ended, run))
        found.append(time.monotonic() - began)
    return max(found)


def settled(run: SyncRun, held: tuple[str, int], market: Market) -> tuple[str, int]:
    """End the killed run as the schedule would, and answer which catalog stands: all of one, never a mixture."""
    done = state(run) == "succeeded"
    expected = market.says if done else held
    assert catalog() == WHOLE[expected]
    changes = Change.objects.filter(run=run).count()
    assert changes == (2 * OFFERS if done else 0)
    if not done:
        SyncRun.objects.filter(pk=run.pk).update(beat_at=clock.now() - timedelta(minutes=6))
        tasks.close_dead_runs()
        assert state(run) == "failed"
        assert "worker" in SyncRun.objects.get(pk=run.pk).problems[0]["where"]
    return expected


def test_two_workers_and_eight_askers_make_one_run(committed: Urls, tmp_path: Path) -> None:
    market = Market()
    with serve(lambda path: Reply(status=404)) as provider, ExitStack() as workers:
        provider.script = lambda path: market.answer(path, provider.url)
        host = host_of(provider)
        for number in range(2):
            workers.enter_context(worker(committed, tmp_path / f"worker-{number}.log"))
        start = threading.Barrier(8)

        def ask(_: int) -> SyncRun | None:
            try:
                start.wait(30)
                return ask_sync(host, actor="test", at=clock.now())
            except Conflict:
                return None
            finally:
                connection.close()

        with ThreadPoolExecutor(8) as askers:
            [run] = [made for made in askers.map(ask, range(8)) if made is not None]
        for _ in range(6):
            tasks.run_sync.delay(run.pk)  # delivered again and again, to both
        until(lambda: ended(run))
        time.sleep(1)
    assert (state(run), SyncRun.objects.count()) == ("succeeded", 1)
    assert market.asked == PAGES
    assert catalog() == BEFORE


def stamps() -> list[Any]:
    """Where each row lies and who wrote it last: any write moves it."""
    found = []
    with connection.cursor() as cursor:
        for model in (Offer, Price, Change, Model, Publisher, CapacityPool, Host):
            table = model._meta.db_table
            cursor.execute(f"SELECT '{table}', id, ctid::text, xmin::text FROM {table} ORDER BY id")
            found += cursor.fetchall()
    return found


def test_ten_identical_runs_write_no_row(committed: Urls) -> None:
    from tests.catalog import syncing

    market = Market()
    with serve(lambda path: Reply(status=404)) as provider:
        provider.script = lambda path: market.answer(path, provider.url)
        host = host_of(provider)
        syncing.run(host)
        before = stamps()
        assert len(before) > 3 * OFFERS
        runs = [syncing.run(host) for _ in range(10)]
    assert {(run.state, run.new, run.changed, run.gone) for run in runs} == {("succeeded", 0, 0, 0)}
    assert stamps() == before
