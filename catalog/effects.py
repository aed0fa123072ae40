"""What a change does to an offer, whether a sync applies it or a person does."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from catalog.diff import Held, Json, stage_fact
from catalog.models import CapacityPool, Offer
from catalog.standing import Standing
from catalog.states import ChangeKind

FIELDS: dict[str, tuple[str, ...]] = {
    ChangeKind.GONE: ("gone_at",),
    ChangeKind.BACK: ("gone_at",),
    ChangeKind.LIFECYCLE: ("lifecycle", "lifecycle_told", "deprecated_at"),
    ChangeKind.RETIREMENT_DATE: ("retires_at",),
    ChangeKind.SUCCESSOR: ("successor_told", "successor"),
    ChangeKind.CONTEXT: ("context_tokens", "max_output_tokens"),
    ChangeKind.CAPABILITY: ("capabilities", "modalities"),
    ChangeKind.LIMITS: ("pool",),
}


def held(offer: Offer | Standing, price: Json) -> Held:
    """An offer as `diff` sees it. `price` is the told price in force, as JSON."""
    return Held(
        offer.key,
        offer.gone_at is not None,
        {
            "lifecycle": stage_fact(offer.lifecycle, offer.lifecycle_told, offer.deprecated_at),
            "retirement_date": offer.retires_at.isoformat() if offer.retires_at else None,
            "successor": offer.successor_told,
            "context": {
                "context_tokens": offer.context_tokens,
                "max_output_tokens": offer.max_output_tokens,
            },
            "capability": {"capabilities": offer.capabilities, "modalities": offer.modalities},
            "limits": offer.pool.name if offer.pool else "",
            "price": price,
        },
        {kind: said["told"] for kind, said in offer.set_by_hand.items()},
    )


def put(
    offer: Offer | Standing, kind: str, after: Json, *, at: datetime, pools: Mapping[str, CapacityPool]
) -> tuple[str, ...]:
    """Set on the loaded offer what a change says; answers the fields that now need saving.

    Prices are rows of their own and not set here. A host's word that a person takes ends what was set by hand.
    """
    for name, value in values(kind, after, at, pools).items():
        setattr(offer, name, value)
    if kind not in offer.set_by_hand:
        return FIELDS.get(kind, ())
    offer.set_by_hand = {name: said for name, said in offer.set_by_hand.items() if name != kind}
    return (*FIELDS.get(kind, ()), "set_by_hand")


def values(kind: str, after: Json, at: datetime, pools: Mapping[str, CapacityPool]) -> dict[str, Any]:
    """The field values that a change of `kind` means."""
    if kind == ChangeKind.GONE:
        return {"gone_at": at}
    if kind == ChangeKind.BACK:
        return {"gone_at": None}
    if kind == ChangeKind.LIFECYCLE:
        since = after.get("deprecated_at")
        return {
            "lifecycle": after["stage"],
            "lifecycle_told": after["told"][:80],
            "deprecated_at": datetime.fromisoformat(since) if since else None,
        }
    if kind == ChangeKind.RETIREMENT_DATE:
        return {"retires_at": datetime.fromisoformat(after) if after else None}
    if kind == ChangeKind.SUCCESSOR:
        return {"successor_told": after, "successor_id": None}  # whoever takes it links it anew
    if kind == ChangeKind.LIMITS:
        return {"pool": pools.get(after)}
    return dict(after) if kind in {ChangeKind.CONTEXT, ChangeKind.CAPABILITY} else {}
