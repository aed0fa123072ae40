"""What a call's tokens cost, kind by kind and tier by tier. Pure: the gateway charges by it, pages explain by it.

A kind without a price of its own counts as what it is a part of: cached input as input, an hour's cache write as
a cache write, everything else of a prompt as input and of an answer as output. What is not counted in tokens
(a call, a web search) costs as much as a million tokens at its price per million.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from foundry.lib.units import cost_nanos
from tenants.keys.passport import PriceRow, TierRow
from tenants.usage.envelope import KINDS, Basis

MILLION = 1_000_000
# A kind, and what it counts as while it has no price of its own.
ELSE = {
    "cached_input": "input", "cache_write": "input", "cache_write_1h": "cache_write", "audio_input": "input",
    "audio_cached_input": "cached_input", "image_input": "input", "reasoning": "output", "audio_output": "output",
    "image_output": "output",
}  # fmt: skip
TEXT_IN = ("input", "cached_input", "cache_write", "cache_write_1h")
ALL_IN = (*TEXT_IN, "audio_input", "audio_cached_input", "image_input")
TEXT_OUT = ("output", "reasoning", "image_output")
ALL_OUT = (*TEXT_OUT, "audio_output")
NO_KINDS = (0,) * len(KINDS)
BASES = {basis.value: basis for basis in Basis}


@dataclass(slots=True)
class Tokens:
    """What a host reports of one call.

    :param cached: part of `into`, as is what `kinds` counts of the input; `reasoning` is part of `out`, likewise.
    :param kinds: counts in the order of KINDS, disjoint but for cached audio, which is in `cached`; None where all are 0.
    :param told_nanos: nano-dollars that the host itself says the call costs; None where it says nothing.
    """

    into: int
    out: int
    cached: int = 0
    reasoning: int = 0
    kinds: tuple[int, ...] | None = None
    told_nanos: int | None = None

    @property
    def total(self) -> int:
        return self.into + self.out


@dataclass(frozen=True, slots=True)
class Priced:
    """:param units: 1e-12 USD per million of `count`."""

    kind: str
    count: int
    units: int


def cost(tokens: Tokens, price: PriceRow | None, at: datetime) -> tuple[int | None, Basis]:
    """Nano-dollars at the price in force when the call started, and whose word that price is."""
    if price is None:
        return None, Basis.UNKNOWN
    if price.is_plain and tokens.kinds is None:
        cached = price.input if price.cached is None else price.cached
        parts = [
            (tokens.into - tokens.cached, price.input),
            (tokens.cached, cached),
            (tokens.out, price.output),
        ]
    else:
        parts = [(each.count, each.units) for each in priced(tokens, price, at)]
    return cost_nanos(parts), BASES[price.basis]


def priced(tokens: Tokens, price: PriceRow, at: datetime) -> list[Priced]:
    """The kinds that the call has any of, each with the price that counts for it."""
    rates = rates_for(price, tokens.into, at)
    return [Priced(kind, count, rate(rates, kind)) for kind, count in counted(tokens) if count]


def counted(tokens: Tokens) -> Iterator[tuple[str, int]]:
    """Disjoint counts: their sums are what went in and what came out."""
    more = dict(zip(KINDS, tokens.kinds or NO_KINDS, strict=True))
    written = more["cache_write"] + more["cache_write_1h"]
    plain = tokens.into - tokens.cached - written - more["audio_input"] - more["image_input"]
    yield "input", plain
    yield "cached_input", tokens.cached - more["audio_cached_input"]
    for kind in ("cache_write", "cache_write_1h", "audio_input", "audio_cached_input", "image_input"):
        yield kind, more[kind]
    yield "output", tokens.out - tokens.reasoning - more["audio_output"] - more["image_output"]
    yield "reasoning", tokens.reasoning
    yield "audio_output", more["audio_output"]
    yield "image_output", more["image_output"]
    yield "web_search", more["web_search"] * MILLION
    yield "request", MILLION


def rate(rates: Mapping[str, int], kind: str) -> int:
    """The price of a kind, or of what it counts as; what nothing prices costs nothing."""
    while kind not in rates and kind in ELSE:
        kind = ELSE[kind]
    return rates.get(kind, 0)


def rates_for(price: PriceRow, tokens_in: int, at: datetime) -> dict[str, int]:
    """Prices by kind for a call of this size at this moment: the longest tier that it reaches, then that of the hour."""
    rates = base(price)
    met = [tier for tier in price.tiers if tier.reached(tokens_in)]
    for tier in sorted((tier for tier in met if not tier.utc_from), key=TierRow.over)[-1:]:
        rates |= tier.prices
    for tier in met:
        if tier.utc_from and tier.covers(at):
            rates |= tier.prices
    return rates


def base(price: PriceRow) -> dict[str, int]:
    rates = {"input": price.input, "output": price.output, **price.parts}
    return rates if price.cached is None else rates | {"cached_input": price.cached}


@dataclass(slots=True)
class Dearest:
    """What a call may cost at worst. :param into, out: units per million tokens. :param beside: of call and searches,
    in 1e-18 USD."""

    into: int
    out: int
    beside: int


def dearest(price: PriceRow, tokens_in: int, at: datetime, *, only_text: bool, searches: int) -> Dearest:
    """No report within these bounds costs more: the dearest kind of each side, in any tier that may be reached.

    :param tokens_in: at most so many. :param searches: at most so many web searches.
    """
    if price.is_plain:
        return Dearest(max(price.input, price.cached or 0), price.output, 0)
    most = base(price)
    for tier in price.tiers:
        if tier.reached(tokens_in) and tier.covers(at):
            most |= {kind: max(units, most.get(kind, 0)) for kind, units in tier.prices.items()}
    into, out = (TEXT_IN, TEXT_OUT) if only_text else (ALL_IN, ALL_OUT)
    return Dearest(
        max(rate(most, kind) for kind in into),
        max(rate(most, kind) for kind in out),
        MILLION * (rate(most, "request") + searches * rate(most, "web_search")),
    )
