"""Several hosts of one model: a call moves on from what cost nothing, is one row, and a host that keeps failing is left alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from catalog.models import Offer
from tenants.access.models import Grant
from tenants.usage.enforced import of_hosts
from tenants.usage.models import UsageEvent
from tenants.usage.verify import verify
from tests import make, processes
from tests.servers import Urls
from tests.tenants.gateway.scripted import (
    DONE,
    USAGE,
    WORD,
    Play,
    Scripted,
    answer,
    completion,
    play,
    scripted,
    stream,
)
from tests.tenants.gateway.traffic import URL_PATH, booked, nothing_held, question, within

pytestmark = pytest.mark.slow
NO = b'{"error": {"message": "No."}}'
FINE = play(answer(completion()))
FIRST: dict[str, Play] = {
    "fine": FINE, "429": play(answer(NO, "429 Too Many")), "500": play(answer(NO, "500 Oh")),
    "529": play(answer(NO, "529 Overloaded")), "400": play(answer(NO, "400 Bad")), "401": play(answer(NO, "401 Who")),
    "404": play(answer(NO, "404 What")), "closes": play("close"), "html": play(answer(b"<p>")),
    "cut": play(stream(WORD, whole=False), "close"),
}  # fmt: skip
SECOND: dict[str, Play] = dict.fromkeys(FIRST, FINE) | {
    "500": play(answer(NO, "503 Oh")),
    "cut": play(stream(WORD, USAGE, DONE)),
}


@dataclass(slots=True)
class Two:
    """A model at two hosts, `one` and `two`, and a key that holds both."""

    gateway: processes.Server
    hosts: tuple[Scripted, Scripted]
    offers: list[Offer]
    grants: list[Grant]
    secret: str

    def ask(self, script: str, model: str = "odd/odd", **fields: Any) -> tuple[int, Any]:
        return self.gateway.post(URL_PATH, question(script, model=model, **fields), self.secret)


@pytest.fixture
def two(tmp_path: Path, committed: Urls) -> Iterator[Two]:
    settings = {"GATEWAY_BREAKER_FAILURES": "4", "GATEWAY_BREAKER_REST_S": "2"}
    with (
        scripted(FIRST) as one, scripted(SECOND) as other,
        processes.gateway(tmp_path, committed.gateway_url, **settings) as gateway,
    ):  # fmt: skip
        model = make.model("odd", by=make.publisher("odd"))
        hosts = [
            make.host(name, calling_base_url=f"{server.url}/v1", is_sandbox=True)
            for name, server in (("one", one), ("two", other))
        ]
        offers = [make.offer(at=host, of=model) for host in hosts]
        first = make.grant(offer=offers[0], limits={"tokens_per_month": 10**6, "rpm": 100})
        app = first.applications.get()
        second = make.grant(
            of=first.team, app=app, offer=offers[1], limits={"tokens_per_month": 20_000, "rpm": 100}
        )
        yield Two(gateway, (one, other), offers, [first, second], make.key(first)[1])


def last(number: int) -> UsageEvent:
    return booked(number)[-1]


@pytest.mark.parametrize("script", ["429", "529"])
def test_what_cost_nothing_moves_on_and_is_one_row_at_the_second_host(two: Two, script: str) -> None:
    assert two.ask(script)[0] == 200
    event = last(1)
    assert (event.grant_id, event.offer_id, event.outcome) == (two.grants[1].pk, two.offers[1].pk, "ok")
    assert (event.tries, event.tokens_out) == (f"one http_{script}", 5)
    assert (two.hosts[0].seen, two.hosts[1].seen) == ([script], [script])
    assert nothing_held()
    assert b"foundry_gateway_moved_calls_total 1.0" in str(two.gateway.get("/metrics")[1]).encode()
    assert [proof.differing for proof in verify()] == [[]] * 5


def test_a_host_that_is_not_there_is_passed_over(two: Two) -> None:
    host = two.offers[0].host
    host.calling_base_url = f"http://127.0.0.1:{processes.free_port()}/v1"
    host.save(update_fields=["calling_base_url"])
    assert two.ask("fine", stream=False)[0] == 200
    assert (last(1).grant_id, last(1).tries) == (two.grants[1].pk, "one upstream_unreachable")
    assert nothing_held()


@pytest.mark.parametrize("script", ["400", "401", "404", "closes", "html"])
def test_what_is_the_callers_fault_or_may_have_been_charged_stays(two: Two, script: str) -> None:
    assert two.ask(script)[0] in (400, 502)
    assert (last(1).grant_id, last(1).tries) == (two.grants[0].pk, "")
    assert two.hosts[1].seen == []
    assert nothing_held()


def test_never_after_the_first_byte(two: Two) -> None:
    status, told = two.ask("cut", stream=True)
    assert (status, "upstream_broken" in told) == (200, True)
    assert (last(1).grant_id, last(1).outcome, two.hosts[1].seen) == (two.grants[0].pk, "unknown", [])


def test_a_named_host_is_the_host(two: Two) -> None:
    assert two.ask("429", model="one:odd/odd")[0] == 502
    assert (last(1).grant_id, two.hosts[1].seen) == (two.grants[0].pk, [])


def test_when_all_fail_the_last_one_is_told_and_booked_once(two: Two) -> None:
    status, told = two.ask("500")
    assert (status, told["error"]["code"]) == (502, "upstream_error")
    assert told["error"]["message"].startswith("two ")
    assert (last(1).code, last(1).cost_nanos) == ("http_503", 0)
    assert last(1).tries.startswith("one http_500")
    assert nothing_held()


def test_a_grant_that_is_used_up_is_no_way_out(two: Two) -> None:
    assert two.ask("429", max_tokens=30_000)[0] == 502
    event = last(1)
    assert (event.grant_id, event.code, event.cost_nanos) == (two.grants[0].pk, "http_429", 0)
    assert nothing_held()


def test_a_host_that_keeps_failing_is_left_alone_and_tried_again(two: Two) -> None:
    for _ in range(4):
        assert two.ask("500", model="one:odd/odd")[0] == 502
    status, told = two.ask("fine", model="one:odd/odd")
    assert (status, told["error"]["code"]) == (503, "host_left_alone")
    assert 1 <= told["error"]["retry_after_s"] <= 2
    assert "left alone" in told["error"]["message"]
    assert two.hosts[0].seen == ["500"] * 4
    assert 'foundry_gateway_host_left_alone{host="one"} 1.0' in two.gateway.get("/metrics")[1]
    one = two.offers[0].host_id
    assert within(5, lambda: of_hosts([one])[one].is_whole), "the console hears of it"
    assert two.ask("fine")[0] == 200
    assert two.hosts[1].seen == ["fine"]
    assert within(10, lambda: two.ask("fine", model="one:odd/odd")[0] == 200)
    assert 'foundry_gateway_host_left_alone{host="one"} 0.0' in two.gateway.get("/metrics")[1]
    assert within(5, lambda: of_hosts([one])[one].resting == 0)
    rows = booked(7)
    assert {row.tries for row in rows if row.grant_id == two.grants[1].pk} == {"one left alone"}
    assert {row.cost_nanos for row in rows if row.code == "host_left_alone"} == {0}
    assert nothing_held()
