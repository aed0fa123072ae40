"""One call from its first byte to its line in the ledger."""

import itertools
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tenants.gateway.asgi import Scope
from tenants.gateway.asked import Asked
from tenants.gateway.dialects import Dialect
from tenants.gateway.heard import Heard
from tenants.gateway.spool import Row, Segment
from tenants.keys.passport import Passport, PriceRow, RouteRow
from tenants.quotas.limits import Level, Need
from tenants.quotas.slices import Held
from tenants.usage.charge import Tokens, cost
from tenants.usage.envelope import Basis, Outcome

SOURCE = "gateway"
NOTHING = Tokens(0, 0)


PROCESS, COUNT = os.urandom(6).hex(), itertools.count(1)


def new_id() -> str:
    """32 hex digits that sort by time: its milliseconds, this process, and a number of its own."""
    return f"{time.time_ns() // 1_000_000:012x}{PROCESS}{next(COUNT) & 0xFFFFFFFF:08x}"


@dataclass(slots=True)
class Call:
    """What is known so far. `at` decides price and windows; `started` is monotonic seconds.

    :ivar scope: of its request. :ivar told: headers of the caller that the dialect passes on. :ivar tag: as the ledger counts it.
    :ivar tries: hosts that failed before this one, and how. :ivar tried: their ids.
    :ivar heard: what came of a stream, where its host is cancelled when its caller hangs up.
    :ivar span: of OpenTelemetry, where calls are traced.
    """

    passport: Passport
    digest: bytes
    dialect: Dialect
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: float = field(default_factory=time.monotonic)
    scope: Scope = field(default_factory=dict)
    id: str = field(default_factory=new_id)
    told: dict[str, str] = field(default_factory=dict)
    tag: str = ""
    tries: str = ""
    tried: tuple[int, ...] = ()
    asked: Asked | None = None
    route: RouteRow | None = None
    price: PriceRow | None = None
    maxima: Mapping[str, int] = field(default_factory=dict)
    levels: tuple[Level, ...] = ()
    need: Need | None = None
    held: Held | None = None
    mark: Segment | None = None
    first_byte_ms: int | None = None
    answering: bool = False
    heard: Heard | None = None
    over: bool = False
    span: Any = None
    facts: Row | None = None
    facts_of: tuple[RouteRow | None, Held | None] = (None, None)

    def elapsed_ms(self) -> int:
        return int((time.monotonic() - self.started) * 1000)

    def row(
        self, outcome: Outcome, *, code: str = "", status: int | None = None, tokens: Tokens | None = None
    ) -> Row:
        """The call as the ledger takes it. Without `tokens` nothing was used and nothing is to pay."""
        nanos, basis = (0, Basis.NONE) if tokens is None else cost(tokens, self.price, self.at)
        return self.written(outcome, code, status, tokens or NOTHING, nanos, basis)

    def worst_case(self, outcome: Outcome, *, code: str, status: int | None = None) -> Row:
        """The call charged at its hold: it was sent, and the host's report is missing."""
        assert self.held is not None
        assert self.need is not None
        tokens = Tokens(self.need.tokens_in, self.held.tokens - self.need.tokens_in)
        nanos, basis = (None, Basis.UNKNOWN) if self.price is None else (self.held.usd_nanos, Basis.ESTIMATED)
        return self.written(outcome, code, status, tokens, nanos, basis)

    def cut_off(self, outcome: Outcome, *, code: str, status: int) -> Row:
        """The call charged at no less than what was sent until it was cut off, and at no more than its hold.

        The hold counts where nothing of the answer came, or where kinds of tokens have prices of their own.
        """
        assert self.held is not None
        assert self.need is not None
        sent = self.heard.tokens() if self.heard is not None else 0
        plain = self.price is None or self.price.is_plain
        if not sent or not plain or sent >= self.held.tokens - self.need.tokens_in:
            return self.worst_case(outcome, code=code, status=status)
        tokens = Tokens(self.need.tokens_in, sent)
        nanos, basis = cost(tokens, self.price, self.at)
        basis = Basis.UNKNOWN if nanos is None else Basis.ESTIMATED
        return self.written(outcome, code, status, tokens, nanos, basis)

    def unsettled(self) -> Row:
        """What the call is booked as if this process dies now; `Envelope.from_row` fills in what is not said."""
        assert self.held is not None
        assert self.need is not None
        priced = self.price is not None
        return self.known() | {
            "outcome": str(Outcome.UNKNOWN),
            "code": "gateway_killed",
            "tokens_in": self.need.tokens_in,
            "tokens_out": self.held.tokens - self.need.tokens_in,
            "cost_nanos": self.held.usd_nanos if priced else None,
            "basis": str(Basis.ESTIMATED if priced else Basis.UNKNOWN),
            "price_id": self.price.price_id if self.price else None,
        }

    def written(
        self, outcome: Outcome, code: str, status: int | None, tokens: Tokens, nanos: int | None, basis: Basis
    ) -> Row:
        """What `Envelope.values()` would hold."""
        return self.known() | {
            "outcome": str(outcome),
            "code": code,
            "status": status,
            "latency_ms": self.elapsed_ms(),
            "first_byte_ms": self.first_byte_ms,
            "tokens_in": tokens.into,
            "tokens_out": tokens.out,
            "tokens_cached": tokens.cached,
            "tokens_reasoning": tokens.reasoning,
            "cost_nanos": nanos,
            "basis": str(basis),
            "price_id": self.price.price_id if self.price and tokens.total else None,
            "overshoot_tokens": max(0, tokens.total - self.held.tokens) if self.held else 0,
            "kinds": tokens.kinds,
            "told_nanos": tokens.told_nanos,
        }

    def known(self) -> Row:
        """What does not change any more, once it is known where the call goes and what it holds."""
        key, route, held = self.passport.key, self.route, self.held
        if self.facts is None or self.facts_of[0] is not route or self.facts_of[1] is not held:
            self.facts_of = route, held
            self.facts = {
                "source": SOURCE,
                "call_id": self.id,
                "started_at": self.at.isoformat(),
                "team_id": key.team_id,
                "application_id": key.application_id,
                "key_id": key.key_id,
                "grant_id": route.grant_id if route else None,
                "offer_id": route.offer_id if route else None,
                "model": route.name if route else "",
                "streamed": self.asked is not None and self.asked.stream,
                "held_tokens": held.tokens if held else None,
                "held_nanos": held.usd_nanos if held else None,
                "tag": self.tag,
                "tries": self.tries,
            }
        return self.facts
