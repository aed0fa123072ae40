"""Where slices come from: `gateway.lease` in PostgreSQL. One statement for everything that is asked at once. No Django."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import psycopg
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from tenants.quotas.limits import KINDS, Need, Unavailable
from tenants.quotas.slices import Day, Slice

Pool = AsyncConnectionPool[psycopg.AsyncConnection[Any]]
DOWN = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, psycopg.errors.UndefinedFunction,
        psycopg.errors.InvalidSchemaName, psycopg.errors.InsufficientPrivilege, OSError)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """:param verdict: ok, limit, recall (others may have free parts and were told), stale.

    :param used, held, maximum: of the limit `kind` that stands in the way.
    :param minute: of the database's clock; `left_ms` is what is left of it.
    :param seen: calls and tokens of the minute in all. :param leased: totals, in the order of the slice's parts.
    """

    verdict: str
    kind: str
    used: int
    held: int
    maximum: int
    minute: int
    left_ms: int
    seen: tuple[int, int]
    leased: list[int]
    loose: bool


@dataclass(frozen=True, slots=True)
class Ask:
    """What a slice tells and asks.

    :param need: the call that must fit; None only tells. :param calls: so many like it would be welcome.
    :param recalled: others were told already. :param last: no more waiting for them.
    """

    slice: Slice
    version: int | None
    need: Need | None = None
    calls: int = 1
    recalled: bool = False
    last: bool = False

    def rows(self) -> list[dict[str, Any]]:
        """One per day that has something to tell, the day of the call last."""
        piece = self.slice
        mine = None if self.need is None else piece.day_of(self.need.day)
        days: list[Day | None] = [day for day in piece.days.values() if day is not mine]
        if mine is not None or not days:
            days.append(mine)
        return [self.row(day, self.need if day is mine else None) for day in days]

    def row(self, day: Day | None, need: Need | None) -> dict[str, Any]:
        piece = self.slice
        nothing = [0] * 5
        budgets = (day.tokens, day.usd_nanos) if day else (None, None)
        parts = [piece.calls, piece.rate_tokens, piece.slots, *budgets]
        row = {
            "grant": piece.grant_id,
            "day": None if day is None else day.at.isoformat(),
            "minute": piece.minute,
            "returned": [part.returned if part else 0 for part in parts],
            "over": piece.over,
            "loose": piece.loose or piece.has_free,
            "maxima": [piece.maxima.get(kind) for kind in KINDS],
            "least": nothing,
            "ideal": nothing,
            "most": nothing,
            "recalled": self.recalled,
            "last": self.last,
        }
        if need is None:
            return row
        free = [part.free if part else 0 for part in parts]
        return row | {
            "least": beyond(units(need, need.least_out, 1), free),
            "ideal": beyond(units(need, need.wanted_out, 1), free),
            "most": beyond(units(need, need.wanted_out, self.calls), free),
        }


def units(need: Need, out: int, calls: int) -> list[int]:
    """What so many calls need of each part."""
    each = (1, need.estimate, 1, need.tokens(out), need.usd_nanos(out))
    return [number * calls for number in each]


def beyond(wanted: list[int], free: list[int]) -> list[int]:
    return [max(0, number - here) for number, here in zip(wanted, free, strict=True)]


class Store:
    """:param spool: the name under which this process leases; its reader gives back what a dead one leased."""

    def __init__(self, pool: Pool, spool: str) -> None:
        self.pool, self.spool = pool, spool

    async def lease(self, asks: list[Ask]) -> list[Answer]:
        """Answers in order. Raises Unavailable."""
        version = max((ask.version for ask in asks if ask.version is not None), default=None)
        answers = [None if ask.version in (version, None) else STALE for ask in asks]
        rows = [row | {"ask": n} for n, ask in enumerate(asks) if answers[n] is None for row in ask.rows()]
        told = orjson.dumps({"version": version, "spool": self.spool, "asks": rows}).decode()
        try:
            async with (
                self.pool.connection(timeout=1) as connection,
                connection.cursor(row_factory=dict_row) as cursor,
            ):
                await cursor.execute("SELECT * FROM gateway.lease(%s::jsonb)", [told], prepare=True)
                for row in await cursor.fetchall():
                    answers[row["ask"]] = read(row)
        except DOWN as error:
            raise Unavailable(f"PostgreSQL: {type(error).__name__}") from error
        return [answer or STALE for answer in answers]

    async def used(self, grants: list[int], at: datetime) -> dict[int, dict[str, tuple[int, int]]]:
        """(used, held) by kind of limit, for each grant, in the windows of `at`. Raises one of DOWN."""
        async with self.pool.connection(timeout=1) as connection:
            cursor = await connection.execute("SELECT * FROM gateway.used(%s, %s)", [grants, at])
            rows = await cursor.fetchall()
        found: dict[int, dict[str, tuple[int, int]]] = {grant: {} for grant in grants}
        for grant, kind, used, held in rows:
            found[grant][kind] = used, held
        return found

    async def recall(self, grants: list[int]) -> bool:
        """Tell other processes to give back what is free; True when nobody has anything. Raises one of DOWN."""
        async with self.pool.connection(timeout=1) as connection:
            cursor = await connection.execute("SELECT gateway.recall(%s, %s)", [self.spool, grants])
            row = await cursor.fetchone()
        return bool(row and row[0])


STALE = Answer("stale", "", 0, 0, 0, 0, 0, (0, 0), [], False)


def read(row: dict[str, Any]) -> Answer:
    return Answer(
        row["verdict"], row["kind"] or "", row["used"] or 0, row["held"] or 0, row["maximum"] or 0,
        row["minute"], row["left_ms"], (row["rate_calls"], row["rate_tokens"]), row["leased"], row["loose"],
    )  # fmt: skip
