"""Who used a window that is used up: asked once per holder and a few seconds, because refusals come in storms."""

import asyncio
import time
from datetime import datetime
from typing import Any

from tenants.quotas.store import DOWN, Pool

KEPT_S, WAIT_S, MOST = 5.0, 0.25, 2_000
Row = tuple[Any, ...]  # holder, period, application, key, calls, tokens, nano-dollars


class Users:
    """:ivar known: by holder, when it was asked (monotonic seconds) and the task that asks."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.known: dict[int, tuple[float, asyncio.Task[list[Row]]]] = {}

    async def of(self, holder_id: int, kind: str, at: datetime) -> list[dict[str, Any]]:
        """The three that used most of the window of `kind`, of a rate in this hour; empty where it cannot be said in time."""
        try:
            rows = await asyncio.wait_for(asyncio.shield(self.task(holder_id, at)), WAIT_S)
        except (*DOWN, TimeoutError):
            return []
        period = kind.rpartition("_")[2] if "_per_" in kind else "hour"
        column = 6 if kind.startswith("usd") else 5 if "tokens" in kind or kind == "tpm" else 4
        found = sorted((row for row in rows if row[1] == period), key=lambda row: -row[column])
        whole = sum(row[column] for row in found) or 1
        return [
            {"application": row[2], "key": row[3], "share": round(row[column] / whole, 3)} for row in found
        ]

    def task(self, holder_id: int, at: datetime) -> "asyncio.Task[list[Row]]":
        now = time.monotonic()
        asked_at, task = self.known.get(holder_id, (0.0, None))
        if task is None or now - asked_at > KEPT_S:
            if len(self.known) > MOST:
                self.known.clear()
            task = asyncio.create_task(self.ask(holder_id, at))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self.known[holder_id] = now, task
        return task

    async def ask(self, holder_id: int, at: datetime) -> list[Row]:
        async with self.pool.connection(timeout=WAIT_S) as connection:
            cursor = await connection.execute("SELECT * FROM gateway.users(%s, %s)", [[holder_id], at])
            return await cursor.fetchall()
