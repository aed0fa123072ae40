"""Everything a gateway process holds open, and the tasks that keep it true."""

import asyncio
import contextlib
import gc
import logging
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool

from tenants.gateway.book import Book
from tenants.gateway.config import Config, process_name
from tenants.gateway.metrics import Metrics
from tenants.gateway.shipper import Shipper
from tenants.gateway.spool import Spool
from tenants.gateway.takeover import keep_taking_over
from tenants.gateway.upstream import Upstreams
from tenants.quotas.leases import Leases
from tenants.quotas.store import DOWN, Store

log = logging.getLogger(__name__)

BEAT_S = 2.0
CONNECTIONS = 6
COLLECT = (50_000, 20, 50)  # a call leaves no cycles behind; looking for them often costs a tenth of its time


class Runtime:
    """Opened by `start`, closed by `stop`. Everything that must survive `kill -9` is in the spool."""

    spool_class: type[Spool] = Spool
    shipper_class: type[Shipper] = Shipper

    def __init__(self, config: Config) -> None:
        self.config = config
        self.metrics = Metrics()
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
        self.spool = self.spool_class(self.config.spool_dir, process_name())
        self.leases = Leases(Store(self.pool, self.spool.name))
        self.shipper = self.shipper_class(self.pool, self.spool)
        self.book = Book(self.pool, self.config, self.leases.recall)
        self.upstreams = Upstreams(self.config.call_s)
        await self.beat()
        self.tasks = [
            asyncio.create_task(each)
            for each in (
                self.book.watch(),
                self.shipper.run(),
                self.spool.keep_synced(),
                keep_taking_over(self.config.spool_dir, self.spool.name, self.shipper),
                self.keep_beating(),
                self.leases.sweep(),
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
        if self.spool.close():
            with contextlib.suppress(*DOWN):
                await self.shipper.ship([], closing=self.spool.name)
        await self.upstreams.close()
        await self.pool.close()

    async def keep_beating(self) -> None:
        while True:
            await self.beat()
            await asyncio.sleep(BEAT_S)

    async def beat(self) -> None:
        """Tell the console and the other processes that this one lives, and how far its spool is behind."""
        with contextlib.suppress(*DOWN):
            async with self.pool.connection(timeout=1) as connection:
                await connection.execute(
                    "SELECT gateway.beat(%s, %s, %s)",
                    [self.spool.name, len(self.shipper.waiting), self.shipper.oldest_s],
                )

    @property
    def troubles(self) -> list[str]:
        """Why this process would refuse calls now, in words."""
        found = (
            ["cut off: the database has not confirmed the passports for a second"]
            if self.book.cut_off
            else []
        )
        return found + [f"{task.get_coro()} ended" for task in self.tasks if task.done()]
