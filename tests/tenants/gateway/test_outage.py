"""When Redis or PostgreSQL is gone: no limit is passed, no call is lost, and it mends itself."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections
from psycopg import sql

from foundry.lib import clock
from tenants.keys import actions as keys
from tenants.usage.verify import verify
from tests import make, processes
from tests.fakes.line import line
from tests.servers import admin
from tests.tenants.gateway.conftest import World
from tests.tenants.gateway.test_hundred import FITTING, call_of
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
WIDE, SHARE = {"usd_per_day": 10**11}, "usd_per_day:10"


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


@pytest.fixture
def short(world: World) -> Iterator[processes.Server]:
    """A gateway that goes on for twelve seconds without the database; limits in money are its local share, all others closed."""
    with processes.gateway(
        world.folder / "short", world.urls.gateway_url, GATEWAY_GRACE_S="12", GATEWAY_LOCAL_SHARE=SHARE
    ) as gateway:
        yield gateway


def test_without_postgresql_known_keys_go_on_inside_their_leases_for_a_set_time_then_all_are_refused(
    world: World, short: processes.Server
) -> None:
    """What was under way and what came meanwhile is in the ledger when the database is back; nothing is started again."""
    limited = make.grant(offer=world.offer, limits={"tokens_per_day": 10**6})
    _, known = make.key(make.grant(offer=world.offer, limits=WIDE))
    _, held = make.key(limited)
    _, unseen = make.key(limited)
    for secret in (known, held):
        assert short.post(URL_PATH, question(), secret)[0] == 200
    booked(2)
    slow = question(knobs={"delay_ms": 1_500})
    answers: list[int] = []
    running = threading.Thread(target=lambda: answers.append(short.post(URL_PATH, slow, held)[0]))
    running.start()
    time.sleep(0.3)
    allow_connections(world.urls.name, False)
    assert within(2, lambda: not database(short)["ok"])
    assert "go on" in database(short)["why"]
    assert short.get("/readyz")[0] == 200, "it serves"
    assert short.post(URL_PATH, question(), known)[0] == 200
    began = time.monotonic()
    status, told = short.post(URL_PATH, question(), unseen)  # it is not known here
    assert (status, told["error"]["code"], told["error"]["retry_after_s"]) == (503, "unavailable", 1)
    assert time.monotonic() - began < 1
    assert within(5, lambda: short.post(URL_PATH, question(), held)[0] == 503), (
        "a closed limit keeps nothing ahead"
    )
    assert short.post(URL_PATH, question(), known)[0] == 200
    assert within(20, lambda: short.get("/readyz")[0] == 503)
    assert short.post(URL_PATH, question(), known)[0] == 503
    assert "every call is refused" in short.get("/readyz")[1]["troubles"][0]
    running.join()
    assert answers == [200]
    allow_connections(world.urls.name, True)
    assert within(10, lambda: short.get("/readyz")[0] == 200 and database(short)["ok"])
    assert {short.post(URL_PATH, question(), secret)[0] for secret in (known, held, unseen)} == {200}
    assert len(booked(8, outcome="ok")) >= 8
    assert within(10, lambda: [proof.differing for proof in verify()] == [[]] * 5)


def test_closed_at_once_where_no_grace_is_set(world: World) -> None:
    _, secret = make.key(make.grant(offer=world.offer, limits=WIDE))
    with processes.gateway(world.folder / "strict", world.urls.gateway_url, GATEWAY_GRACE_S="0") as strict:
        assert strict.post(URL_PATH, question(), secret)[0] == 200
        allow_connections(world.urls.name, False)
        assert within(2, lambda: strict.post(URL_PATH, question(), secret)[0] == 503)
        assert within(2, lambda: strict.get("/readyz")[0] == 503)
        assert min(seconds_to_refuse(strict, secret) for _ in range(5)) < 0.2
        allow_connections(world.urls.name, True)
        assert within(10, lambda: strict.post(URL_PATH, question(), secret)[0] == 200)


@pytest.mark.parametrize(
    "kind", ["tokens_per_day", "usd_per_day"]
)  # the one is closed, the other a local share
def test_no_limit_is_passed_by_what_goes_on_without_the_database(
    world: World, short: processes.Server, kind: str
) -> None:
    """What is leased is leased in the database's books, so that it is spent once, by whoever leased it."""
    body, maximum = call_of(kind)
    grant = make.grant(offer=world.offer, limits={kind: maximum})
    _, secret = make.key(grant)
    urls = [world.gateway.url, short.url]
    first = burst(urls, secret, [body] * 40)
    assert codes(first) == {"": 40}
    allow_connections(world.urls.name, False)
    assert within(2, lambda: not database(short)["ok"])
    meanwhile = codes(burst(urls, secret, [body] * 100))
    assert set(meanwhile) <= {"", "unavailable"}
    allow_connections(world.urls.name, True)
    assert within(10, lambda: all(database(each)["ok"] for each in (short, world.gateway)))
    after = codes(burst(urls, secret, [body] * 100))
    assert 40 + meanwhile[""] + after[""] == FITTING
    assert set(after) == {"", f"limit.{kind}"}


def test_who_is_cut_off_alone_hears_through_redis_that_something_changed(world: World) -> None:
    """It cannot read what, so that it refuses everything; without Redis its grace is what ends it."""
    _, secret = make.key(make.grant(offer=world.offer, limits=WIDE))
    key, _ = make.key(make.grant(offer=world.offer, limits=WIDE))
    with (
        line(world.folder / "line") as cable,
        processes.gateway(
            world.folder / "cut",
            cable.url(world.urls.gateway_url),
            GATEWAY_GRACE_S="40",
            GATEWAY_LOCAL_SHARE=SHARE,
        ) as cut,
    ):
        assert cut.post(URL_PATH, question(), secret)[0] == 200
        cable.cut()
        assert within(3, lambda: not database(cut)["ok"])
        answered = cut.post(URL_PATH, question(), secret)
        assert answered[0] == 200, (answered, database(cut))
        keys.revoke_key(key.pk, reason="Leaked.", actor=make.admin(), at=clock.now())
        assert within(1, lambda: cut.post(URL_PATH, question(), secret)[0] == 503)
        assert cut.get("/readyz")[0] == 503
        assert world.gateway.post(URL_PATH, question(), secret)[0] == 200, "who reaches the database goes on"
        cable.mend()
        assert within(10, lambda: cut.post(URL_PATH, question(), secret)[0] == 200)
        assert cut.get("/readyz")[0] == 200


def database(gateway: processes.Server) -> dict[str, Any]:
    found: dict[str, Any] = gateway.get("/readyz")[1]["checks"]["database"]
    return found


def seconds_to_refuse(gateway: processes.Server, secret: str) -> float:
    began = time.monotonic()
    assert gateway.post(URL_PATH, question(), secret)[0] == 503
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
