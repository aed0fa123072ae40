"""Callers hang up after so many bytes: exactly one row each, at the host's report or at an estimate that is no lower."""

import json
import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tenants.usage.models import UsageEvent
from tenants.usage.verify import verify
from tests import make, processes
from tests.servers import Urls
from tests.tenants.gateway.scripted import (
    CHUNKED,
    DONE,
    USAGE,
    WORD,
    Scripted,
    answer,
    chunk,
    completion,
    play,
    scripted,
)
from tests.tenants.gateway.traffic import URL_PATH, booked, nothing_held, question

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
WORDS, MOST_OUT, REPORTED = 40, 400, 5
CUT = ("cancelled", "estimated")
POINTS = [
    *range(0, 4_000, 20)
]  # bytes of the answer, head included; a stream has more of them, a whole answer fewer
HOW = ("streamed", "whole")
WHOLE = play(0.3, answer(completion(padding="x" * 3_000)))


@dataclass(slots=True)
class Line:
    gateway: processes.Server
    host: Scripted
    secret: str
    sent: Counter[str]


@pytest.fixture(params=[False, True], ids=["drains", "cancels"])
def cancels(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def line(tmp_path: Path, committed: Urls, cancels: bool) -> Iterator[Line]:
    sent: Counter[str] = Counter()  # words by call, as the host sent them

    def slow(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 200 OK\r\n{CHUNKED}\r\n\r\n".encode())
        for _ in range(WORDS):
            connection.sendall(chunk(WORD))
            sent[host.calls[connection]] += 1
            time.sleep(0.01)
        play(chunk(USAGE), chunk(DONE), b"0\r\n\r\n")(connection)

    with (
        scripted({"streamed": slow, "whole": WHOLE}) as host,
        processes.gateway(tmp_path, committed.gateway_url) as gateway,
    ):
        at = make.host("odd", calling_base_url=f"{host.url}/v1", is_sandbox=True, cancels_at_once=cancels)
        offer = make.offer("odd", at=at, of=make.model("odd", by=make.publisher("odd")))
        _, secret = make.key(make.grant(offer=offer, limits={"tokens_per_month": 10**9, "rpm": 10_000}))
        yield Line(gateway, host, secret, sent)


@pytest.mark.parametrize("how", HOW)
def test_after_whatever_byte_a_caller_leaves_the_call_is_one_row(line: Line, cancels: bool, how: str) -> None:
    assert len(POINTS) == 200
    with ThreadPoolExecutor(16) as callers:
        got = list(callers.map(lambda after: leave_after(line, how, after), POINTS))
    rows = booked(len(POINTS))
    time.sleep(0.5)
    assert UsageEvent.objects.count() == len(rows) == len(POINTS) == len(line.host.seen)
    assert max(Counter(row.call_id for row in rows).values()) == 1
    told = Counter((row.outcome, row.basis) for row in rows)
    assert set(told) <= {("cancelled", "host"), ("ok", "host")} | ({CUT} if cancels else set()), told
    assert {row.tokens_out for row in rows if row.basis == "host"} <= {REPORTED}
    early = sum(each == 0 for each in got)
    assert early > 0
    if cancels:
        cut = [row for row in rows if row.basis == "estimated"]
        assert len(cut) >= early
        assert [row.call_id for row in cut if not line.sent[row.call_id] <= row.tokens_out <= MOST_OUT] == []
        less = [row for row in cut if row.tokens_out < MOST_OUT]
        assert bool(less) == (how == "streamed"), (
            "where something came, the hold is not the best that is known"
        )
        assert {row.cost_nanos for row in less} == {
            row.tokens_in * 3_000 + row.tokens_out * 15_000 for row in less
        }
    assert nothing_held()
    assert [proof.differing for proof in verify()] == [[]] * 5


def leave_after(line: Line, how: str, after: int) -> int:
    """Hang up when so many bytes have come, or all; how many came."""
    body = json.dumps(question(how, model="odd/odd", stream=how == "streamed", max_tokens=MOST_OUT)).encode()
    address, got = urlsplit(line.gateway.url), 0
    with socket.create_connection((address.hostname, address.port), timeout=20) as caller:
        head = f"POST {URL_PATH} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {line.secret}\r\n"
        caller.sendall(f"{head}connection: close\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
        if after == 0:
            time.sleep(0.15)  # by then the call is with the host
        while got < after and (part := caller.recv(after - got)):
            got += len(part)
    return got
