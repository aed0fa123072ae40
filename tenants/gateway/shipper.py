"""From the spool into the ledger: in batches, until the ledger says that it has them."""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Sequence
from itertools import islice

import orjson
import psycopg

from tenants.gateway.spool import Entry, Row, Spool
from tenants.quotas.slices import Used
from tenants.quotas.store import DOWN, Pool

log = logging.getLogger(__name__)

GATHER_S = 0.1
MOST = 500
PAUSE_S = (0.05, 0.1, 0.25, 0.5, 1.0)


class Shipper:
    """:ivar waiting: entries that are not in the ledger yet, oldest first, with when they came (monotonic s)."""

    def __init__(self, pool: Pool, spool: Spool) -> None:
        self.pool, self.spool = pool, spool
        self.waiting: deque[tuple[float, Entry]] = deque()
        self.came, self.done = 0, 0
        self.arrived, self.hurried = asyncio.Event(), asyncio.Event()
        self.flushes: list[tuple[int, asyncio.Future[None]]] = []
        self.accepted = self.rejected = self.conflicts = 0

    def add(self, entry: Entry) -> None:
        self.waiting.append((time.monotonic(), entry))
        self.came += 1
        self.arrived.set()

    @property
    def oldest_s(self) -> float:
        return time.monotonic() - self.waiting[0][0] if self.waiting else 0.0

    async def flush(self, timeout_s: float = 2.0) -> None:
        """Return when all that came until now is booked, or after `timeout_s`."""
        if self.done >= self.came:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.flushes.append((self.came, future))
        self.hurried.set()
        await asyncio.wait([future], timeout=timeout_s)

    async def run(self) -> None:
        """Ship until cancelled."""
        failures = 0
        while True:
            await self.arrived.wait()
            await self.gather()
            try:
                await self.ship_batch([entry for _, entry in islice(self.waiting, MOST)])
                failures = 0
            except DOWN as error:
                failures += 1
                log.warning(
                    "the ledger cannot be reached (%s); %d calls wait",
                    type(error).__name__,
                    len(self.waiting),
                )
                await asyncio.sleep(PAUSE_S[min(failures, len(PAUSE_S)) - 1])
            if not self.waiting:
                self.arrived.clear()

    async def gather(self) -> None:
        """Let calls come together for GATHER_S, unless they fill a batch already or somebody waits for the ledger.

        A batch costs the same for one call as for many, so a busy process gathers before each of them, too.
        """
        if len(self.waiting) >= MOST or self.flushes:
            return
        self.hurried.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GATHER_S):
                await self.hurried.wait()

    async def ship_batch(self, entries: list[Entry]) -> None:
        """Book these. Raises one of DOWN."""
        totals = Totals.of(entries)
        await self.book([entry.line for entry in entries], totals)
        totals.shipped()
        for _ in entries:
            self.waiting.popleft()
        self.done += len(entries)
        self.spool.booked(entries)
        self.wake()

    async def book(self, lines: list[bytes], totals: "Totals | None" = None) -> None:
        """Book these, as `told` writes them, or put aside what no ledger would take. Raises one of DOWN."""
        try:
            await self.ship(lines, totals)
        except psycopg.Error as error:
            if isinstance(error, DOWN):
                raise
            await self.ship_apart(lines)
            await self.ship([], totals)

    async def ship(
        self, lines: list[bytes], totals: "Totals | None" = None, *, closing: str | None = None,
        orphans: Sequence[Row] = (),
    ) -> None:  # fmt: skip
        """One transaction.

        :param closing: the spool that has been read to its end. :param orphans: its calls that ran when their process died.
        """
        used = totals.told() if totals else []
        async with self.pool.connection(timeout=2) as connection:
            cursor = await connection.execute(
                "SELECT * FROM gateway.ship(%s::json, %s, %s::jsonb, %s, %s::jsonb)",
                [
                    (b"[%b]" % b",".join(lines)).decode(),
                    self.spool.name,
                    orjson.dumps(used).decode(),
                    closing,
                    orphans_of(orphans),
                ],
                prepare=True,
            )
            accepted, _, conflicting = await cursor.fetchone() or (0, 0, [])
        self.accepted += accepted
        if conflicting:
            self.conflicts += len(conflicting)
            log.error("told again with another content, first word kept: %s", ", ".join(conflicting[:20]))

    async def ship_apart(self, lines: list[bytes]) -> None:
        """One bad row must not keep the others: it goes to a file of its own, and is counted."""
        for line in lines:
            try:
                await self.ship([line])
            except psycopg.Error as error:
                if isinstance(error, DOWN):
                    raise
                self.put_aside(orjson.loads(line), error)

    def put_aside(self, row: Row, error: psycopg.Error) -> None:
        self.rejected += 1
        log.error("the ledger refuses call %s: %s", row.get("call_id"), error)
        with (self.spool.directory / "rejected.jsonl").open("ab") as out:
            out.write(orjson.dumps({"why": str(error), "settled": row}) + b"\n")

    def wake(self) -> None:
        still = []
        for until, future in self.flushes:
            if until > self.done:
                still.append((until, future))
            elif not future.done():
                future.set_result(None)
        self.flushes = still


NO_ORPHANS, WHOSE = "[]", ("grant_id", "team_id", "application_id", "key_id")


def orphans_of(rows: Sequence[Row]) -> str:
    return (
        orjson.dumps([{name: row[name] for name in WHOSE} for row in rows]).decode() if rows else NO_ORPHANS
    )


class Totals:
    """How much of each day's slice is used up, in all, when a batch is in the ledger."""

    def __init__(self) -> None:
        self.days: dict[int, tuple[Used, int, int]] = {}

    @classmethod
    def of(cls, entries: list[Entry]) -> "Totals":
        found = cls()
        for used in (entry.used for entry in entries if entry.used is not None):
            found.add(used)
            for each in used.more:
                found.add(each)
        return found

    def add(self, used: Used) -> None:
        day = used.day
        _, tokens, nanos = self.days.get(id(day), (used, day.tokens_shipped, day.usd_nanos_shipped))
        self.days[id(day)] = used, tokens + used.tokens, nanos + used.usd_nanos

    def told(self) -> list[Row]:
        return [
            {
                "holder": used.slice.holder_id,
                "day": used.day.at.isoformat(),
                "tokens": tokens,
                "usd_nanos": nanos,
            }
            for used, tokens, nanos in self.days.values()
        ]

    def shipped(self) -> None:
        for used, tokens, nanos in self.days.values():
            used.day.tokens_shipped, used.day.usd_nanos_shipped = tokens, nanos
