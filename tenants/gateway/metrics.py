"""What a process counts, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

LATENCY_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls = Counter(
            "foundry_gateway_calls", "Finished calls", ["outcome", "code"], registry=self.registry
        )
        self.tokens = Counter(
            "foundry_gateway_tokens", "Tokens as reported", ["kind"], registry=self.registry
        )
        self.tokens_in, self.tokens_out = self.tokens.labels("in"), self.tokens.labels("out")
        self.by_outcome: dict[tuple[str, str], Counter] = {}
        self.latency = Histogram(
            "foundry_gateway_latency_seconds",
            "From request to the end of the answer",
            buckets=LATENCY_S,
            registry=self.registry,
        )
        self.running = Gauge("foundry_gateway_running", "Calls that run now", registry=self.registry)
        self.waiting = Gauge(
            "foundry_gateway_spool_waiting", "Calls not in the ledger yet", registry=self.registry
        )
        self.oldest = Gauge(
            "foundry_gateway_spool_oldest_seconds", "Age of the oldest of them", registry=self.registry
        )
        self.rejected = Gauge("foundry_gateway_spool_rejected", "Calls put aside", registry=self.registry)

    def count(self, outcome: str, code: str, tokens_in: int, tokens_out: int, latency_ms: int) -> None:
        """One finished call."""
        counter = self.by_outcome.get((outcome, code))
        if counter is None:
            counter = self.by_outcome[outcome, code] = self.calls.labels(outcome, code)
        counter.inc()
        self.tokens_in.inc(tokens_in)
        self.tokens_out.inc(tokens_out)
        self.latency.observe(latency_ms / 1000)

    def text(self, waiting: int, oldest_s: float, rejected: int) -> bytes:
        self.waiting.set(waiting)
        self.oldest.set(oldest_s)
        self.rejected.set(rejected)
        return generate_latest(self.registry)
