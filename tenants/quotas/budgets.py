"""Budgets of days and months, kept in PostgreSQL behind `gateway.take` and `gateway.settle`. No Django.

What is spent is booked together with the event that spent it (`gateway.ship`), never here.
"""

from datetime import datetime
from typing import Any

import orjson
import psycopg
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from tenants.quotas.batch import Batcher
from tenants.quotas.limits import BUDGETS, Exceeded, Held, Need, Stale, Unavailable, resets_at
from tenants.quotas.rates import Counted

Pool = AsyncConnectionPool[psycopg.AsyncConnection[Any]]
DOWN = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, psycopg.errors.UndefinedFunction,
        psycopg.errors.InvalidSchemaName, psycopg.errors.InsufficientPrivilege, OSError)  # fmt: skip


class Budgets:
    """:param spool: the name under which this process holds; its reader gives back what a dead one held."""

    def __init__(self, pool: Pool, spool: str) -> None:
        self.pool, self.spool = pool, spool
        self.take_batch = Batcher(self.take_many)

    async def take(self, need: Need, version: int) -> Held | Exceeded:
        """Set aside the call's worst case. Raises Stale, Unavailable."""
        answer = await self.take_batch((need, version))
        if isinstance(answer, Stale):
            raise answer
        return answer

    async def take_many(self, asked: list[tuple[Need, int]]) -> list[Held | Exceeded | Stale]:
        """Calls with another version than the newest of the batch are stale anyway."""
        version = max(each for _, each in asked)
        current = {need.call_id: need for need, each in asked if each == version}
        answers = await self.ask(list(current.values()), version)
        return [answers.get(need.call_id) or Stale() for need, _ in asked]

    async def ask(self, needs: list[Need], version: int) -> dict[str, Held | Exceeded]:
        """Answers by call; none where the version is stale. Raises Unavailable."""
        told = orjson.dumps({"version": version, "spool": self.spool, "calls": list(map(columns, needs))})
        try:
            async with (
                self.pool.connection(timeout=1) as connection,
                connection.cursor(row_factory=dict_row) as cursor,
            ):
                await cursor.execute("SELECT * FROM gateway.take(%s::jsonb)", [told.decode()], prepare=True)
                rows = await cursor.fetchall()
        except DOWN as error:
            raise Unavailable(f"PostgreSQL: {type(error).__name__}") from error
        at = {need.call_id: need.at for need in needs}
        return {row["call_id"]: read(row, at[row["call_id"]]) for row in rows if row["verdict"] != "stale"}

    async def settle(self, calls: list[str]) -> None:
        """Give back what these calls hold; they never happened."""
        async with self.pool.connection(timeout=1) as connection:
            await connection.execute("SELECT gateway.settle(%s)", [calls])

    async def spent(self, grants: list[int], at: datetime) -> dict[int, dict[str, tuple[int, int]]]:
        """(spent, held) by budget kind, for each grant."""
        async with (
            self.pool.connection(timeout=1) as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            await cursor.execute("SELECT * FROM gateway.spent(%s, %s)", [grants, at])
            rows = await cursor.fetchall()
        found: dict[int, dict[str, tuple[int, int]]] = {grant: {} for grant in grants}
        for row in rows:
            kinds = found[row["grant_id"]]
            kinds[f"tokens_per_{row['period']}"] = row["tokens_spent"], row["tokens_held"]
            kinds[f"usd_per_{row['period']}"] = row["usd_nanos_spent"], row["usd_nanos_held"]
        return found

    async def recount(self, since: datetime) -> list[Counted]:
        """What every grant used since `since`, from the ledger and the holds. Raises Unavailable."""
        try:
            async with self.pool.connection(timeout=1) as connection, connection.cursor() as cursor:
                await cursor.execute("SELECT * FROM gateway.recount(%s)", [since])
                return [
                    Counted(grant, calls, tokens, tuple(running))
                    for grant, calls, tokens, running in await cursor.fetchall()
                ]
        except DOWN as error:
            raise Unavailable(f"PostgreSQL: {type(error).__name__}") from error


def columns(need: Need) -> dict[str, Any]:
    """A need as `gateway.take` reads it. Prices are text: they may exceed 64 bits."""
    return {
        "id": need.call_id,
        "grant": need.grant_id,
        "at": need.at.isoformat(),
        "tokens_in": need.tokens_in,
        "tokens_out": None if need.tokens_out is None else need.tokens_out * need.choices,
        "most_out": need.most_out,
        "choices": need.choices,
        "price_in": None if need.price_in is None else str(need.price_in),
        "price_out": None if need.price_out is None else str(need.price_out),
        **{kind: need.maxima.get(kind) for kind in BUDGETS},
    }


def read(row: dict[str, Any], at: datetime) -> Held | Exceeded:
    if row["verdict"] == "ok":
        return Held(row["tokens_out"], row["tokens"], row["usd_nanos"])
    kind = row["kind"]
    return Exceeded(kind, row["used"], row["held"], row["maximum"], row["needed"], resets_at(kind, at))
