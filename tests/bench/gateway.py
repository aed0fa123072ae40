"""The gateway with everything on (keys, limits, spool, ledger) against a bare aiohttp proxy, in the same run.

Both forward to the same host, which answers at once with 200 tokens (a stream: one by one), for the same
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
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.measure import Measure
from tests.processes import ROOT, Server, free_port, gateway

ROUNDS, CALLS, STREAMS, CONNECTIONS = 5, 4_000, 600, 32
TICKS = os.sysconf("SC_CLK_TCK")


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


def ratio(name: str, pairs: list[tuple[float, float]], unit: str) -> Measure:
    ours, theirs = (median(each) for each in zip(*pairs, strict=True))
    return Measure(
        name,
        ours / theirs,
        "ratio",
        f"bare aiohttp proxy: {ours:,.3f} against {theirs:,.3f} {unit}",
        len(pairs),
    )


def load(server: Server, secret: str, calls: int, *, stream: bool) -> Load:
    """So many calls at once as there are connections. Fails when one is not answered with 200."""
    before = cpu_s(server.process.pid)
    command = [sys.executable, "-m", "tests.bench.load", server.url, "--key", secret, "--calls", str(calls)]
    command += ["--connections", str(CONNECTIONS), *(["--stream"] if stream else [])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told["bad"] == 0, f"{told['bad']} of {calls} calls failed at {server.url}"
    time.sleep(0.3)  # what is booked after the answers belongs to these calls
    spent = cpu_s(server.process.pid) - before
    return Load(calls / told["seconds"], 1000 * spent / calls, told["p50_ms"], told["p99_ms"])


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


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
