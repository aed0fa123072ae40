"""What a process counts, for Prometheus. Counting is plain integers; the names come in when somebody asks."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

LATENCY_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
LATENCY_MS = tuple(int(1000 * seconds) for seconds in LATENCY_S)
SHOWN = (*map(str, map(float, LATENCY_S)), "+Inf")


class Metrics(Collector):
    """:ivar running: calls that run now."""

    def __init__(self) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        self.tokens_in = self.tokens_out = self.running = 0
        self.latencies = [0] * len(SHOWN)
        self.latency_ms = 0
        self.waiting, self.oldest_s, self.rejected = 0, 0.0, 0
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def count(self, outcome: str, code: str, tokens_in: int, tokens_out: int, latency_ms: int) -> None:
        """One finished call."""
        self.calls[outcome, code] += 1
        self.tokens_in += tokens_in
        self.tokens_out += tokens_out
        self.latencies[bisect_left(LATENCY_MS, latency_ms)] += 1
        self.latency_ms += latency_ms

    def text(self, waiting: int, oldest_s: float, rejected: int) -> bytes:
        self.waiting, self.oldest_s, self.rejected = waiting, oldest_s, rejected
        return generate_latest(self.registry)

    def collect(self) -> Iterable[Metric]:
        calls = CounterMetricFamily("foundry_gateway_calls", "Finished calls", labels=["outcome", "code"])
        for (outcome, code), number in self.calls.items():
            calls.add_metric([outcome, code], number)
        tokens = CounterMetricFamily("foundry_gateway_tokens", "Tokens as reported", labels=["kind"])
        tokens.add_metric(["in"], self.tokens_in)
        tokens.add_metric(["out"], self.tokens_out)
        latency = HistogramMetricFamily(
            "foundry_gateway_latency_seconds", "From request to the end of the answer"
        )
        upto = [sum(self.latencies[: n + 1]) for n in range(len(SHOWN))]
        latency.add_metric([], list(zip(SHOWN, map(float, upto), strict=True)), self.latency_ms / 1000)
        yield from (calls, tokens, latency)
        for name, words, value in (
            ("running", "Calls that run now", self.running),
            ("spool_waiting", "Calls not in the ledger yet", self.waiting),
            ("spool_oldest_seconds", "Age of the oldest of them", self.oldest_s),
            ("spool_rejected", "Calls put aside", self.rejected),
        ):
            yield GaugeMetricFamily(f"foundry_gateway_{name}", words, value)
