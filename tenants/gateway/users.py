"""Who used a window that is used up: asked once per holder and a few seconds, because refusals come in storms."""

import asyncio
import time
from datetime import datetime
from typing import Any

from tenants.quotas.limits import window_of
from tenants.quotas.periods import MINUTE_S
from tenants.quotas.store import DOWN, Pool

KEPT_S, WAIT_S, MOST = 5.0, 0.25, 2_000
Row = tuple[Any, ...]  # holder, period, unit, application, key, used, whole; the most first


class Users:
    """:ivar known: by holder and minute, when it was asked (monotonic seconds) and the task that asks."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.known: dict[tuple[int, int], tuple[float, asyncio.Task[list[Row]]]] = {}

    async def of(self, holder_id: int, kind: str, at: datetime) -> list[dict[str, Any]]:
        """The three that used most of the window of `kind`, in its own unit, each with its share of all that is used.

        As the ledger has it, so of a minute without the last second or two, and of calls at once the calls of this hour.
        Empty where nothing is booked yet or it cannot be said in time, and always for the organisation.
        """
        try:
            rows = await asyncio.wait_for(asyncio.shield(self.task(holder_id, at)), WAIT_S)
        except (*DOWN, TimeoutError):
            return []
        wanted = window_of(kind)
        return [
            {"application": application, "key": key, "share": round(used / whole, 3)}
            for _, period, unit, application, key, used, whole in rows
            if (period, unit) == wanted
        ]

    def task(self, holder_id: int, at: datetime) -> "asyncio.Task[list[Row]]":
        now, asked = time.monotonic(), (holder_id, int(at.timestamp()) // MINUTE_S)
        asked_at, task = self.known.get(asked, (0.0, None))
        if task is None or now - asked_at > KEPT_S:
            if len(self.known) > MOST:
                self.known.clear()
            task = asyncio.create_task(self.ask(holder_id, at))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self.known[asked] = now, task
        return task

    async def ask(self, holder_id: int, at: datetime) -> list[Row]:
        async with self.pool.connection(timeout=WAIT_S) as connection:
            cursor = await connection.execute("SELECT * FROM gateway.users(%s, %s)", [[holder_id], at])
            return await cursor.fetchall()
