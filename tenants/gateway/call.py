"""One call from its first byte to its line in the ledger."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tenants.gateway.asked import Asked
from tenants.gateway.dialects import Dialect
from tenants.gateway.meter import Tokens, cost
from tenants.gateway.spool import Row, Segment
from tenants.keys.passport import Passport, PriceRow, RouteRow
from tenants.quotas.limits import Need
from tenants.quotas.slices import Held
from tenants.usage.envelope import Basis, Outcome

SOURCE = "gateway"
NOTHING = Tokens(0, 0)


def new_id(at: datetime) -> str:
    """32 hex digits that sort by time."""
    return f"{int(at.timestamp() * 1000):012x}{os.urandom(10).hex()}"


@dataclass(slots=True)
class Call:
    """What is known so far. `at` decides price and windows; `started` is monotonic seconds.

    :ivar told: headers of the caller that the dialect passes on.
    """

    passport: Passport
    digest: bytes
    dialect: Dialect
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: float = field(default_factory=time.monotonic)
    id: str = ""
    told: dict[str, str] = field(default_factory=dict)
    asked: Asked | None = None
    route: RouteRow | None = None
    price: PriceRow | None = None
    maxima: Mapping[str, int] = field(default_factory=dict)
    need: Need | None = None
    held: Held | None = None
    mark: Segment | None = None
    first_byte_ms: int | None = None
    answering: bool = False
    over: bool = False

    def __post_init__(self) -> None:
        self.id = new_id(self.at)

    def elapsed_ms(self) -> int:
        return int((time.monotonic() - self.started) * 1000)

    def row(
        self, outcome: Outcome, *, code: str = "", status: int | None = None, tokens: Tokens | None = None
    ) -> Row:
        """The call as the ledger takes it. Without `tokens` nothing was used and nothing is to pay."""
        nanos, basis = (0, Basis.NONE) if tokens is None else cost(tokens, self.price)
        return self.written(outcome, code, status, tokens or NOTHING, nanos, basis)

    def worst_case(self, outcome: Outcome, *, code: str, status: int | None = None) -> Row:
        """The call charged at its hold: it was sent, and the host's report is missing."""
        assert self.held is not None
        assert self.need is not None
        tokens = Tokens(self.need.tokens_in, self.held.tokens - self.need.tokens_in)
        nanos, basis = (None, Basis.UNKNOWN) if self.price is None else (self.held.usd_nanos, Basis.ESTIMATED)
        return self.written(outcome, code, status, tokens, nanos, basis)

    def written(
        self, outcome: Outcome, code: str, status: int | None, tokens: Tokens, nanos: int | None, basis: Basis
    ) -> Row:
        """What `Envelope.values()` would hold; written out, because each call needs it twice."""
        key, route = self.passport.key, self.route
        return {
            "source": SOURCE,
            "call_id": self.id,
            "started_at": self.at.isoformat(),
            "team_id": key.team_id,
            "outcome": outcome,
            "application_id": key.application_id,
            "key_id": key.key_id,
            "grant_id": route.grant_id if route else None,
            "offer_id": route.offer_id if route else None,
            "model": route.name if route else "",
            "code": code,
            "status": status,
            "streamed": self.asked is not None and self.asked.stream,
            "latency_ms": self.elapsed_ms(),
            "first_byte_ms": self.first_byte_ms,
            "tokens_in": tokens.into,
            "tokens_out": tokens.out,
            "tokens_cached": tokens.cached,
            "tokens_reasoning": tokens.reasoning,
            "cost_nanos": nanos,
            "basis": basis,
            "price_id": self.price.price_id if self.price and tokens.total else None,
            "overshoot_tokens": max(0, tokens.total - self.held.tokens) if self.held else 0,
        }
