"""From a host's usage report to tokens and money. Pure."""

from dataclasses import dataclass
from typing import Any

from foundry.lib.units import cost_nanos
from tenants.keys.passport import PriceRow
from tenants.usage.envelope import Basis

MOST = 10**12  # a report beyond it is no report


@dataclass(frozen=True, slots=True)
class Tokens:
    """`cached` is part of `into`, `reasoning` part of `out`."""

    into: int
    out: int
    cached: int = 0
    reasoning: int = 0

    @property
    def total(self) -> int:
        return self.into + self.out


def report(usage: Any) -> Tokens | None:
    """The tokens that an OpenAI-shaped usage block tells; None when it is missing or makes no sense.

    Some hosts count reasoning beside completion_tokens: their total says so, and it is the larger that counts.
    """
    if not isinstance(usage, dict):
        return None
    into, out, total = (
        number(usage, name) for name in ("prompt_tokens", "completion_tokens", "total_tokens")
    )
    if into is None or out is None:
        return None
    out = max(out, (total or 0) - into)
    cached = part(usage, "prompt_tokens_details", "cached_tokens")
    if cached is None:
        cached = number(usage, "prompt_cache_hit_tokens")
    reasoning = part(usage, "completion_tokens_details", "reasoning_tokens")
    return Tokens(into, out, min(cached or 0, into), min(reasoning or 0, out))


def report_response(usage: Any) -> Tokens | None:
    """The same of OpenAI's responses."""
    if not isinstance(usage, dict):
        return None
    into, out = number(usage, "input_tokens"), number(usage, "output_tokens")
    if into is None or out is None:
        return None
    out = max(out, (number(usage, "total_tokens") or 0) - into)
    cached = part(usage, "input_tokens_details", "cached_tokens")
    reasoning = part(usage, "output_tokens_details", "reasoning_tokens")
    return Tokens(into, out, min(cached or 0, into), min(reasoning or 0, out))


def report_embedding(usage: Any) -> Tokens | None:
    """The same of embeddings, which have no output."""
    into = number(usage, "prompt_tokens") if isinstance(usage, dict) else None
    return None if into is None else Tokens(into, 0)


def report_message(usage: Any) -> Tokens | None:
    """The same of Anthropic's messages, which count what a cache gave or took beside the input."""
    if not isinstance(usage, dict):
        return None
    into, out = number(usage, "input_tokens"), number(usage, "output_tokens")
    if into is None or out is None:
        return None
    cached = number(usage, "cache_read_input_tokens") or 0
    written = number(usage, "cache_creation_input_tokens") or 0
    return Tokens(into + cached + written, out, cached)


def part(usage: dict[str, Any], group: str, name: str) -> int | None:
    details = usage.get(group)
    return number(details, name) if isinstance(details, dict) else None


def number(block: dict[str, Any], name: str) -> int | None:
    value = block.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST:
        return None
    return value


def cost(tokens: Tokens, price: PriceRow | None) -> tuple[int | None, Basis]:
    """Nano-dollars at the price in force when the call started, and whose word that price is."""
    if price is None:
        return None, Basis.UNKNOWN
    cached = price.input if price.cached is None else price.cached
    parts = [(tokens.into - tokens.cached, price.input), (tokens.cached, cached), (tokens.out, price.output)]
    return cost_nanos(parts), Basis(price.basis)
