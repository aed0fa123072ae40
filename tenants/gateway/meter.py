"""From a host's usage report to tokens of every kind that it tells. Pure.

Hosts count alike in three dialects and differ in names and in what they put beside what: the tables of names
below are what has been seen. Where counts contradict each other, parts are cut to what they are a part of.
"""

from decimal import Decimal
from typing import Any

from foundry.lib.units import nanos
from tenants.usage.charge import Tokens
from tenants.usage.envelope import KINDS

MOST = 10**12  # a report beyond it is no report
MOST_USD = 10**6  # likewise of one call's cost
INTO, OF_INTO = (
    ("prompt_tokens", "input_tokens"),
    ("prompt_tokens_details", "input_tokens_details", "prompt_token_details"),
)
OUT, OF_OUT = ("completion_tokens", "output_tokens"), ("completion_tokens_details", "output_tokens_details")
CACHED_BESIDE = ("prompt_cache_hit_tokens", "num_cached_tokens", "cached_tokens", "cache_read_input_tokens")
WRITTEN = ("cache_write_tokens", "cache_creation_tokens", "cache_creation_input_tokens")
NOTHING: dict[str, Any] = {}
REASONING = ("reasoning_tokens", "thinking_tokens")
BESIDE = frozenset(
    {*CACHED_BESIDE, *WRITTEN, "server_tool_use", "num_sources_used", "cost_in_usd_ticks", "cost"}
)


def report(usage: Any) -> Tokens | None:
    """The tokens that an OpenAI-shaped usage block tells, of chat or of responses; None when it is missing or
    makes no sense.

    Some hosts count reasoning beside the output: their total says so, or there is more of it, and it is the larger
    that counts.
    """
    if not isinstance(usage, dict):
        return None
    into, out, total = first(usage, INTO), first(usage, OUT), number(usage, "total_tokens")
    if into is None or out is None:
        return None
    of_into, of_out = details(usage, OF_INTO), details(usage, OF_OUT)
    if not of_into and not of_out and BESIDE.isdisjoint(usage):
        return Tokens(into, max(out, (total or 0) - into))
    reasoning = first(of_out, REASONING) or 0
    out = max(out, (total or 0) - into, out + reasoning if reasoning > out else 0)
    cached = number(of_into, "cached_tokens")
    if cached is None:
        cached = first(usage, CACHED_BESIDE)
    written = first(of_into, WRITTEN)
    if written is None:
        written = first(usage, WRITTEN)
    return told(
        usage, into, out, cached or 0, reasoning,
        cache_write=written or 0,
        audio_in=number(of_into, "audio_tokens") or 0, image_in=number(of_into, "image_tokens") or 0,
        audio_out=number(of_out, "audio_tokens") or 0, image_out=number(of_out, "image_tokens") or 0,
    )  # fmt: skip


def report_embedding(usage: Any) -> Tokens | None:
    """The same of embeddings, which have no output."""
    into = number(usage, "prompt_tokens") if isinstance(usage, dict) else None
    return None if into is None else told(usage, into, 0, 0, 0)


def report_message(usage: Any) -> Tokens | None:
    """The same of Anthropic's messages, which count what a cache gave or took beside the input."""
    if not isinstance(usage, dict):
        return None
    into, out = number(usage, "input_tokens"), number(usage, "output_tokens")
    if into is None or out is None:
        return None
    cached = number(usage, "cache_read_input_tokens") or 0
    by_age = details(usage, ("cache_creation",))
    hour, short = (number(by_age, f"ephemeral_{age}_input_tokens") or 0 for age in ("1h", "5m"))
    written = max(number(usage, "cache_creation_input_tokens") or 0, hour + short)
    reasoning = first(details(usage, OF_OUT), REASONING) or 0
    return told(
        usage,
        into + cached + written,
        out,
        cached,
        reasoning,
        cache_write=written - hour,
        cache_write_1h=hour,
    )


def told(
    usage: dict[str, Any], into: int, out: int, cached: int, reasoning: int, *,
    cache_write: int = 0, cache_write_1h: int = 0, audio_in: int = 0, image_in: int = 0, audio_out: int = 0, image_out: int = 0,
) -> Tokens:  # fmt: skip
    """Parts that never overlap: what was cached is text as long as there is other text, then sound."""
    cached, reasoning, searches = min(cached, into), min(reasoning, out), searched(usage)
    kinds = None
    if searches or cache_write or cache_write_1h or audio_in or image_in or audio_out or image_out:
        room = into - cached
        cache_write_1h = min(cache_write_1h, room)
        cache_write = min(cache_write, room - cache_write_1h)
        room -= cache_write + cache_write_1h
        audio, image_in = min(audio_in, room), min(image_in, max(0, room - audio_in))
        audio_cached = min(audio_in - audio, cached)
        audio_out = min(audio_out, out - reasoning)
        image_out = min(image_out, out - reasoning - audio_out)
        counts = (cache_write, cache_write_1h, audio, audio_cached, audio_out, image_in, image_out, searches)
        assert len(counts) == len(KINDS)
        kinds = counts if any(counts) else None
    return Tokens(into, out, cached, reasoning, kinds, host_cost(usage))


def searched(usage: dict[str, Any]) -> int:
    """Web searches that the host made for the call: of Anthropic and OpenRouter, or xAI's sources."""
    told = details(usage, ("server_tool_use",))
    found = number(told, "web_search_requests") or number(usage, "num_sources_used") or 0
    return min(found, 10**6)


def host_cost(usage: dict[str, Any]) -> int | None:
    """Nano-dollars that the host itself says: xAI's ticks of 1e-10 USD, OpenRouter's `cost` in USD, to which what the
    maker takes is added where the caller's own account there pays it.
    """
    ticks = number(usage, "cost_in_usd_ticks", 10**16)
    if ticks is not None:
        return (ticks + 5) // 10
    cost = dollars(usage.get("cost"))
    if cost is None:
        return None
    beside = (
        dollars(details(usage, ("cost_details",)).get("upstream_inference_cost"))
        if usage.get("is_byok")
        else None
    )
    return nanos(cost + (beside or 0))


def dollars(value: Any) -> Decimal | None:
    """A number of JSON as the decimal that was written; None for what is no sensible cost of a call."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST_USD:
        return None
    return Decimal(repr(value))


def details(block: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    for name in names:
        if isinstance(found := block.get(name), dict):
            return found
    return NOTHING


def first(block: dict[str, Any], names: tuple[str, ...]) -> int | None:
    for name in names:
        value = block.get(name)
        if type(value) is int and 0 <= value <= MOST:
            return value
    return None


def number(block: dict[str, Any], name: str, most: int = MOST) -> int | None:
    value = block.get(name)
    return value if type(value) is int and 0 <= value <= most else None
