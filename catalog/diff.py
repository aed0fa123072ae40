"""What a listing tells against what we hold. Pure: rows in, differences and their risk out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from catalog.connectors.base import Listing, OfferRow, PriceRow, Tier
from catalog.risks import Policy, too_many_unread
from catalog.states import ChangeKind

Json = Any
IDENTITY = (
    "publisher", "publisher_name", "model", "name", "host_model_id", "version", "region", "sku", "description",
)  # fmt: skip
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
class Doubt:
    """Why a listing is not believed. :param by_person: somebody who looked may say that it is right."""

    why: str
    by_person: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """All differences, and why the listing as a whole is not believed (empty when it is)."""

    differences: tuple[Difference, ...]
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiver:
    """What a person saw in a doubted listing and takes as it is; anything beyond that is doubted again.

    :param may_go: keys of offers that may go.
    :param unread: so many rows need not be readable.
    """

    may_go: frozenset[str] = frozenset()
    unread: int = 0


BELIEVED, NOTHING = Policy(), Waiver()


def compare(
    held: Mapping[str, Held],
    listing: Listing,
    at: datetime,
    policy: Policy = BELIEVED,
    waived: Waiver = NOTHING,
) -> Verdict:
    """Differences in the order told, then what is missing.

    A listing that is incomplete, mostly unreadable, or lacks more of what we hold than the policy believes is
    doubted: nothing of it applies, and what is missing waits. What a person waived is not doubted again.
    """
    told = {row.key for row in listing.offers}
    missing = [item for item in held.values() if not item.gone and item.key not in told]
    doubts = tuple(doubt(held, listing, missing, policy, waived))
    if doubts:
        why = doubts[0].why
        return Verdict(tuple(gone(item, why) for item in missing if listing.complete), doubts)
    unsure = f"{listing.rejected} rows could not be read; it may be one of them" if listing.rejected else ""
    why = unsure or policy.always(ChangeKind.GONE)
    found = [change for row in listing.offers for change in differences(held.get(row.key), row, at, policy)]
    left = (gone(item, "" if item.key in waived.may_go else why) for item in missing)
    return Verdict((*found, *left))


def doubt(
    held: Mapping[str, Held], listing: Listing, missing: Sequence[Held], policy: Policy, waived: Waiver
) -> Iterator[Doubt]:
    """Why this listing cannot be believed as a whole."""
    came = len(listing.offers)
    if not listing.complete:
        yield Doubt("the listing is incomplete")
    if came == 0:
        yield Doubt("no usable offer came")
    if listing.rejected > waived.unread and too_many_unread(listing.rejected, came):
        yield Doubt(f"{listing.rejected} rows could not be read", by_person=True)
    present = sum(1 for item in held.values() if not item.gone)
    unforeseen = sum(1 for item in missing if item.key not in waived.may_go)
    if unforeseen and policy.too_many_gone(unforeseen, present - len(missing) + unforeseen):
        yield Doubt(f"{present - len(missing)} of {present} came, {len(missing)} missing", by_person=True)


def gone(item: Held, why: str) -> Difference:
    return Difference(item.key, ChangeKind.GONE, {"listed": True}, {"listed": False}, why)


def differences(item: Held | None, row: OfferRow, at: datetime, policy: Policy) -> Iterator[Difference]:
    """What differs between one held offer and one told row."""
    told = facts(row)
    if item is None:
        yield new(row, told, policy.always(ChangeKind.NEW))
        return
    if item.gone:
        why = policy.always(ChangeKind.BACK)
        yield Difference(row.key, ChangeKind.BACK, {"listed": False}, {"listed": True}, why)
    for kind, after in told.items():
        before = item.facts.get(kind)
        if before == after:
            continue
        if kind not in item.overruled:
            yield Difference(row.key, ChangeKind(kind), before, after, policy.risk(kind, before, after, at))
        elif after != item.overruled[kind]:
            yield Difference(row.key, ChangeKind(kind), before, after, "a person set it by hand")


def new(row: OfferRow, told: dict[str, Json], why: str) -> Difference:
    """A row that we do not hold. Where it waits, it brings along what makes an offer of it later."""
    return Difference(row.key, ChangeKind.NEW, None, told | {"row": identity(row)} if why else told, why)


def identity(row: OfferRow) -> dict[str, str]:
    return {name: getattr(row, name) for name in IDENTITY}


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


def keys(differences: Sequence[Difference]) -> set[str]:
    return {change.key for change in differences}
