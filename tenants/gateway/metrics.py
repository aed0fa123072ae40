"""What a process counts, for Prometheus. Counting is plain integers; the names come in when somebody asks."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from tenants.quotas.recalls import Recalls
from tenants.usage.envelope import KINDS

LATENCY_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
LATENCY_MS = tuple(int(1000 * seconds) for seconds in LATENCY_S)
TOKENS = ("tokens_in", "tokens_out", "tokens_cached", "tokens_reasoning")
SHOWN = (*map(str, map(float, LATENCY_S)), "+Inf")


Gauge = tuple[str, str, dict[str, str], float]  # name, words, labels, value


class Metrics(Collector):
    """:ivar running: calls that run now. Labels are bounded: outcomes, our codes, kinds, and hosts that admins connect."""

    def __init__(self) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        self.hosts: Counter[tuple[str, str]] = Counter()
        self.tokens = [0, 0, 0, 0]
        self.kinds: Counter[str] = Counter()
        self.cost_nanos = self.running = self.moved = 0
        self.latencies = [0] * len(SHOWN)
        self.latency_ms = 0
        self.recalls = Recalls()
        self.gauges: list[Gauge] = []
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def count(self, row: dict[str, Any], host: str) -> None:
        """One finished call, as the ledger takes it. :param host: empty where none was chosen."""
        outcome, latency_ms = row["outcome"], row["latency_ms"]
        self.calls[outcome, row["code"]] += 1
        if host:
            self.hosts[host, outcome] += 1
        self.moved += row["tries"] != ""
        tokens = self.tokens
        tokens[0] += row["tokens_in"]
        tokens[1] += row["tokens_out"]
        tokens[2] += row["tokens_cached"]
        tokens[3] += row["tokens_reasoning"]
        if row["kinds"] is not None:
            self.kinds.update(dict(zip(KINDS, row["kinds"], strict=True)))
        self.cost_nanos += row["cost_nanos"] or 0
        self.latencies[bisect_left(LATENCY_MS, latency_ms)] += 1
        self.latency_ms += latency_ms

    def text(self, gauges: Iterable[Gauge]) -> bytes:
        self.gauges = [("running", "Calls that run now", {}, self.running), *gauges]
        return generate_latest(self.registry)

    def collect(self) -> Iterable[Metric]:
        calls = CounterMetricFamily("foundry_gateway_calls", "Finished calls", labels=["outcome", "code"])
        for (outcome, code), number in self.calls.items():
            calls.add_metric([outcome, code], number)
        hosts = CounterMetricFamily(
            "foundry_gateway_host_calls", "The same by host", labels=["host", "outcome"]
        )
        for (host, outcome), number in self.hosts.items():
            hosts.add_metric([host, outcome], number)
        moved = CounterMetricFamily(
            "foundry_gateway_moved_calls", "Calls for which a host failed before another was tried"
        )
        moved.add_metric([], self.moved)
        tokens = CounterMetricFamily("foundry_gateway_tokens", "Tokens as reported", labels=["kind"])
        for name, number in zip(TOKENS, self.tokens, strict=True):
            tokens.add_metric([name.removeprefix("tokens_")], number)
        for kind, number in self.kinds.items():
            tokens.add_metric([kind], number)
        cost = CounterMetricFamily("foundry_gateway_cost_usd", "Cost of calls of known price")
        cost.add_metric([], self.cost_nanos / 10**9)
        latency = HistogramMetricFamily(
            "foundry_gateway_latency_seconds", "From request to the end of the answer"
        )
        upto = [sum(self.latencies[: n + 1]) for n in range(len(SHOWN))]
        latency.add_metric([], list(zip(SHOWN, map(float, upto), strict=True)), self.latency_ms / 1000)
        recalls = HistogramMetricFamily(
            "foundry_gateway_recall_seconds", "Until others had given back what a call needed"
        )
        recalls.add_metric([], self.recalls.upto(), self.recalls.total_s)
        late = CounterMetricFamily(
            "foundry_gateway_recalls_late", "Recalls that somebody did not answer in time"
        )
        late.add_metric([], self.recalls.late)
        yield from (calls, hosts, moved, tokens, cost, latency, recalls, late)
        yield from self.now()

    def now(self) -> Iterable[Metric]:
        found: dict[str, GaugeMetricFamily] = {}
        for name, words, labels, value in self.gauges:
            if name not in found:
                found[name] = GaugeMetricFamily(f"foundry_gateway_{name}", words, labels=list(labels))
            found[name].add_metric(list(labels.values()), value)
        return found.values()
