"""The demo's sixty days of calls, priced as they happened, through the real ledger."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from catalog.models import Offer, Price
from foundry.lib.units import cost_nanos, price_units
from tenants.access.models import Grant
from tenants.demo.keys import Keys
from tenants.demo.traffic import Call, Stream, calls
from tenants.usage.envelope import Basis, Envelope, Outcome
from tenants.usage.ingest import ingest

# application, request that opened its grant, offer, and how it is used
STREAMS = [
    ("copilot-chat", Stream("copilot/chat-prod", "gpt-4.1", 1_300, 3_900, 2_300, 0.45, 1, 59)),
    ("copilot-ide", Stream("copilot/ide-prod", "gpt-4.1-mini", 2_900, 1_500, 90, 0.30, -8, 58)),
    ("copilot-echo", Stream("copilot/lab", "echo", 25, 60, 40, 0, 1, 57)),
    ("search-ranking", Stream("search/ranking", "grok-3-mini", 1_000, 3_900, 130, 0.20, 2, 56)),
    ("search-answers", Stream("search/answers", "gpt-4o", 320, 3_100, 760, 0.25, 2, 50)),
    ("support-triage", Stream("support/ticket-triage", "gpt-4.1", 950, 9_300, 1_500, 0.62, 1, 55)),
    ("docs-bot", Stream("docs/docs-bot", "llama-3.3", 240, 2_100, 240, 0, 0, 52)),
    ("docs-translate-phi", Stream("docs/translate", "phi-4", 420, 2_600, 2_300, 0, 0, 30)),
    ("ads-copy", Stream("ads/copy-check", "gpt-4.1", 240, 2_400, 460, 0.1, -5, 47, 6)),
    ("security-hunt", Stream("security-graph/hunt", "grok-3", 190, 8_300, 2_600, 0, 3, 48, 13)),
    ("security-enrich", Stream("security-graph/enrich", "gpt-4o", 130, 3_000, 850, 0.1, 3, 43)),
    ("finance-forecast", Stream("finance-insights/forecast", "deepseek-v3", 90, 11_200, 1_900, 0, 1, 45)),
    ("gaming-moderation", Stream("gaming/moderation", "gpt-4.1-mini", 520, 700, 60, 0.4, 9, 25)),
    ("hackathon-booth", Stream("hackathon/booth", "gpt-4.1-mini", 90, 900, 300, 0, 1, 54, 22)),
]
SOURCE = "gateway"


class Prices:
    """The price rows of an offer in force at a moment, looked up once per offer."""

    def __init__(self) -> None:
        self.rows: dict[int, list[Price]] = {}

    def at(self, offer: Offer, moment: datetime) -> Price | None:
        if offer.pk not in self.rows:
            self.rows[offer.pk] = list(Price.objects.filter(offer=offer).order_by("precedence"))
        for row in self.rows[offer.pk]:
            if row.starts_at <= moment and (row.ends_at is None or moment < row.ends_at):
                return row
        return None


def write(keys: Keys, loaded_at: datetime) -> int:
    """Book every call; how many were booked."""
    taken = ingest(envelopes(keys, loaded_at))
    return taken.accepted


def envelopes(keys: Keys, loaded_at: datetime) -> Iterator[Envelope]:
    grants = {stream: keys.story.grant(name) for name, stream in STREAMS}
    prices = Prices()
    for number, call in enumerate(calls([stream for _, stream in STREAMS], loaded_at), 1):
        yield envelope(f"demo-{number:07d}", call, grants[call.stream], keys, prices)
    yield from late_callers(keys, grants, loaded_at)


def envelope(call_id: str, call: Call, grant: Grant, keys: Keys, prices: Prices) -> Envelope:
    offer, key = keys.story.offers[call.stream.offer], keys.made[call.stream.name]
    price = prices.at(offer, call.at) if call.outcome == "ok" else None
    return Envelope(
        source=SOURCE,
        call_id=call_id,
        started_at=call.at,
        team_id=grant.team_id,
        application_id=key.application_id,
        key_id=key.pk,
        grant_id=grant.pk,
        offer_id=offer.pk,
        model=str(offer.model),
        outcome=Outcome(call.outcome),
        code=call.reason,
        status={"ok": 200, "refused": 429, "cancelled": 499}.get(call.outcome, 502),
        latency_ms=call.latency_ms,
        tokens_in=call.tokens_in,
        tokens_out=call.tokens_out,
        tokens_cached=call.tokens_cached,
        **cost(call, price),
    )


def cost(call: Call, price: Price | None) -> dict[str, Any]:
    if call.outcome != "ok":
        return {"cost_nanos": 0, "basis": Basis.NONE}
    if price is None:
        return {"cost_nanos": None, "basis": Basis.UNKNOWN}
    read, written = price_units(price.input_per_million), price_units(price.output_per_million)
    cached = read if price.cached_input_per_million is None else price_units(price.cached_input_per_million)
    fresh = call.tokens_in - call.tokens_cached
    nanos = cost_nanos([(fresh, read), (call.tokens_cached, cached), (call.tokens_out, written)])
    return {"cost_nanos": nanos, "basis": Basis(price.basis), "price_id": price.pk}


def late_callers(keys: Keys, grants: dict[Stream, Grant], loaded_at: datetime) -> Iterator[Envelope]:
    """A job that nobody switched off goes on asking, fourteen times a day, after its grant ended."""
    stream = next(each for _, each in STREAMS if each.name == "security-graph/hunt")
    for days_ago in range(11, 0, -1):
        for number in range(14):
            at = loaded_at - timedelta(days=days_ago, minutes=101 * number)
            call = Call(stream, at, 0, 0, 0, 0, "refused", "grant_ended")
            yield envelope(f"demo-late-{days_ago}-{number}", call, grants[stream], keys, Prices())
