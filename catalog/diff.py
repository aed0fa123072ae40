"""What a listing tells against what we hold. Pure: rows in, differences and their risk out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from catalog.connectors.base import Listing, OfferRow, PriceRow, Tier
from catalog.states import ChangeKind, Lifecycle

Json = Any
PRICE_RISE = Decimal("1.25")
FEW_GONE, SHARE_GONE = 5, Decimal("0.20")
SMALLEST_PRICE = Decimal(1).scaleb(-18)
EXACT = Context(prec=60)


@dataclass(frozen=True, slots=True)
class Held:
    """One offer as we hold it: its facts by kind of change, and whether it is already gone.

    :param overruled: what the host told, by kind of change, when a person said otherwise.
    """

    key: str
    gone: bool
    facts: Mapping[str, Json]
    overruled: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs. `why` says what makes it risky; empty when it may apply itself."""

    key: str
    kind: ChangeKind
    before: Json
    after: Json
    why: str = ""

    @property
    def risky(self) -> bool:
        return bool(self.why)


@dataclass(frozen=True, slots=True)
class Verdict:
    """All differences, and why the listing as a whole is not believed (empty when it is)."""

    differences: tuple[Difference, ...]
    doubts: tuple[str, ...] = ()


def compare(held: Mapping[str, Held], listing: Listing, at: datetime) -> Verdict:
    """Differences in the order told, then what is missing.

    A listing that is incomplete, mostly unreadable, or lacks more than five offers and a fifth of what we
    hold (or most of a small catalog) is doubted: nothing of it applies, and what is missing waits.
    """
    told = {row.key for row in listing.offers}
    missing = [item for item in held.values() if not item.gone and item.key not in told]
    doubts = tuple(doubt(held, listing, len(missing)))
    if doubts:
        return Verdict(tuple(gone(item, doubts[0]) for item in missing if listing.complete), doubts)
    unsure = f"{listing.rejected} rows could not be read; it may be one of them" if listing.rejected else ""
    found = [change for row in listing.offers for change in differences(held.get(row.key), row, at)]
    return Verdict((*found, *(gone(item, unsure) for item in missing)))


def doubt(held: Mapping[str, Held], listing: Listing, missing: int) -> Iterator[str]:
    """Why this listing cannot be believed as a whole."""
    present = sum(1 for item in held.values() if not item.gone)
    came = len(listing.offers)
    if not listing.complete:
        yield "the listing is incomplete"
    if came == 0:
        yield "no usable offer came"
    if listing.rejected > too_many(listing.rejected + came):
        yield f"{listing.rejected} rows could not be read"
    if missing > too_many(present) or (missing > 1 and missing * 2 > present):
        yield f"{present - missing} of {present} came, {missing} missing"


def too_many(whole: int) -> int:
    """How many of `whole` may go before it looks like a fault."""
    return max(FEW_GONE, int(whole * SHARE_GONE))


def gone(item: Held, why: str) -> Difference:
    return Difference(item.key, ChangeKind.GONE, {"listed": True}, {"listed": False}, why)


def differences(item: Held | None, row: OfferRow, at: datetime) -> Iterator[Difference]:
    """What differs between one held offer and one told row."""
    told = facts(row)
    if item is None:
        yield Difference(row.key, ChangeKind.NEW, None, told)
        return
    if item.gone:
        yield Difference(row.key, ChangeKind.BACK, {"listed": False}, {"listed": True})
    for kind, after in told.items():
        before = item.facts.get(kind)
        if before == after:
            continue
        if kind not in item.overruled:
            yield Difference(row.key, ChangeKind(kind), before, after, risk(kind, before, after, at))
        elif after != item.overruled[kind]:
            yield Difference(row.key, ChangeKind(kind), before, after, "a person set it by hand")


def facts(row: OfferRow) -> dict[str, Json]:
    """One told row by kind of change, as JSON."""
    return {
        "lifecycle": stage_fact(row.lifecycle, row.lifecycle_told, row.deprecated_at),
        "retirement_date": row.retires_at.isoformat() if row.retires_at else None,
        "successor": row.successor_told,
        "context": {"context_tokens": row.context_tokens, "max_output_tokens": row.max_output_tokens},
        "capability": {"capabilities": dict(row.capabilities), "modalities": list(row.modalities)},
        "limits": row.pool,
        "price": price_fact(row.price),
    }


def stage_fact(stage: str, told: str, deprecated_at: datetime | None) -> Json:
    since = {"deprecated_at": deprecated_at.isoformat()} if deprecated_at else {}
    return {"stage": stage, "told": told, **since}


def price_fact(price: PriceRow | None) -> Json:
    """A told price as JSON, or None where none is told. `parts` and `tiers` are there only where told."""
    if price is None:
        return None
    more = {"parts": texts(price.parts), "tiers": [tier_fact(tier) for tier in price.tiers]}
    return {
        "input": plain(price.input),
        "output": plain(price.output),
        "cached_input": None if price.cached_input is None else plain(price.cached_input),
        "basis": price.basis,
        **{name: told for name, told in more.items() if told},
    }


def texts(prices: Mapping[str, Decimal]) -> dict[str, str]:
    return {name: plain(amount) for name, amount in sorted(prices.items())}


def tier_fact(tier: Tier) -> Json:
    told = {"over_input_tokens": tier.over_input_tokens, "utc_from": tier.utc_from, "utc_to": tier.utc_to}
    return {"prices": texts(tier.prices), **{name: value for name, value in told.items() if value}}


def plain(amount: Decimal) -> str:
    """A decimal as text without exponent or trailing zeros, to 1e-18: equal prices look equal."""
    text = format(amount.quantize(SMALLEST_PRICE, ROUND_HALF_UP, EXACT), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def risk(kind: str, before: Json, after: Json, at: datetime) -> str:
    """Why a person should look before this applies; empty when it may apply itself."""
    if kind == ChangeKind.PRICE:
        return price_risk(before, after)
    if kind == ChangeKind.RETIREMENT_DATE:
        return date_risk(before, after, at)
    if kind == ChangeKind.LIFECYCLE and after["stage"] == Lifecycle.RETIRED:
        return "calls would end at once"
    return ""


def price_risk(before: Json, after: Json) -> str:
    if before is None:
        return ""
    if after is None:
        return "the price is no longer told; new calls would have no known cost"
    for part in ("input", "output", "cached_input"):
        old, new = before.get(part), after.get(part)
        if old is not None and new is not None and Decimal(new) > Decimal(old) * PRICE_RISE:
            return f"{part.replace('_', ' ')} price up {rise(old, new)}"
    return ""


def rise(old: str, new: str) -> str:
    if Decimal(old) == 0:
        return f"from 0 to {new}"
    return f"{(Decimal(new) / Decimal(old) - 1) * 100:.0f} %"


def date_risk(before: Json, after: Json, at: datetime) -> str:
    if after is None:
        return "the retirement date was taken back" if before else ""
    date = datetime.fromisoformat(after)
    if date <= at:
        return "the retirement date is in the past"
    if before is not None and date < datetime.fromisoformat(before):
        return "the retirement date moved closer"
    return ""


def keys(differences: Sequence[Difference]) -> set[str]:
    return {change.key for change in differences}
