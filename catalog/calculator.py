"""What a stated volume would cost in a month. Pure; Decimal throughout, and None where a price is unknown."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from catalog import price_words
from catalog.models import Price

DAYS_PER_MONTH = 30
MINUTES_PER_DAY = 24 * 60
MILLION = Decimal(1_000_000)
Prices = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Volume:
    """How much is called, the same every day.

    :param tokens_in: of one call's prompt. :param tokens_out: of its answer.
    :param cached_percent: how much of the prompt the host has read before.
    """

    calls_per_day: int
    tokens_in: int
    tokens_out: int
    cached_percent: int = 0


def monthly_usd(price: Price | None, volume: Volume) -> Decimal | None:
    """USD for thirty days, with the tiers that such calls meet; calls are spread evenly over the day."""
    if price is None:
        return None
    each = sum((share * call_usd(prices, volume) for share, prices in day(price, volume)), Decimal(0))
    return each * volume.calls_per_day * DAYS_PER_MONTH


def call_usd(prices: Prices, volume: Volume) -> Decimal:
    """One call's price: prompt, what of it is cached, answer, and what each call costs by itself."""
    cached = Decimal(volume.tokens_in * volume.cached_percent) / 100
    read = (volume.tokens_in - cached) * prices["input"] + cached * prices.get(
        "cached_input", prices["input"]
    )
    tokens = read + volume.tokens_out * prices["output"]
    return tokens / MILLION + prices.get("request", Decimal(0))


def day(price: Price, volume: Volume) -> Iterator[tuple[Decimal, Prices]]:
    """(share of the day, prices) that calls of this size meet; the shares are one in all."""
    prices = price_words.base(price)
    met = [tier for tier in price.tiers if (tier.get("over_input_tokens") or -1) < volume.tokens_in]
    sized = sorted((t for t in met if not t.get("utc_from")), key=lambda t: t.get("over_input_tokens") or 0)
    for tier in sized[-1:]:
        prices = prices | price_words.amounts(tier["prices"])
    rest = Decimal(1)
    for tier in (t for t in met if t.get("utc_from")):
        share = share_of_day(tier)
        rest -= share
        yield share, prices | price_words.amounts(tier["prices"])
    yield rest, prices


def share_of_day(tier: Mapping[str, Any]) -> Decimal:
    """How much of a day lies between `utc_from` and `utc_to`; may pass midnight."""
    length = (minutes(tier["utc_to"]) - minutes(tier["utc_from"])) % MINUTES_PER_DAY
    return Decimal(length or MINUTES_PER_DAY) / MINUTES_PER_DAY


def minutes(clock: str) -> int:
    hour, _, minute = clock.partition(":")
    return int(hour) * 60 + int(minute)
