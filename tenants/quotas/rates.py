"""Rates of a minute and calls at once, counted in Redis: one Lua call per batch. No Django.

Redis may lose everything at any moment. A mark tells whether the counters are whole; where it is missing
nothing is taken until they are set again, as absolute numbers, from what the ledger knows of this minute.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from tenants.quotas.batch import Batcher
from tenants.quotas.limits import RATES, Exceeded, Need, Rated, Unavailable, resets_at

WHOLE = "foundry:rate:whole"
LEASE_MS = 15_000
RENEW_S = 5.0
CALM_S = 0.2  # calls that Redis had admitted when it was lost reach the ledger within this
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Counted:
    """What the ledger knows of one grant in one minute: admitted calls, their tokens, and which still run."""

    grant_id: int
    calls: int
    tokens: int
    running: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Correction:
    """What a call's charge changes by. :param undone: the call never happened."""

    call_id: str
    grant_id: int
    minute: int
    tokens: int
    undone: bool


Recount = Callable[[datetime], Awaitable[list[Counted]]]


class Rates:
    """:param recount: asks the ledger what every grant used since a minute began."""

    def __init__(self, redis: Redis, recount: Recount) -> None:
        self.redis, self.recount = redis, recount
        self.take_script, self.settle_script, self.seed_script = (
            redis.register_script((HERE / f"{name}.lua").read_text()) for name in ("take", "settle", "seed")
        )
        self.take = Batcher(self.take_many)
        self.correct = Batcher(self.correct_many)
        self.running: dict[str, str] = {}
        self.seeding = asyncio.Lock()

    async def take_many(self, needs: list[Need]) -> list[Rated | Exceeded]:
        """Raises Unavailable when Redis does not answer or cannot be made whole."""
        keys: list[str] = [WHOLE]
        args: list[str | int] = [LEASE_MS]
        for need in needs:
            keys.append(key_of(need.grant_id))
            args += [need.call_id, *(need.maxima.get(kind, -1) for kind in RATES), need.estimate]
        for _ in range(3):
            try:
                minute, *answers = await self.take_script(keys, args)
            except (RedisError, OSError) as error:
                raise Unavailable(f"Redis: {type(error).__name__}") from error
            if minute != -1:
                return [self.read(need, minute, answer) for need, answer in zip(needs, answers, strict=True)]
            await self.make_whole()
        raise Unavailable("Redis loses its counters again and again")

    def read(self, need: Need, minute: int, answer: list[int]) -> Rated | Exceeded:
        verdict, used, calls, tokens = answer
        if verdict == 0:
            if "concurrency" in need.maxima:
                self.running[need.call_id] = key_of(need.grant_id)
            return Rated(minute, calls, tokens)
        kind, at = RATES[verdict - 1], datetime.fromtimestamp(minute * 60, UTC)
        needed = need.estimate if kind == "tpm" else 1
        return Exceeded(kind, used, 0, need.maxima[kind], needed, resets_at(kind, at))

    async def correct_many(self, corrections: list[Correction]) -> list[None]:
        keys: list[str] = []
        args: list[str | int] = []
        for each in corrections:
            self.running.pop(each.call_id, None)
            keys.append(key_of(each.grant_id))
            args += [each.call_id, each.minute, each.tokens, int(each.undone)]
        with contextlib.suppress(RedisError, OSError):  # what Redis lost, the ledger tells it when it is back
            await self.settle_script(keys, args)
        return [None] * len(corrections)

    async def make_whole(self) -> None:
        """Set the counters from the ledger, unless somebody else did."""
        async with self.seeding:
            if await self.redis.exists(WHOLE):
                return
            await asyncio.sleep(CALM_S)
            seconds, _ = await self.redis.time()
            minute = seconds // 60
            counted = await self.recount(datetime.fromtimestamp(minute * 60, UTC))
            keys: list[str] = [WHOLE]
            args: list[str | int] = [LEASE_MS, minute]
            for each in counted:
                keys.append(key_of(each.grant_id))
                args += [each.calls, each.tokens, len(each.running), *each.running]
            await self.seed_script(keys, args)

    async def renew(self) -> None:
        """Keep running calls counted; called every RENEW_S."""
        seconds, micros = await self.redis.time()
        until = seconds * 1000 + micros // 1000 + LEASE_MS
        async with self.redis.pipeline(transaction=False) as pipeline:
            for call_id, key in self.running.items():
                pipeline.zadd(f"{key}:running", {call_id: until})
            await pipeline.execute()

    async def used(self, grants: list[int]) -> dict[int, tuple[int, int, int]]:
        """Calls and tokens of this minute, and running calls, by grant; for showing only."""
        minute = (await self.redis.time())[0] // 60
        found = {}
        for grant in grants:
            held: list[Any] = await self.redis.hmget(key_of(grant), ["minute", "calls", "tokens"])
            fresh = held[0] is not None and int(held[0]) == minute
            running: int = await self.redis.zcard(f"{key_of(grant)}:running")
            found[grant] = (int(held[1]) if fresh else 0, int(held[2]) if fresh else 0, running)
        return found


def key_of(grant_id: int) -> str:
    return f"foundry:rate:{grant_id}"
