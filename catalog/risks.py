"""What of a host's news a person should see before it counts. Pure: two facts and a policy in, words out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from catalog.connectors.base import BASE_PARTS
from catalog.states import ChangeKind, Lifecycle

Json = Any
FEW = 5  # so many may go, or be unreadable, whatever the share says
UNREAD_PERCENT = 20

# What a part counts as while it has no price of its own. What is not here is then free.
COUNTS_AS = {
    "cached_input": "input", "cache_write": "input", "cache_write_1h": "cache_write", "reasoning": "output",
    "audio_input": "input", "audio_cached_input": "cached_input", "audio_output": "output",
    "image_input": "input", "image_output": "output",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Policy:
    """How far a host is believed without a person.

    :param price_rise_percent: by how much any price may rise.
    :param gone_percent: what share of the offers may go missing at once, though always five; 0 lets none go.
    :param waits_for: kinds of change that always wait.
    """

    price_rise_percent: int = 25
    gone_percent: int = 20
    waits_for: frozenset[str] = frozenset()

    def too_many_gone(self, missing: int, present: int) -> bool:
        """Do so many of what we hold look like a fault of the listing? Also most of a small catalog does."""
        if self.gone_percent == 0:
            return missing > 0
        most = missing > 1 and missing * 100 > present * max(50, self.gone_percent)
        return most or missing > max(FEW, present * self.gone_percent // 100)

    def risk(self, kind: str, before: Json, after: Json, at: datetime) -> str:
        """Why a person should look before this applies; empty when it may apply itself."""
        if kind == ChangeKind.PRICE and (why := price_risk(before, after, self.price_rise_percent)):
            return why
        if kind == ChangeKind.RETIREMENT_DATE and (why := date_risk(before, after, at)):
            return why
        if kind == ChangeKind.LIFECYCLE and after["stage"] == Lifecycle.RETIRED:
            return "calls would end at once"
        return self.always(kind)

    def always(self, kind: str) -> str:
        return "this host's policy lets it wait" if kind in self.waits_for else ""


def too_many_unread(rejected: int, came: int) -> bool:
    return rejected > max(FEW, (rejected + came) * UNREAD_PERCENT // 100)


def price_risk(before: Json, after: Json, percent: int) -> str:
    """The first price that rises by more than `percent`, under any condition that either side names."""
    if before is None:
        return ""
    if after is None:
        return "the price is no longer told; new calls would have no known cost"
    rises = (rise for key in conditions(before, after) for rise in risen(before, after, key, percent))
    return next(rises, "")


Condition = tuple[Any, ...]
ALWAYS: Condition = (None, None, None)


def condition(tier: Json) -> Condition:
    return tier.get("over_input_tokens"), tier.get("utc_from"), tier.get("utc_to")


def conditions(before: Json, after: Json) -> list[Condition]:
    """The base prices first, then each tier's condition once."""
    tiers = [condition(tier) for price in (before, after) for tier in price.get("tiers", ())]
    return list(dict.fromkeys([ALWAYS, *tiers]))


def risen(before: Json, after: Json, key: Condition, percent: int) -> Iterator[str]:
    old, new = prices_under(before, key), prices_under(after, key)
    for part in dict.fromkeys([*BASE_PARTS, *old, *new]):
        was, now = amount(old, part), amount(new, part)
        if now > was * (100 + percent) / 100:
            yield f"{words(part, key)} price up {rise(was, now)}"


def prices_under(price: Json, key: Condition) -> dict[str, str]:
    """Every price that is told for this condition, the tier's own before the base ones."""
    base = {part: price[part] for part in BASE_PARTS if price.get(part) is not None}
    parts: dict[str, str] = price.get("parts", {})
    return base | parts | tier_of(price, key)


def tier_of(price: Json, key: Condition) -> dict[str, str]:
    """The prices that the tier of this condition names; empty where there is none."""
    found: Iterator[dict[str, str]] = (
        tier["prices"] for tier in price.get("tiers", ()) if condition(tier) == key
    )
    return next(found, {})


def amount(prices: dict[str, str], part: str) -> Decimal:
    """USD of one part, or of what it counts as; 0 for what is not priced at all."""
    while part not in prices:
        if part not in COUNTS_AS:
            return Decimal(0)
        part = COUNTS_AS[part]
    return Decimal(prices[part])


def words(part: str, key: Condition) -> str:
    over, start, end = key
    said = [part.replace("_", " ")]
    said += [f"over {over:,} tokens"] if over else []
    said += [f"from {start} to {end} UTC"] if start or end else []
    return " ".join(said)


def rise(was: Decimal, now: Decimal) -> str:
    return f"from 0 to {now:f}" if was == 0 else f"{(now / was - 1) * 100:.0f} %"


def date_risk(before: Json, after: Json, at: datetime) -> str:
    if after is None:
        return "the retirement date was taken back" if before else ""
    date = datetime.fromisoformat(after)
    if date <= at:
        return "the retirement date is in the past"
    if before is not None and date < datetime.fromisoformat(before):
        return "the retirement date moved closer"
    return ""
