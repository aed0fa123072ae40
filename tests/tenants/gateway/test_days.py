"""The days of budgets that a process knows: read again before they are over, and after the database was away."""

import asyncio
import dataclasses
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import dict_row

from catalog.models import Offer
from foundry.lib import clock
from foundry.lib.secrets import digest
from tenants.gateway.book import Book
from tenants.keys.rows import periods_of
from tenants.quotas.periods import DAYS_KNOWN, Periods
from tests import make
from tests.servers import Urls
from tests.tenants.gateway.inside import inside

pytestmark = pytest.mark.slow


def days(urls: Urls, since: datetime) -> Periods:
    """So many days as a process reads, from another one on."""
    with psycopg.connect(urls.gateway_url, row_factory=dict_row) as database:
        found = database.execute("SELECT * FROM gateway.periods(%s, %s)", [since, DAYS_KNOWN])
        return periods_of(found.fetchall())


def with_book(urls: Urls, folder: Path, work: Callable[[Book], Awaitable[None]]) -> None:
    async def main() -> None:
        async with inside(urls, folder) as runtime:
            await work(runtime.book)

    asyncio.run(main())


async def believe(book: Book, key: bytes, planted: Periods) -> None:
    """The process knows one key, and of days those `planted`, read with the database's version of now."""
    passport = await book.find(key)
    assert passport is not None
    book.periods = passport.version, planted
    book.known[key] = dataclasses.replace(passport, periods=planted)


async def known_to(book: Book, key: bytes) -> Periods:
    passport = await book.find(key)
    assert passport is not None
    return passport.periods


def test_days_that_run_out_are_read_again_while_the_last_of_them_still_counts(
    tmp_path: Path, committed: Urls, offer: Offer
) -> None:
    key = digest(make.key(make.grant(offer=offer))[1])
    last_days = days(committed, clock.now() - timedelta(days=DAYS_KNOWN - 1))

    async def work(book: Book) -> None:
        await believe(book, key, last_days)
        until = time.monotonic() + 1
        while (await known_to(book, key)).days[-1].day <= last_days.days[-1].day:
            assert (await known_to(book, key)).at(clock.now())  # a call is never without its day
            assert time.monotonic() < until, "not read within a second"
            await asyncio.sleep(0.01)
        assert not (await known_to(book, key)).run_out(clock.now())

    assert last_days.run_out(clock.now())
    with_book(committed, tmp_path, work)


def test_a_database_that_was_away_is_asked_again_when_days_begin(
    tmp_path: Path, committed: Urls, offer: Offer
) -> None:
    """Its zones may be newer than before, and no version tells that."""
    key = digest(make.key(make.grant(offer=offer))[1])
    true = days(committed, clock.now() - timedelta(days=1))
    hour = timedelta(hours=1)
    other = Periods(
        dataclasses.replace(day, day=day.day - hour, day_ends=day.day_ends - hour) for day in true.days
    )

    async def work(book: Book) -> None:
        await believe(book, key, other)
        asked_at = book.confirmed_at
        while book.confirmed_at < asked_at + 2 * book.config.poll_s:
            await asyncio.sleep(0.01)
        assert (await known_to(book, key)).begins == other.begins  # while it is there, nobody asks again
        async with await psycopg.AsyncConnection.connect(committed.gateway_url, autocommit=True) as one:
            await one.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = current_user AND datname = current_database() AND pid <> pg_backend_pid()"
            )
        until = time.monotonic() + 2
        while (await known_to(book, key)).begins != true.begins:
            assert time.monotonic() < until, "still the days of before"
            await asyncio.sleep(0.01)

    with_book(committed, tmp_path, work)
