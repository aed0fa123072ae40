"""Rates in Redis: what a minute was charged, what it owes the next, and what runs."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import redis.asyncio

from tenants.quotas.limits import Exceeded, Need, Rated
from tenants.quotas.rates import Correction, Counted, Rates, key_of
from tests.tenants.gateway.traffic import early_in_the_minute

AT = datetime(2026, 11, 1, tzinfo=UTC)


def need(call: str, estimate: int = 10, **maxima: int) -> Need:
    return Need(
        call_id=call, grant_id=7, at=AT, tokens_in=1, tokens_out=1, most_out=1, choices=1, estimate=estimate,
        price_in=None, price_out=None, maxima=maxima,
    )  # fmt: skip


def with_rates(
    url: str, story: Callable[[Rates, Any], Awaitable[None]], known: list[Counted] | None = None
) -> None:
    """Run a story on fresh counters; `known` is what the ledger would tell after a loss."""

    async def recount(since: datetime) -> list[Counted]:
        return known or []

    async def run() -> None:
        async with redis.asyncio.Redis.from_url(url) as client:
            await story(Rates(client, recount), client)

    early_in_the_minute(5)
    asyncio.run(run())


def test_tokens_beyond_a_minute_are_debt_on_the_next_ones(redis_url: str) -> None:
    async def story(rates: Rates, client: Any) -> None:
        taken = await rates.take(need("a", tpm=100))
        assert isinstance(taken, Rated)
        await rates.correct(Correction("a", 7, taken.minute, 240, False))
        await client.hincrby(key_of(7), "minute", -1)  # a minute later: 250 were used, 150 are owed
        refused = await rates.take(need("b", tpm=100))
        assert refused == Exceeded("tpm", 150, 0, 100, 10, refused.resets_at)  # type: ignore[union-attr]
        await client.hincrby(key_of(7), "minute", -1)  # the last 50 are owed now
        allowed = await rates.take(need("c", tpm=100))
        assert isinstance(allowed, Rated)
        assert allowed.tokens == 60

    with_rates(redis_url, story)


def test_a_call_that_never_happened_leaves_its_minute_as_it_was(redis_url: str) -> None:
    async def story(rates: Rates, client: Any) -> None:
        limits = {"rpm": 1, "tpm": 10, "concurrency": 1}
        for call in "abc":
            taken = await rates.take(need(call, **limits))
            assert isinstance(taken, Rated)
            await rates.correct(Correction(call, 7, taken.minute, -10, True))

    with_rates(redis_url, story)


def test_a_running_call_without_a_sign_of_life_stops_counting(redis_url: str) -> None:
    async def story(rates: Rates, client: Any) -> None:
        assert isinstance(await rates.take(need("a", concurrency=1)), Rated)
        assert isinstance(await rates.take(need("b", concurrency=1)), Exceeded)
        await client.zadd(f"{key_of(7)}:running", {"a": 0})
        await rates.renew()
        assert isinstance(await rates.take(need("b", concurrency=1)), Exceeded)
        rates.running.clear()
        await client.zadd(f"{key_of(7)}:running", {"a": 0})
        assert isinstance(await rates.take(need("b", concurrency=1)), Rated)

    with_rates(redis_url, story)


def test_lost_counters_are_set_to_what_the_ledger_knows_once(redis_url: str) -> None:
    async def story(rates: Rates, client: Any) -> None:
        refused = await rates.take(need("a", rpm=30))
        assert isinstance(refused, Exceeded)
        assert refused.used == 30
        assert isinstance(await rates.take(need("b", concurrency=2)), Exceeded)
        await rates.make_whole()
        assert await client.hget(key_of(7), "calls") == b"30"

    with_rates(redis_url, story, [Counted(7, 30, 500, ("x", "y"))])
