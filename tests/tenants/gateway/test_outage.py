"""When Redis forgets, when Redis or PostgreSQL is gone: no limit is passed, no call is lost, and it mends itself."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from django.db import connections
from psycopg import sql

from foundry.local.redis import Redis
from tenants.usage.verify import verify
from tests import make, processes
from tests.servers import Urls, admin
from tests.tenants.gateway.conftest import World
from tests.tenants.gateway.traffic import URL_PATH, booked, burst, codes, early_in_the_minute, question

pytestmark = pytest.mark.slow


def test_when_redis_forgets_everything_a_limit_is_still_exact(world: World) -> None:
    """30 of 50 calls are used when the counters vanish: 20 more pass, over two processes, and none beyond."""
    _, secret = make.key(make.grant(offer=world.offer, limits={"rpm": 50, "concurrency": 40}))
    with processes.gateway(world.folder / "second", world.urls.gateway_url, world.redis_url) as second:
        two = [world.gateway.url, second.url]
        early_in_the_minute(20)
        assert codes(burst(two, secret, [question()] * 30)) == {"": 30}
        booked(30)
        with redis.Redis.from_url(world.redis_url) as client:
            client.flushdb()
        assert codes(burst(two, secret, [question()] * 40)) == {"": 20, "limit.rpm": 20}


def test_without_redis_rated_calls_are_refused_and_come_back_with_it(
    committed: Urls, tmp_path: Path, sandbox: processes.Server, offer: object
) -> None:
    rated, unrated = (
        make.key(make.grant(offer=offer, limits=limits))[1]
        for limits in ({"rpm": 1_000}, {"tokens_per_day": 10**6})
    )
    server = Redis(tmp_path, durable=False)
    server.start()
    try:
        with processes.gateway(tmp_path, committed.gateway_url, server.url()) as gateway:
            assert gateway.post(URL_PATH, question(), rated)[0] == 200
            server.stop()
            began = time.monotonic()
            status, answer = gateway.post(URL_PATH, question(), rated)
            assert (status, answer["error"]["code"]) == (503, "unavailable")
            assert time.monotonic() - began < 2
            assert gateway.post(URL_PATH, question(), unrated)[0] == 200
            server.start()
            assert within(10, lambda: gateway.post(URL_PATH, question(), rated)[0] == 200)
    finally:
        server.stop()


def test_without_postgresql_calls_are_refused_at_once_and_what_runs_is_booked_later(world: World) -> None:
    """The call that runs while the database goes away is answered, and in the ledger when it is back."""
    _, secret = make.key(make.grant(offer=world.offer, limits={"tokens_per_day": 10**6}))
    assert world.gateway.post(URL_PATH, question(), secret)[0] == 200
    booked(1)
    slow = question(knobs={"delay_ms": 1_500})
    answers: list[int] = []
    running = threading.Thread(target=lambda: answers.append(world.gateway.post(URL_PATH, slow, secret)[0]))
    running.start()
    time.sleep(0.3)
    allow_connections(world.urls.name, False)
    began = time.monotonic()
    status, answer = world.gateway.post(URL_PATH, question(), secret)
    assert (status, answer["error"]["code"]) == (503, "unavailable")
    assert time.monotonic() - began < 2
    time.sleep(1.2)
    assert min(seconds_to_refuse(world, secret) for _ in range(5)) < 0.2
    assert world.gateway.get("/readyz")[0] == 503
    running.join()
    assert answers == [200]
    allow_connections(world.urls.name, True)
    assert within(10, lambda: world.gateway.get("/readyz")[0] == 200)
    assert world.gateway.post(URL_PATH, question(), secret)[0] == 200
    rows = booked(3, outcome="ok")
    assert len(rows) == 3
    assert within(10, lambda: [proof.differing for proof in verify()] == [[]] * 5)


def seconds_to_refuse(world: World, secret: str) -> float:
    began = time.monotonic()
    assert world.gateway.post(URL_PATH, question(), secret)[0] == 503
    return time.monotonic() - began


def allow_connections(database: str, allowed: bool) -> None:
    """Let a database take connections, or let it take none and end those it has, but for Django's own."""
    connections.close_all()
    with admin() as connection:
        connection.execute(
            sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(
                sql.Identifier(database), sql.Literal(allowed)
            )
        )
        if not allowed:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database]
            )


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    """Does `holds()` become true in that time?"""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return False
