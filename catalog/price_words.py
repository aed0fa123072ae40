"""All that a price says, in lines for pages: base prices, what is priced apart, and the tiers that stand in."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from catalog.connectors.base import BASE_PARTS, PARTS
from catalog.models import Price
from foundry.web.format import grouped

LABELS = {
    "input": "Input", "output": "Output", "cached_input": "Cached input", "cache_write": "Cache write",
    "cache_write_1h": "Cache write, 1 hour", "reasoning": "Reasoning", "audio_input": "Audio input",
    "audio_cached_input": "Cached audio input", "audio_output": "Audio output", "image_input": "Image input",
    "image_output": "Image output", "request": "Each call", "image": "Each image", "web_search": "Each web search",
    "audio_minute": "Audio",
}  # fmt: skip
ORDER = (*BASE_PARTS, *PARTS)


class PriceLine(NamedTuple):
    """:param usd: the exact amount per `unit`."""

    part: str
    label: str
    usd: Decimal
    unit: str


class TierLine(NamedTuple):
    """Prices while a condition holds. :param when: the condition in words."""

    when: str
    lines: list[PriceLine]


def base(price: Price) -> dict[str, Decimal]:
    """USD by part outside all tiers; a part that is not priced apart is left out."""
    told = {part: getattr(price, f"{part}_per_million") for part in BASE_PARTS} | dict(price.parts)
    return amounts(told)


def amounts(told: Mapping[str, Any]) -> dict[str, Decimal]:
    return {part: Decimal(usd) for part, usd in told.items() if usd is not None}


def lines(told: Mapping[str, Decimal]) -> list[PriceLine]:
    known = sorted(told, key=lambda part: ORDER.index(part) if part in ORDER else len(ORDER))
    return [PriceLine(part, label(part), told[part], unit(part)) for part in known]


def label(part: str) -> str:
    return LABELS.get(part, part.replace("_", " ").capitalize())


def unit(part: str) -> str:
    """What the amount is for: `million tokens`, `request`, `image`."""
    return PARTS.get(part, "million tokens")


def price_lines(price: Price | None) -> list[PriceLine]:
    return lines(base(price)) if price else []


def tier_lines(price: Price | None) -> list[TierLine]:
    tiers = price.tiers if price else []
    return [TierLine(when(tier), lines(amounts(tier["prices"]))) for tier in tiers]


def when(tier: Mapping[str, Any]) -> str:
    """`over 200,000 input tokens`, `16:30–00:30 UTC`, or both."""
    over, begins, ends = tier.get("over_input_tokens"), tier.get("utc_from"), tier.get("utc_to")
    said = [f"over {grouped(over)} input tokens"] if over is not None else []
    said += [f"{begins}–{ends} UTC"] if begins else []
    return ", ".join(said) or "always"
