"""When Redis or PostgreSQL is gone: no limit is passed, no call is lost, and it mends itself."""

import threading
import time

import pytest
from django.db import connections
from psycopg import sql

from tenants.usage.verify import verify
from tests import make, processes
from tests.servers import admin
from tests.tenants.gateway.conftest import World
from tests.tenants.gateway.traffic import (
    URL_PATH,
    booked,
    burst,
    codes,
    early_in_the_minute,
    question,
    within,
)

pytestmark = pytest.mark.slow


def test_limits_hold_without_redis(world: World) -> None:
    """The gateway's limits live in PostgreSQL: an address where no Redis answers changes nothing."""
    _, secret = make.key(make.grant(offer=world.offer, limits={"rpm": 20, "concurrency": 40}))
    with processes.gateway(
        world.folder / "second", world.urls.gateway_url, REDIS_URL="redis://127.0.0.1:1/0"
    ) as second:
        early_in_the_minute()
        assert codes(burst([world.gateway.url, second.url], secret, [question()] * 40)) == {
            "": 20, "limit.rpm": 20,
        }  # fmt: skip


def test_without_postgresql_calls_are_refused_within_a_second_and_what_runs_is_booked_later(
    world: World,
) -> None:
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
    assert within(2, lambda: world.gateway.post(URL_PATH, question(), secret)[0] == 503)
    time.sleep(1.2)
    assert min(seconds_to_refuse(world, secret) for _ in range(5)) < 0.2
    assert world.gateway.get("/readyz")[0] == 503
    running.join()
    assert answers == [200]
    allow_connections(world.urls.name, True)
    assert within(10, lambda: world.gateway.get("/readyz")[0] == 200)
    assert world.gateway.post(URL_PATH, question(), secret)[0] == 200
    assert len(booked(3, outcome="ok")) >= 3
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
