"""The passports that this process knows, not older than the database's version for longer than its word takes.

A connection of its own listens and asks for the version every quarter second. A change is told at once and
forgets every passport. A process that could not ask for `cut_off_s` is cut off: it asks nobody any more, and goes on with
the passports that it knows, inside what it leases, until `grace_s` after the last word; then it refuses every call. What
other processes hear meanwhile it is told through Redis, where there is one (`gossip.py`), and forgets every passport.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import set_json_loads

from tenants.gateway.config import Config
from tenants.keys.passport import Passport
from tenants.keys.rows import key_row, periods_of, route_row
from tenants.quotas.limits import Unavailable
from tenants.quotas.periods import DAYS_KNOWN, Periods
from tenants.quotas.store import DOWN, Pool

MOST = 20_000  # passports and unknown digests kept
PAUSE_S = 0.1

set_json_loads(orjson.loads)


class Book:
    """:param recall: called when another process needs what this one leases of a grant.

    :ivar confirmed_at: monotonic seconds when the version was last asked for with an answer.
    :ivar fresh: set by each new version. :ivar doubted: cut off, and something changed since.
    :ivar tell: called with each new version. :ivar periods: the days of budgets, and the version that they were read with.
    """

    def __init__(self, pool: Pool, config: Config, recall: Callable[[int], None]) -> None:
        self.pool, self.config, self.recall = pool, config, recall
        self.version = 0
        self.fresh = asyncio.Event()
        self.confirmed_at = float("-inf")
        self.doubted = False
        self.tell: Callable[[int], None] = lambda _: None
        self.known: OrderedDict[bytes, Passport | None] = OrderedDict()
        self.reading: dict[bytes, asyncio.Task[Passport | None]] = {}
        self.periods: tuple[int, Periods] | None = None

    @property
    def cut_off(self) -> bool:
        return time.monotonic() - self.confirmed_at > self.config.cut_off_s

    @property
    def grace_left_s(self) -> float:
        """How long a process that is cut off goes on; 0 when it refuses every call."""
        until = self.confirmed_at + max(self.config.grace_s, self.config.cut_off_s)
        return max(0.0, until - time.monotonic()) if not self.doubted else 0.0

    @property
    def refuses(self) -> bool:
        return self.cut_off and not self.grace_left_s

    def reachable(self) -> bool:
        """Is it of use to ask the database?"""
        return not self.cut_off

    def heard(self, version: int) -> None:
        """Another process tells of a version. Who is cut off cannot read what changed, so that nothing known is good."""
        if self.cut_off and version > self.version:
            self.doubted = True
            self.forget()

    def forget(self) -> None:
        self.known.clear()
        self.reading.clear()

    def at_hand(self, digest: bytes) -> Passport | None:
        """A passport that nobody has to be asked for, if there is one."""
        return None if self.refuses else self.known.get(digest)

    async def find(self, digest: bytes) -> Passport | None:
        """The passport of a key's digest; None for an unknown one. Raises Unavailable."""
        if self.refuses:
            raise Unavailable("the database has not answered for too long")
        if digest in self.known:
            return self.known[digest]
        if self.cut_off:
            raise Unavailable("the database does not answer, and this key was not seen here lately")
        task = self.reading.get(digest)
        if task is None:
            task = self.reading[digest] = asyncio.create_task(self.read(digest))
        return await asyncio.shield(task)

    async def read(self, digest: bytes) -> Passport | None:
        try:
            version, passport = await self.load(digest)
        except DOWN as error:
            raise Unavailable(f"PostgreSQL: {type(error).__name__}") from error
        finally:
            if self.reading.get(digest) is asyncio.current_task():
                del self.reading[digest]
        if version >= self.version:
            self.known[digest] = passport
            if len(self.known) > MOST:
                self.known.popitem(last=False)
        return passport

    async def load(self, digest: bytes) -> tuple[int, Passport | None]:
        """Version first, rows after: a passport may be newer than its version, never older."""
        async with (
            self.pool.connection(timeout=1) as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            await cursor.execute("SELECT gateway.version()")
            row: dict[str, Any] | None = await cursor.fetchone()
            assert row is not None
            version: int = row["version"]
            await cursor.execute("SELECT * FROM gateway.key WHERE digest = %s", [digest])
            row = await cursor.fetchone()
            if row is None:
                return version, None
            key = key_row(row)
            periods = await self.days(version, cursor)
            await cursor.execute(
                "SELECT * FROM gateway.route WHERE grant_id = ANY (%s) ORDER BY grant_id",
                [[c.grant_id for c in key.grants]],
            )
            return version, Passport(version, key, tuple(map(route_row, await cursor.fetchall())), periods)

    async def days(self, version: int, cursor: psycopg.AsyncCursor[dict[str, Any]]) -> Periods:
        """The days of budgets from yesterday on, read once per version."""
        if self.periods is None or self.periods[0] != version:
            since = datetime.now(UTC) - timedelta(days=1)
            await cursor.execute("SELECT * FROM gateway.periods(%s, %s)", [since, DAYS_KNOWN])
            self.periods = version, periods_of(await cursor.fetchall())
        return self.periods[1]

    async def offered(self, name: str) -> bool:
        """Does the catalog have a model of that name? Raises Unavailable."""
        if not name.isprintable():
            return False
        if self.cut_off:
            raise Unavailable("the database does not answer")
        try:
            async with self.pool.connection(timeout=1) as connection:
                row = await (await connection.execute("SELECT gateway.offered(%s)", [name])).fetchone()
        except DOWN as error:
            raise Unavailable(f"PostgreSQL: {type(error).__name__}") from error
        return bool(row and row[0])

    async def watch(self) -> None:
        """Keep the version confirmed until cancelled; a lost connection is made again."""
        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(
                    self.config.database_url, autocommit=True, connect_timeout=2
                )
                async with connection:
                    await connection.execute("LISTEN gateway")
                    await self.heal()
                    async with asyncio.timeout(self.config.cut_off_s):
                        await self.confirm(connection)
                    self.read_anew()  # a database that was started again may know other zones
                    while True:
                        async with asyncio.timeout(self.config.cut_off_s):
                            await self.confirm(connection)
                        async for each in connection.notifies(timeout=self.config.poll_s, stop_after=1):
                            self.told(each.payload)
            except (*DOWN, TimeoutError):
                await asyncio.sleep(PAUSE_S)

    def told(self, word: str) -> None:
        """A version that is new, or `recall` and a grant whose free parts another process needs."""
        kind, _, grant = word.partition(" ")
        if kind == "recall":
            self.recall(int(grant))
        else:
            self.changed(int(word))

    def changed(self, version: int) -> None:
        if version != self.version:
            self.version = version
            self.forget()
            self.fresh.set()
            self.tell(version)

    async def heal(self) -> None:
        """What ended our connection ended the pool's: replace them before calls are let in again."""
        await self.pool.check()
        async with self.pool.connection(timeout=2) as connection:
            await connection.execute("SELECT gateway.version()")

    async def confirm(self, connection: psycopg.AsyncConnection[Any]) -> None:
        asked_at = time.monotonic()
        row = await (await connection.execute("SELECT gateway.version()")).fetchone()
        assert row is not None
        self.changed(row[0])
        self.confirmed_at, self.doubted = asked_at, False
        if self.periods is not None and self.periods[1].run_out(datetime.now(UTC)):
            self.read_anew()

    def read_anew(self) -> None:
        """The days of budgets, and with them every passport."""
        self.periods = None
        self.forget()
