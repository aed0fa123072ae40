"""The gateway with everything on (keys, limits, spool, ledger) against a bare uvicorn and aiohttp proxy, in the same run.

Both forward to the same host, which answers at once with 200 of 256 allowed tokens (a stream: one by one), for the same
callers, 32 at a time. Rounds alternate; the ratio of
medians counts. CPU is the process's own; PostgreSQL and Redis work beside it on the same machine.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.measure import Measure
from tests.processes import ROOT, Server, free_port, gateway

ROUNDS, CALLS, STREAMS, SINGLE, CONNECTIONS = 5, 4_000, 600, 1_000, 32


@dataclass(frozen=True, slots=True)
class Load:
    """One round against one server. :ivar cpu_s: of the server, per 1,000 calls."""

    calls_s: float
    cpu_s: float
    p50_ms: float
    p99_ms: float


def measure() -> Iterator[Measure]:
    from tests.bench.world import open_world

    folder = Path(tempfile.mkdtemp(prefix="foundry-bench-"))
    with helper("host") as host, helper("proxy", "--upstream", host.url) as proxy:
        world = open_world(f"{host.url}/v1")
        with gateway(folder, world.gateway_url) as ours:
            yield from compare(ours, proxy, world.secret)
            yield alone(ours, proxy, world.secret)
            with gateway(folder, world.gateway_url) as second:
                yield of_two(ours, second, world.secret)


def compare(ours: Server, proxy: Server, secret: str) -> Iterator[Measure]:
    for server in (ours, proxy):
        load(server, secret, 1_000, stream=False)
    whole = [
        (load(ours, secret, CALLS, stream=False), load(proxy, secret, CALLS, stream=False))
        for _ in range(ROUNDS)
    ]
    streams = [
        (load(ours, secret, STREAMS, stream=True), load(proxy, secret, STREAMS, stream=True))
        for _ in range(ROUNDS)
    ]
    yield ratio("gateway.calls_vs_bare_proxy", [(a.calls_s, b.calls_s) for a, b in whole], "calls/s")
    yield ratio("gateway.cpu_vs_bare_proxy", [(a.cpu_s, b.cpu_s) for a, b in whole], "CPU s per 1,000 calls")
    yield ratio("gateway.stream_vs_bare_proxy", [(a.calls_s, b.calls_s) for a, b in streams], "streams/s")
    yield ratio(
        "gateway.stream_cpu_vs_bare_proxy",
        [(a.cpu_s, b.cpu_s) for a, b in streams],
        "CPU s per 1,000 streams",
    )
    yield Measure(
        "gateway.p50",
        median(a.p50_ms for a, _ in whole),
        "ms",
        f"bare proxy {median(b.p50_ms for _, b in whole):.1f}",
        ROUNDS,
    )
    yield Measure(
        "gateway.p99",
        median(a.p99_ms for a, _ in whole),
        "ms",
        f"bare proxy {median(b.p99_ms for _, b in whole):.1f}",
        ROUNDS,
    )


def alone(ours: Server, proxy: Server, secret: str) -> Measure:
    """One caller at a time: what the gateway adds to a call that has the machine to itself."""
    pairs = [
        (load(ours, secret, SINGLE, connections=1), load(proxy, secret, SINGLE, connections=1))
        for _ in range(ROUNDS)
    ]
    a, b = (median(each.p50_ms for each in side) for side in zip(*pairs, strict=True))
    against = f"bare uvicorn + aiohttp proxy: {a:.3f} against {b:.3f} ms, one caller"
    return Measure("gateway.added_p50_alone", a - b, "ms", against, ROUNDS)


def of_two(first: Server, second: Server, secret: str) -> Measure:
    """The same calls at one process, and at two that share every limit."""
    one, two = [], []
    for _ in range(ROUNDS):
        one.append(load(first, secret, CALLS, connections=CONNECTIONS).cpu_s)
        with ThreadPoolExecutor(2) as both:
            halves = both.map(
                lambda at: load(at, secret, CALLS // 2, connections=CONNECTIONS // 2), (first, second)
            )
            two.append(sum(each.cpu_s for each in halves) / 2)
    against = f"one process: {median(two):.3f} against {median(one):.3f} CPU s per 1,000 calls"
    return Measure("gateway.cpu_of_two_vs_one", median(two) / median(one), "ratio", against, ROUNDS)


def ratio(name: str, pairs: list[tuple[float, float]], unit: str) -> Measure:
    ours, theirs = (median(each) for each in zip(*pairs, strict=True))
    return Measure(
        name,
        ours / theirs,
        "ratio",
        f"bare uvicorn + aiohttp proxy: {ours:,.3f} against {theirs:,.3f} {unit}",
        len(pairs),
    )


def load(
    server: Server, secret: str, calls: int, *, stream: bool = False, connections: int = CONNECTIONS
) -> Load:
    """So many calls at once as there are connections. Fails when one is not answered with 200."""
    before = cpu_s(server.process.pid)
    command = [sys.executable, "-m", "tests.bench.load", server.url, "--key", secret, "--calls", str(calls)]
    command += ["--connections", str(connections), *(["--stream"] if stream else [])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told["bad"] == 0, f"{told['bad']} of {calls} calls failed at {server.url}"
    time.sleep(0.3)  # what is booked after the answers belongs to these calls
    spent = cpu_s(server.process.pid) - before
    return Load(calls / told["seconds"], 1000 * spent / calls, told["p50_ms"], told["p99_ms"])


def cpu_s(pid: int) -> float:
    """What a process's threads have run so far, to the nanosecond."""
    return (
        sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir())
        / 1e9
    )


@contextmanager
def helper(kind: str, *arguments: str) -> Iterator[Server]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.servers", kind, "--port", str(port), *arguments], cwd=ROOT
    )
    server = Server(process, f"http://127.0.0.1:{port}", Path(os.devnull))
    try:
        wait_for(server)
        yield server
    finally:
        process.terminate()
        process.wait(10)


def wait_for(server: Server) -> None:
    import socket
    from urllib.parse import urlsplit

    address, deadline = urlsplit(server.url), time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection((address.hostname, address.port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"{server.url} does not answer")
