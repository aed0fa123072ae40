"""One finished call, as every door of the ledger takes it. Pure: the gateway imports it."""

import hashlib
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

import orjson

MOST = 10**15  # tokens; what a host reports beyond it is no report
# What a host may tell apart beside cached input and reasoning, in the order in which the ledger keeps the counts;
# named as prices name their parts. All are tokens but the searches. New kinds go to the end.
KINDS = (
    "cache_write", "cache_write_1h", "audio_input", "audio_cached_input", "audio_output", "image_input",
    "image_output", "web_search",
)  # fmt: skip
OF_INPUT = ("cache_write", "cache_write_1h", "audio_input", "image_input")
OF_OUTPUT = ("audio_output", "image_output")


class Outcome(StrEnum):
    """How a call ended. unknown: it was sent, and nobody can say what the host did; charged at its hold."""

    OK = "ok"
    UPSTREAM_ERROR = "upstream_error"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Basis(StrEnum):
    """Whose word a cost rests on."""

    ADMIN = "admin"
    NEGOTIATED = "negotiated"
    HOST = "host"
    REFERENCE = "reference"
    ESTIMATED = "estimated"
    UNKNOWN = "unknown"
    NONE = "none"


BASIS_WORDS = {
    Basis.ADMIN: "price set by an admin",
    Basis.NEGOTIATED: "negotiated price",
    Basis.HOST: "price told by the host",
    Basis.REFERENCE: "reference price",
    Basis.ESTIMATED: "estimated: the host told no tokens",
    Basis.UNKNOWN: "price unknown",
    Basis.NONE: "nothing to pay",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What is known of one call when it is over.

    :param source: who tells; with `call_id` the call's identity.
    :param started_at: UTC; decides price, hour and budget window.
    :param code: why it was refused or failed, empty otherwise.
    :param status: the HTTP status that the caller got.
    :param tokens_cached: part of `tokens_in`; `tokens_reasoning` is part of `tokens_out`.
    :param cost_nanos: nano-dollars; None where no price is known, never 0 for that.
    :param overshoot_tokens: reported beyond what was held.
    :param kinds: counts in the order of KINDS; None where all are 0.
    :param told_nanos: nano-dollars that the host itself says it costs; None where it says nothing.
    :param held_tokens, held_nanos: what was set aside for it; None where nothing was.
    :param tag: the caller's own word, say a release; "other" beyond the team's tags of a day.
    :param tries: hosts that failed before the one that is booked, and how, with "; " between; they cost nothing.
    """

    source: str
    call_id: str
    started_at: datetime
    team_id: int
    outcome: Outcome
    application_id: int | None = None
    key_id: int | None = None
    grant_id: int | None = None
    offer_id: int | None = None
    model: str = ""
    code: str = ""
    status: int | None = None
    streamed: bool = False
    latency_ms: int | None = None
    first_byte_ms: int | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    tokens_reasoning: int = 0
    cost_nanos: int | None = 0
    basis: Basis = Basis.NONE
    price_id: int | None = None
    overshoot_tokens: int = 0
    kinds: tuple[int, ...] | None = None
    told_nanos: int | None = None
    held_tokens: int | None = None
    held_nanos: int | None = None
    tag: str = ""
    tries: str = ""

    def __post_init__(self) -> None:
        assert self.started_at.tzinfo is not None, "started_at lacks its zone"
        assert 0 <= self.tokens_cached <= self.tokens_in <= MOST, "cached tokens are part of the input"
        assert 0 <= self.tokens_reasoning <= self.tokens_out <= MOST, (
            "reasoning tokens are part of the output"
        )
        assert self.cost_nanos is None or self.cost_nanos >= 0, "a cost is never negative"
        if self.kinds is not None:
            more = dict(zip(KINDS, self.kinds, strict=True))
            assert min(self.kinds) >= 0, "a count is never negative"
            assert self.tokens_cached + sum(more[kind] for kind in OF_INPUT) <= self.tokens_in, (
                "parts of the input"
            )
            assert more["audio_cached_input"] <= self.tokens_cached, "cached audio is cached"
            assert self.tokens_reasoning + sum(more[kind] for kind in OF_OUTPUT) <= self.tokens_out, (
                "of the output"
            )

    def row(self) -> dict[str, Any]:
        """The columns of `usage_incoming`, JSON-able, with the hash that tells a replay from a contradiction."""
        return hashed(self.values())

    def values(self) -> dict[str, Any]:
        """What `row()` holds beside the hash."""
        values = {name: getattr(self, name) for name in NAMES}
        values["started_at"] = self.started_at.astimezone(UTC).isoformat()
        return values

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> Self:
        """The envelope that `row()` was made from."""
        values = {name: row[name] for name in NAMES if name in row}
        values["started_at"] = datetime.fromisoformat(values["started_at"])
        values["kinds"] = None if values.get("kinds") is None else tuple(values["kinds"])
        return cls(**values | {"outcome": Outcome(values["outcome"]), "basis": Basis(values["basis"])})


NAMES = tuple(field.name for field in fields(Envelope))
COLUMNS = ("body_hash", *NAMES)


def hashed(values: dict[str, Any]) -> dict[str, Any]:
    """The values of an envelope with the hash that tells a replay from a contradiction."""
    return values | {"body_hash": "\\x" + body_hash(values).hex()}


def told(values: dict[str, Any]) -> bytes:
    """`hashed(values)` as JSON, written once."""
    body = orjson.dumps(values, option=orjson.OPT_SORT_KEYS)
    return b'%b,"body_hash":"\\\\x%b"}' % (body[:-1], hashlib.sha256(body).hexdigest().encode())


def body_hash(values: dict[str, Any]) -> bytes:
    """SHA-256 over the sorted content."""
    return hashlib.sha256(orjson.dumps(values, option=orjson.OPT_SORT_KEYS)).digest()
