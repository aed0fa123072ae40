"""The demo's sixty days of calls, priced as they happened, through the real ledger."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, TypedDict

from catalog.models import Offer, Price
from foundry.lib.units import cost_nanos, price_units, usd
from tenants.demo.ahead import ahead
from tenants.demo.keys import Keys
from tenants.demo.traffic import Call, Stream, calls
from tenants.usage.envelope import Basis, Envelope, Outcome
from tenants.usage.ingest import ingest

# application, request that opened its grant, offer, and how it is used
STREAMS = [
    ("copilot-chat", Stream("copilot/chat-prod", "gpt-4.1", 1_300, 3_900, 2_300, 0.45, 1, 59)),
    ("copilot-ide", Stream("copilot/ide-prod", "gpt-4.1-mini", 2_350, 1_800, 90, 0.30, -8, 58)),
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
CHUNK = 10_000
NEARLY, LEAST_BUDGET_USD = Decimal("0.91"), 40
STATUS = {"ok": 200, "refused": 429, "cancelled": 499}


class Prices:
    """The price rows of the offers that are called, in integer units."""

    def __init__(self, offer_ids: set[int]) -> None:
        self.rows: dict[int, list[Rate]] = {offer_id: [] for offer_id in offer_ids}
        for row in Price.objects.filter(offer_id__in=offer_ids).order_by("precedence"):
            self.rows[row.offer_id].append(Rate.of(row))

    def at(self, offer_id: int, moment: datetime) -> "Rate | None":
        for rate in self.rows[offer_id]:
            if rate.starts_at <= moment and (rate.ends_at is None or moment < rate.ends_at):
                return rate
        return None


class Rate(NamedTuple):
    """A price in 1e-12 USD per million tokens."""

    price_id: int
    basis: Basis
    starts_at: datetime
    ends_at: datetime | None
    read: int
    cached: int
    written: int

    @classmethod
    def of(cls, row: Price) -> "Rate":
        read, cached = row.input_per_million, row.cached_input_per_million
        units = (
            price_units(read),
            price_units(read if cached is None else cached),
            price_units(row.output_per_million),
        )
        return cls(row.pk, Basis(row.basis), row.starts_at, row.ends_at, *units)


class Booking(TypedDict):
    """What every call of a stream has in common."""

    team_id: int
    application_id: int
    key_id: int
    grant_id: int
    offer_id: int
    model: str


def nearly_used(name: str, offers: dict[str, Offer], loaded_at: datetime) -> str:
    """A monthly budget in whole USD of which the stream's calls of this month will have used about 91 %."""
    stream, month = dict(STREAMS)[name], loaded_at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    offer_id = offers[stream.offer].pk
    prices = Prices({offer_id})
    spent = sum(
        cost(call, prices.at(offer_id, call.at))["cost_nanos"] or 0
        for call in calls([stream], loaded_at)
        if call.at >= month
    )
    return str(max(LEAST_BUDGET_USD, round(usd(spent) / NEARLY)))


def write(keys: Keys, loaded_at: datetime) -> int:
    """Book every call; how many were booked."""
    bookings = {stream: booking(keys, name, stream) for name, stream in STREAMS}
    prices = Prices({booked["offer_id"] for booked in bookings.values()})
    return ingest(ahead(envelopes(bookings, prices, loaded_at), CHUNK)).accepted


def envelopes(bookings: dict[Stream, "Booking"], prices: "Prices", loaded_at: datetime) -> Iterator[Envelope]:
    """Asks the database nothing: it runs beside the one that books."""
    for number, call in enumerate(calls([stream for _, stream in STREAMS], loaded_at), 1):
        yield envelope(f"demo-{number:07d}", call, bookings[call.stream], prices)
    for number, call in enumerate(late_callers(loaded_at)):
        yield envelope(f"demo-late-{number}", call, bookings[call.stream], prices)


def booking(keys: Keys, name: str, stream: Stream) -> Booking:
    grant, key, offer = keys.story.grant(name), keys.made[stream.name], keys.story.offers[stream.offer]
    return {
        "team_id": grant.team_id,
        "application_id": key.application_id,
        "key_id": key.pk,
        "grant_id": grant.pk,
        "offer_id": offer.pk,
        "model": str(offer.model),
    }


def envelope(call_id: str, call: Call, booked: Booking, prices: Prices) -> Envelope:
    rate = prices.at(booked["offer_id"], call.at) if call.outcome == "ok" else None
    return Envelope(
        source=SOURCE,
        call_id=call_id,
        started_at=call.at,
        **booked,
        outcome=Outcome(call.outcome),
        code=call.reason,
        status=STATUS.get(call.outcome, 502),
        latency_ms=call.latency_ms,
        tokens_in=call.tokens_in,
        tokens_out=call.tokens_out,
        tokens_cached=call.tokens_cached,
        **cost(call, rate),
    )


def cost(call: Call, rate: Rate | None) -> dict[str, Any]:
    if call.outcome != "ok":
        return {"cost_nanos": 0, "basis": Basis.NONE}
    if rate is None:
        return {"cost_nanos": None, "basis": Basis.UNKNOWN}
    fresh = call.tokens_in - call.tokens_cached
    nanos = cost_nanos(
        [(fresh, rate.read), (call.tokens_cached, rate.cached), (call.tokens_out, rate.written)]
    )
    return {"cost_nanos": nanos, "basis": rate.basis, "price_id": rate.price_id}


def late_callers(loaded_at: datetime) -> Iterator[Call]:
    """A job that nobody switched off goes on asking, fourteen times a day, after its grant ended."""
    stream = next(each for _, each in STREAMS if each.name == "security-graph/hunt")
    for days_ago in range(11, 0, -1):
        for number in range(14):
            at = loaded_at - timedelta(days=days_ago, minutes=101 * number)
            yield Call(stream, at, 0, 0, 0, 0, "refused", "grant_ended")
