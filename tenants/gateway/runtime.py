"""Everything a gateway process holds open, and the tasks that keep it true."""

import asyncio
import contextlib
import gc
import logging
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool

from tenants.gateway.book import Book
from tenants.gateway.breakers import Breakers
from tenants.gateway.config import Config, process_name
from tenants.gateway.metrics import Gauge, Metrics
from tenants.gateway.seen import CallLog
from tenants.gateway.shipper import Shipper
from tenants.gateway.spool import Spool
from tenants.gateway.tags import Tags
from tenants.gateway.takeover import keep_taking_over
from tenants.gateway.upstream import Upstreams
from tenants.gateway.users import Users
from tenants.quotas.leases import Leases
from tenants.quotas.store import DOWN, Store

log = logging.getLogger(__name__)

LEAST_FREE_BYTES = 32 << 20
LATE_S = 30.0
CUT_OFF = "cut off: the database has not confirmed the passports for a second; "
REFUSES, GOES_ON = "every call is refused", "keys that are known here go on, inside what is leased"
BEAT_S = 2.0
SOON_S = 0.2  # after a beat, when there is a new version to tell of
CONNECTIONS = 6
COLLECT = (50_000, 20, 50)  # a call leaves no cycles behind; looking for them often costs a tenth of its time


class Runtime:
    """Opened by `start`, closed by `stop`. Everything that must survive `kill -9` is in the spool."""

    spool_class: type[Spool] = Spool
    shipper_class: type[Shipper] = Shipper

    def __init__(self, config: Config) -> None:
        self.config = config
        self.metrics = Metrics()
        self.call_log = CallLog(sys.stdout.fileno() if config.call_log else None)
        self.tracing: Any = None
        self.gossip: Any = None
        self.tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self.pool: AsyncConnectionPool[psycopg.AsyncConnection[Any]] = AsyncConnectionPool(
            self.config.database_url,
            min_size=2,
            max_size=CONNECTIONS,
            timeout=2,
            reconnect_timeout=5,
            kwargs={"autocommit": True, "connect_timeout": 2},
            open=False,
        )
        await self.pool.open()
        if self.config.traced:
            from tenants.gateway.tracing import Tracing  # costs time and memory that nobody else pays

            self.tracing = Tracing(os.environ.get("OTEL_SERVICE_NAME") or "foundry-gateway")
        self.spool = self.spool_class(self.config.spool_dir, process_name())
        self.book = Book(self.pool, self.config, lambda grant_id: self.leases.recall(grant_id))
        self.leases = Leases(Store(self.pool, self.spool.name), self.book.reachable, self.config.local_share)
        self.metrics.recalls = self.leases.recalls
        self.shipper = self.shipper_class(self.pool, self.spool)
        if self.config.redis_url:
            from tenants.gateway.gossip import Gossip  # costs time and memory that nobody else pays

            self.gossip = Gossip(self.config.redis_url, self.book)
        self.tags, self.users = Tags(self.pool), Users(self.pool)
        self.upstreams = Upstreams(self.config)
        self.breakers = Breakers(
            self.config.breaker_failures, self.config.breaker_window_s, self.config.breaker_rest_s
        )
        self.breakers.tell = self.book.fresh.set
        await self.beat()
        self.tasks = [
            asyncio.create_task(each)
            for each in (
                self.book.watch(),
                self.shipper.run(),
                self.spool.keep_synced(),
                keep_taking_over(self.config.spool_dir, self.spool.name, self.shipper),
                self.keep_beating(),
                self.call_log.keep_writing(),
                self.leases.sweep(),
                *([self.gossip.listen()] if self.gossip is not None else []),
            )
        ]
        gc.freeze()
        gc.set_threshold(*COLLECT)

    async def stop(self) -> None:
        """After the last call: book what waits, then let go. What cannot be booked stays in the spool."""
        await self.shipper.flush(timeout_s=5)
        while running := [task for task in self.tasks if not task.done()]:
            for task in running:
                task.cancel()
            await asyncio.wait(running, timeout=1)
        self.call_log.write()
        if self.tracing is not None:
            await asyncio.to_thread(self.tracing.stop)
        if self.spool.close():
            with contextlib.suppress(*DOWN):
                await self.shipper.ship([], closing=self.spool.name)
        if self.gossip is not None:
            await self.gossip.close()
        await self.upstreams.close()
        await self.pool.close()

    async def keep_beating(self) -> None:
        while True:
            await self.beat()
            await asyncio.sleep(SOON_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S - SOON_S):
                    await self.book.fresh.wait()
            self.book.fresh.clear()

    async def beat(self) -> None:
        """Tell the console and the other processes that this one lives, how far its spool is behind, which version of the
        passports it has confirmed, and which hosts it leaves alone."""
        with contextlib.suppress(*DOWN):
            async with self.pool.connection(timeout=1) as connection:
                await connection.execute(
                    "SELECT gateway.beat(%s, %s, %s, %s, %s)",
                    [
                        self.spool.name,
                        len(self.shipper.waiting),
                        self.shipper.oldest_s,
                        self.book.version,
                        self.breakers.resting(),
                    ],
                )

    def checks(self) -> dict[str, dict[str, Any]]:
        """Each thing that this process rests on: is it well, and what is known of it."""
        ended = [str(task.get_coro()) for task in self.tasks if task.done()]
        free, age_s = self.spool.free_bytes, time.monotonic() - self.book.confirmed_at
        return {
            "database": {
                "ok": not self.book.cut_off,
                "why": CUT_OFF + (REFUSES if self.book.refuses else GOES_ON),
                "goes_on_for_s": round(self.book.grace_left_s, 1) if self.book.cut_off else None,
                "confirmed_ago_s": round(age_s, 3) if age_s < 10**6 else None,
                "version": self.book.version,
            },
            "spool": {
                "ok": free >= LEAST_FREE_BYTES and not self.spool.full,
                "why": "the disk of the spool is full: no call can be accounted for",
                "free_bytes": free,
            },
            "tasks": {
                "ok": not ended,
                "why": f"ended: {', '.join(ended)}",
                "running": len(self.tasks) - len(ended),
            },
            "ledger": {
                "ok": self.shipper.oldest_s < LATE_S,
                "why": "calls wait for the ledger; they are safe in the spool",
                "waiting": len(self.shipper.waiting),
                "oldest_s": round(self.shipper.oldest_s, 3),
                "put_aside": self.shipper.rejected,
            },
        }

    @property
    def troubles(self) -> list[str]:
        """Why this process would refuse every call now, in words. A ledger that is late refuses none."""
        fine = {"ledger"} if self.book.refuses else {"ledger", "database"}
        return [each["why"] for name, each in self.checks().items() if not each["ok"] and name not in fine]

    def gauges(self) -> Iterator[Gauge]:
        """What is so now, for `/metrics`."""
        yield "spool_waiting", "Calls not in the ledger yet", {}, len(self.shipper.waiting)
        yield "spool_oldest_seconds", "Age of the oldest of them", {}, self.shipper.oldest_s
        yield "spool_rejected", "Calls put aside", {}, self.shipper.rejected
        yield "spool_free_bytes", "Room on the spool's disk", {}, self.spool.free_bytes
        yield "cut_off", "1 while the database does not confirm passports", {}, int(self.book.cut_off)
        yield "grace_left_seconds", "How long it goes on without the database", {}, self.book.grace_left_s
        yield "version", "Of the passports that this process enforces", {}, self.book.version
        yield "passports", "Keys that this process knows", {}, len(self.book.known)
        for host, is_open in self.breakers.hosts_open():
            yield "host_left_alone", "1 while calls do not go there", {"host": host}, int(is_open)
        yield "log_dropped", "Lines of the call log that nobody read in time", {}, self.call_log.dropped
        yield "leases", "Grants of which this process leases parts", {}, len(self.leases.slices)
        for part, free in self.leases.free().items():
            yield "leased", "What it leases and no call uses, by part", {"part": part}, free
