"""Where slices come from: `gateway.lease` in PostgreSQL. One statement for everything that is asked at once. No Django."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
import psycopg
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from tenants.quotas.limits import KINDS, SHADOW, SOFT, Need, Unavailable
from tenants.quotas.slices import Day, Given, Slice

Pool = AsyncConnectionPool[psycopg.AsyncConnection[Any]]
DOWN = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, psycopg.errors.UndefinedFunction,
        psycopg.errors.InvalidSchemaName, psycopg.errors.InsufficientPrivilege, OSError)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """:param verdict: ok, limit, recall (others may have free parts and were told), stale.

    :param failing: the holder whose limit `kind` stands in the way; `used`, `held`, `maximum` are of it.
    :param given: by holder.
    """

    verdict: str
    failing: int = 0
    kind: str = ""
    used: int = 0
    held: int = 0
    maximum: int = 0
    given: dict[int, Given] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ask:
    """What a slice tells and asks.

    :param slice: whose callers wait. :param need: the call that must fit; None only tells of `slice`.
    :param pieces: of every holder that limits the call. :param calls: so many like it would be welcome.
    :param recalled: holders of which others were told already. :param last: no more waiting for them.
    :param ahead: nobody waits for the answer: `need` is a call like those that will come.
    """

    slice: Slice
    version: int | None
    need: Need | None = None
    pieces: tuple[Slice, ...] = ()
    calls: int = 1
    recalled: frozenset[int] = frozenset()
    last: bool = False
    ahead: bool = False

    def rows(self, number: int) -> list[dict[str, Any]]:
        """One per slice and day that has something to tell, those of the call last. :param number: of the ask."""
        told = [row for piece in self.pieces or (self.slice,) for row in self.rows_of(piece)]
        place = min(row["holder"] for row in told)
        return [row | {"ask": number, "place": place} for row in told]

    def rows_of(self, piece: Slice) -> list[dict[str, Any]]:
        mine = None if self.need is None else piece.day_of(self.need.day)
        days: list[Day | None] = [day for day in piece.days.values() if day is not mine]
        if mine is not None or not days:
            days.append(mine)
        return [self.row(piece, day, self.need if day is mine else None) for day in days]

    def row(self, piece: Slice, day: Day | None, need: Need | None) -> dict[str, Any]:
        nothing = [0] * 5
        budgets = (day.tokens, day.usd_nanos) if day else (None, None)
        parts = [piece.calls, piece.rate_tokens, piece.slots, *budgets]
        row = {
            "needs": need is not None,
            "holder": piece.holder_id,
            "day": None if day is None else day.at.isoformat(),
            "minute": piece.minute,
            "returned": [part.returned if part else 0 for part in parts],
            "over": piece.over,
            "loose": piece.loose or piece.has_free,
            "maxima": [piece.maxima.get(kind) for kind in KINDS],
            "soft": [piece.maxima.get(SOFT + kind) for kind in KINDS],
            "shadow": [piece.maxima.get(SHADOW + kind) for kind in KINDS],
            "least": nothing,
            "ideal": nothing,
            "most": nothing,
            "recalled": piece.holder_id in self.recalled,
            "last": self.last,
        }
        if need is None:
            return row
        free = [part.free if part else 0 for part in parts]
        return row | {
            "least": beyond(units(need, need.least_out, 1), free),
            "ideal": beyond(units(need, need.wanted_out, 1), free),
            "most": [
                max(pair)
                for pair in zip(
                    beyond(units(need, need.wanted_out, self.calls), free),
                    beyond(piece.kept, free),
                    strict=True,
                )
            ],
        }


def units(need: Need, out: int, calls: int) -> list[int]:
    """What so many calls need of each part."""
    each = (1, need.estimate, 1, need.tokens(out), need.usd_nanos(out))
    return [number * calls for number in each]


def beyond(wanted: Sequence[int], free: list[int]) -> list[int]:
    return [max(0, number - here) for number, here in zip(wanted, free, strict=True)]


class Store:
    """:param spool: the name under which this process leases; its reader gives back what a dead one leased."""

    def __init__(self, pool: Pool, spool: str) -> None:
        self.pool, self.spool = pool, spool

    async def lease(self, asks: list[Ask]) -> list[Answer]:
        """Answers in order. Raises Unavailable."""
        version = max((ask.version for ask in asks if ask.version is not None), default=None)
        found: list[list[dict[str, Any]]] = [[] for _ in asks]
        rows = [row for n, ask in enumerate(asks) if ask.version in (version, None) for row in ask.rows(n)]
        levels = any(len(ask.pieces) > 1 for ask in asks)
        told = orjson.dumps(
            {"version": version, "spool": self.spool, "levels": levels, "asks": rows}
        ).decode()
        try:
            async with (
                self.pool.connection(timeout=1) as connection,
                connection.cursor(row_factory=dict_row) as cursor,
            ):
                await cursor.execute("SELECT * FROM gateway.lease(%s::jsonb)", [told], prepare=True)
                for row in await cursor.fetchall():
                    found[row["ask"]].append(row)
        except DOWN as error:
            raise Unavailable(f"PostgreSQL: {type(error).__name__}") from error
        return [read(each) for each in found]

    async def used(self, holders: list[int], at: datetime) -> dict[int, dict[str, tuple[int, int]]]:
        """(used, held) by kind of limit, for each holder, in the windows of `at`. Raises one of DOWN."""
        async with self.pool.connection(timeout=1) as connection:
            cursor = await connection.execute("SELECT * FROM gateway.used(%s, %s)", [holders, at])
            rows = await cursor.fetchall()
        found: dict[int, dict[str, tuple[int, int]]] = {holder: {} for holder in holders}
        for holder, kind, used, held in rows:
            found[holder][kind] = used, held
        return found

    async def recall(self, holders: list[int]) -> bool:
        """Tell other processes to give back what is free; True when nobody has anything. Raises one of DOWN."""
        async with self.pool.connection(timeout=1) as connection:
            cursor = await connection.execute("SELECT gateway.recall(%s, %s)", [self.spool, holders])
            row = await cursor.fetchone()
        return bool(row and row[0])


def read(rows: list[dict[str, Any]]) -> Answer:
    """Of one ask; the last row of a holder is that of the call's day."""
    if not rows or rows[-1]["verdict"] == "stale":
        return Answer("stale")
    last = rows[-1]
    given = {row["holder"]: given_by(row) for row in rows}
    return Answer(
        last["verdict"], last["failing"] or 0, last["kind"] or "", last["used"] or 0, last["held"] or 0,
        last["maximum"] or 0, given,
    )  # fmt: skip


def given_by(row: dict[str, Any]) -> Given:
    return Given(
        row["holder"], row["minute"], row["left_ms"], (row["rate_calls"], row["rate_tokens"]), row["leased"],
        row["loose"], row["recalled"], tuple(row["passed"] or ()),
    )  # fmt: skip
