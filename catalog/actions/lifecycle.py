"""Stages, dates and successors that a person stands for, beside what hosts tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from catalog import effects
from catalog.models import Change, Offer
from catalog.rules import Actor, label_of, require_admin, require_source
from catalog.standing import link_successors
from catalog.states import ChangeKind, ChangeState, Lifecycle
from foundry.audit.actions import record
from foundry.lib.errors import Conflict, Invalid

KINDS = (ChangeKind.LIFECYCLE, ChangeKind.RETIREMENT_DATE, ChangeKind.SUCCESSOR)
FIELDS = ["lifecycle", "deprecated_at", "retires_at", "successor", "successor_told", "set_by_hand"]


@dataclass(frozen=True, slots=True)
class Life:
    """Where an offer is in its life and how that goes on.

    :param deprecated_at: since when no new use is taken. :param retires_at: when calls end.
    """

    lifecycle: str
    deprecated_at: datetime | None = None
    retires_at: datetime | None = None
    successor: Offer | None = None

    @classmethod
    def of(cls, offer: Offer) -> "Life":
        return cls(offer.lifecycle, offer.deprecated_at, offer.retires_at, offer.successor)


@transaction.atomic
def set_lifecycle(offer_id: int, said: Life, *, source: str, actor: Actor, at: datetime) -> Offer:
    """Say otherwise than the host. What differs counts at once, until the host says something new; that then waits.

    Raises Forbidden, Invalid; Conflict where nothing differs.
    """
    require_admin(actor)
    source, offer = require_source(source), locked(offer_id)
    require_possible(said, offer, at)
    before = facts(offer)
    offer.lifecycle, offer.deprecated_at, offer.retires_at = (
        said.lifecycle,
        said.deprecated_at,
        said.retires_at,
    )
    if said.successor != offer.successor:
        offer.successor = said.successor
        offer.successor_told = said.successor.call_name[:200] if said.successor else ""
    kinds = [kind for kind, fact in facts(offer).items() if fact != before[kind]]
    if not kinds:
        raise Conflict("offer.same", f"{offer} stands so already.", remedy="Change something, or leave it.")
    if not offer.by_hand:
        note = {"source": source, "by": label_of(actor), "at": at.isoformat()}
        told = {kind: offer.set_by_hand.get(kind, {"told": before[kind]})["told"] for kind in kinds}
        offer.set_by_hand = offer.set_by_hand | {kind: {"told": told[kind], **note} for kind in kinds}
    offer.save(update_fields=FIELDS)
    write_changes(offer, before, source=source, actor=actor, at=at)
    old, new = ({kind: side[kind] for kind in kinds} for side in (before, facts(offer)))
    record("offer.set_lifecycle", offer, actor=actor, at=at, before=old, after=new | {"source": source})
    return offer


@transaction.atomic
def leave_to_host(offer_id: int, *, actor: Actor, at: datetime) -> Offer:
    """Take back what was set by hand: the host's word counts again. Conflict where nothing was."""
    require_admin(actor)
    offer = locked(offer_id)
    if not offer.set_by_hand:
        raise Conflict(
            "offer.as_told", f"{offer} stands as its host tells it.", remedy="Nothing is left to do."
        )
    before, said = facts(offer), dict(offer.set_by_hand)
    if ChangeKind.SUCCESSOR in said:
        offer.successor = None
    pools = {pool.name: pool for pool in offer.host.pools.all()}
    for kind, note in said.items():
        effects.put(offer, kind, note["told"], at=at, pools=pools)
    offer.save(update_fields=[*FIELDS, "lifecycle_told", "pool"])
    if ChangeKind.SUCCESSOR in said:
        link_successors(
            {each.key: each for each in offer.host.offers.all()} | {offer.key: offer}, {offer.key}
        )
    write_changes(offer, before, source="left to the host again", actor=actor, at=at)
    record("offer.leave_to_host", offer, actor=actor, at=at, before=before, after=facts(offer))
    return offer


def locked(offer_id: int) -> Offer:
    """The offer with its names, locked until the transaction ends."""
    rows = Offer.objects.select_for_update(of=("self",)).select_related(
        "host", "model__publisher", "successor__model__publisher", "successor__host", "terms"
    )
    return rows.get(pk=offer_id)


def facts(offer: Offer) -> dict[str, Any]:
    """Its life as changes keep it."""
    told = effects.held(offer, None).facts
    return {kind.value: told[kind] for kind in KINDS}


def write_changes(
    offer: Offer, before: Mapping[str, Any], *, source: str, actor: Actor, at: datetime
) -> Sequence[Change]:
    """One applied change for each fact that differs from `before`."""
    after = effects.held(offer, None).facts
    return Change.objects.bulk_create(
        Change(
            host=offer.host, offer=offer, key=offer.key, kind=kind, before=was, after=after[kind], source=source,
            state=ChangeState.APPLIED, at=at, settled_at=at, settled_by=label_of(actor),
        )
        for kind, was in before.items()
        if was != after[kind]
    )  # fmt: skip


def require_possible(said: Life, offer: Offer, at: datetime) -> None:
    """Raise Invalid that names each field that makes no sense."""
    errors: dict[str, str] = {}
    if said.lifecycle not in Lifecycle.values:
        errors["lifecycle"] = f"Use one of {', '.join(Lifecycle.values)}."
    if said.retires_at and said.deprecated_at and said.deprecated_at > said.retires_at:
        errors["deprecated_at"] = "Calls would end before new use does."
    over = said.retires_at is not None and said.retires_at <= at
    if over and said.retires_at != offer.retires_at and said.lifecycle != Lifecycle.RETIRED:
        errors["retires_at"] = "A retirement in the past means that it is retired; choose that stage too."
    if said.successor is not None and said.successor.pk == offer.pk:
        errors["successor"] = "An offer cannot follow itself."
    if errors:
        raise Invalid(
            "offer.life", " ".join(errors.values()), remedy="Mend these and save again.", errors=errors
        )
