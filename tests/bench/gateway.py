"""The gateway with everything on (keys, limits, spool, ledger) against a bare uvicorn and aiohttp proxy, in the same run.

Both forward to the same host, which answers at once with 200 of 256 allowed tokens (a stream: one by one), for the same
callers, 32 at a time. CPU is the process's own; PostgreSQL and Redis work beside it on the same machine.

A core that is shared with strangers runs at half its speed for seconds at a time. So rounds are short, each side's
comes right after the other's, they change who is first, and the median of the pairs' ratios counts: a slow phase hits both
of a pair, and a pair at its edge is an outlier. The quartiles are told beside it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from tests.bench.measure import Measure
from tests.processes import ROOT, Server, free_port, gateway

PAIRS, CALLS, STREAMS, SINGLE, CONNECTIONS = 40, 1_000, 150, 300, 32
PROXY = "bare uvicorn + aiohttp proxy"


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
            with (
                gateway(folder, world.gateway_url) as second,
                helper("proxy", "--upstream", host.url) as other,
            ):
                yield of_two("gateway.cpu_of_two_vs_one", ours, second, world.secret, most=1.1)
                yield of_two("proxy.cpu_of_two_vs_one", proxy, other, world.secret)


Pairs = list[tuple[Load, Load]]


def compare(ours: Server, proxy: Server, secret: str) -> Iterator[Measure]:
    whole = pairs(lambda: load(ours, secret, CALLS), lambda: load(proxy, secret, CALLS))
    yield ratio("gateway.calls_vs_bare_proxy", whole, "calls_s", "calls/s", least=0.75)
    yield ratio("gateway.cpu_vs_bare_proxy", whole, "cpu_s", "CPU s per 1,000 calls", most=1.4)
    for quantile in ("p50_ms", "p99_ms"):
        mine, theirs = (median(getattr(each, quantile) for each in side) for side in zip(*whole, strict=True))
        name = f"gateway.{quantile.removesuffix('_ms')}"
        yield Measure(name, mine, "ms", f"bare proxy {theirs:.1f}", PAIRS)
    streams = pairs(
        lambda: load(ours, secret, STREAMS, stream=True), lambda: load(proxy, secret, STREAMS, stream=True)
    )
    yield ratio("gateway.stream_vs_bare_proxy", streams, "calls_s", "streams/s", least=0.75)
    yield ratio("gateway.stream_cpu_vs_bare_proxy", streams, "cpu_s", "CPU s per 1,000 streams", most=1.4)


def alone(ours: Server, proxy: Server, secret: str) -> Measure:
    """One caller at a time: what the gateway adds to a call that has the machine to itself."""
    found = pairs(
        lambda: load(ours, secret, SINGLE, connections=1), lambda: load(proxy, secret, SINGLE, connections=1)
    )
    added = median(a.p50_ms - b.p50_ms for a, b in found)
    a, b = (median(each.p50_ms for each in side) for side in zip(*found, strict=True))
    against = f"{PROXY}: {a:.3f} against {b:.3f} ms, one caller"
    return Measure("gateway.added_p50_alone", added, "ms", against, PAIRS, most=0.5)


def of_two(name: str, first: Server, second: Server, secret: str, **aim: float) -> Measure:
    """The same calls at one process, and at two. Two gateways share every limit; two proxies share nothing, and tell
    what two processes cost here anyway. Rounds are longer: what a process does without calls is not to weigh in.
    """
    calls, callers = 4 * CALLS, CONNECTIONS // 2

    def both() -> Load:
        with ThreadPoolExecutor(2) as at_once:
            a, b = at_once.map(lambda at: load(at, secret, calls // 2, connections=callers), (first, second))
        latest = max(a.p50_ms, b.p50_ms), max(a.p99_ms, b.p99_ms)
        return Load(a.calls_s + b.calls_s, (a.cpu_s + b.cpu_s) / 2, *latest)

    found = pairs(both, lambda: load(first, secret, calls), PAIRS // 2)
    return ratio(name, found, "cpu_s", "CPU s per 1,000 calls", "one process", **aim)


def pairs(ours: Callable[[], Load], theirs: Callable[[], Load], times: int = PAIRS) -> Pairs:
    """One of each, so many times, who is first changing; a first pair warms both and is not counted."""
    found: Pairs = []
    for number in range(times + 1):
        if number % 2:
            mine, other = ours(), theirs()
        else:
            other, mine = theirs(), ours()
        found.append((mine, other))
    return found[1:]


def ratio(name: str, found: Pairs, figure: str, unit: str, other: str = PROXY, **aim: float) -> Measure:
    """The median of the pairs' ratios, and in words both sides' medians and the quartiles of the ratios."""
    values = [(getattr(a, figure), getattr(b, figure)) for a, b in found]
    lower, middle, upper = quantiles([a / b for a, b in values], n=4)
    a, b = (median(side) for side in zip(*values, strict=True))
    against = (
        f"{other}: {a:,.3f} against {b:,.3f} {unit}; half of the pairs within {lower:.3f} to {upper:.3f}"
    )
    return Measure(name, middle, "ratio", against, len(found), **aim)


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
