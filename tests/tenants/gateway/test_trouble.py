"""Callers hang up and hosts misbehave: one outcome per call, and nobody's secret in it."""

import json
import socket
import time
from urllib.parse import urlsplit

import pytest

from foundry.lib import secrets
from tenants.usage.verify import verify
from tests import make, processes
from tests.tenants.gateway.conftest import World
from tests.tenants.gateway.traffic import URL_PATH, booked, nothing_held, question, within

pytestmark = pytest.mark.slow


@pytest.fixture
def secret(world: World) -> str:
    return make.key(make.grant(offer=world.offer, limits={"tokens_per_month": 10**9, "rpm": 10_000}))[1]


def test_who_hangs_up_is_charged_what_the_host_did(world: World, secret: str) -> None:
    """Callers leave after so many bytes of a stream, or before a whole answer."""
    left = [(True, after) for after in (0, 1, 200, 1_500)] + [(False, 0)]
    for number, (stream, after) in enumerate(left, start=1):
        knobs = {"tokens_out": 30, "delay_ms": 50 if stream else 1_500}
        hang_up(world, secret, question(stream=stream, knobs=knobs), after)
        event = booked(number)[-1]
        assert (event.outcome, event.tokens_in, event.tokens_out, event.basis) == ("cancelled", 2, 30, "host")
    assert nothing_held()


def hang_up(world: World, secret: str, body: dict[str, object], after: int) -> None:
    sent = json.dumps(body).encode()
    address = urlsplit(world.gateway.url)
    with socket.create_connection((address.hostname, address.port)) as caller:
        head = f"POST {URL_PATH} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {secret}\r\ncontent-length: {len(sent)}\r\n\r\n"
        caller.sendall(head.encode() + sent)
        time.sleep(0.4)  # by then the call is with the host
        got = 0
        while got < after and (part := caller.recv(min(256, after - got))):
            got += len(part)


ERRORS = [
    (400, 400, "upstream_rejected"), (401, 502, "upstream_credential"), (404, 502, "upstream_model_missing"),
    (429, 502, "upstream_busy"), (500, 502, "upstream_error"), (503, 502, "upstream_error"),
]  # fmt: skip


def test_a_hosts_error_costs_nothing_and_is_said_in_our_words(world: World, secret: str) -> None:
    for number, (status, shown, code) in enumerate(ERRORS, start=1):
        found, answer = world.gateway.post(URL_PATH, question(knobs={"status": status}), secret)
        assert (found, answer["error"]["code"]) == (shown, code)
        event = booked(number)[-1]
        assert (event.outcome, event.code, event.cost_nanos) == ("upstream_error", f"http_{status}", 0)
    assert nothing_held()


def test_a_host_that_breaks_off_is_unknown_and_charged_at_the_worst_case(world: World, secret: str) -> None:
    for number, stream in enumerate((True, False), start=1):
        body = question(stream=stream, max_tokens=50, knobs={"break": 1})
        status, answer = world.gateway.post(URL_PATH, body, secret)
        assert (status, "upstream_broken" in str(answer)) == (200 if stream else 502, True)
        event = booked(number)[-1]
        assert (event.outcome, event.basis, event.tokens_out) == ("unknown", "estimated", 50)
        assert event.tokens_in > 50


def test_a_report_that_makes_no_sense_is_no_report(world: World, secret: str) -> None:
    for number, usage in enumerate(("missing", "negative", str(10**18)), start=1):
        body = question(max_tokens=40, knobs={"usage": usage})
        assert world.gateway.post(URL_PATH, body, secret)[0] == 200
        event = booked(number)[-1]
        assert (event.outcome, event.code, event.basis, event.tokens_out) == (
            "ok",
            "usage_missing",
            "estimated",
            40,
        )


def test_a_host_that_is_not_there_costs_nothing(world: World, secret: str) -> None:
    world.offer.host.calling_base_url = f"http://127.0.0.1:{processes.free_port()}/v1"
    world.offer.host.save(update_fields=["calling_base_url"])
    status, answer = world.gateway.post(URL_PATH, question(), secret)
    assert (status, answer["error"]["code"]) == (502, "upstream_unreachable")
    (event,) = booked(1)
    assert (event.outcome, event.code, event.cost_nanos) == ("upstream_error", "upstream_unreachable", 0)


def test_no_call_goes_to_an_address_that_nobody_meant(world: World) -> None:
    """The sandbox's own address, but of a host that is no sandbox and trusts no network."""
    base = world.sandbox.url.replace("127.0.0.1", "localhost")
    for url in (base, world.sandbox.url, "http://[::ffff:127.0.0.1]:1", "http://169.254.169.254"):
        offer = make.offer(at=make.host(calling_base_url=f"{url}/v1"))
        _, secret = make.key(make.grant(offer=offer, limits={"rpm": 10}))
        status, answer = world.gateway.post(URL_PATH, question(model=str(offer.model)), secret)
        assert (status, answer["error"]["code"]) == (502, "upstream_unreachable")
    assert (world.folder / "served.jsonl").read_text() == ""


def test_a_hosts_credential_goes_to_the_host_and_nowhere_else(world: World, secret: str) -> None:
    host = world.offer.host
    host.calling_credential = secrets.encrypt("sk-canary-credential")
    host.save(update_fields=["calling_credential"])
    for knobs in ({}, {"status": 400}, {"status": 401}, {"break": 1}):
        _, answer = world.gateway.post(URL_PATH, question(knobs=knobs), secret)
        assert "sk-canary" not in str(answer)
    host.calling_credential = b"not a token"
    host.save(update_fields=["calling_credential"])
    assert within(1, lambda: world.gateway.post(URL_PATH, question(), secret)[0] == 503)
    status, answer = world.gateway.post(URL_PATH, question(), secret)
    assert (status, answer["error"]["code"]) == (503, "host_not_callable")
    booked(6)
    everything = b"".join(path.read_bytes() for path in world.folder.rglob("*") if path.is_file())
    assert b"sk-canary" not in everything
    assert secret.encode() not in everything
    assert [proof.differing for proof in verify()] == [[]] * 5
