"""Offers that a person makes, changes and withdraws; no listing touches them."""

from datetime import datetime

from django.db import transaction

from catalog import effects, prices
from catalog.actions.lifecycle import Life, locked, require_possible, write_changes
from catalog.actions.terms import keep_terms, put_terms
from catalog.byhand import Told, new_row, require_sense
from catalog.models import Change, Host, Offer, Price
from catalog.rules import Actor, label_of, require_admin, require_source
from catalog.states import ChangeKind, ChangeState
from foundry.audit.actions import record
from foundry.lib.errors import Conflict


@transaction.atomic
def make_offer(host: Host, told: Told, *, hidden: bool = False, actor: Actor, at: datetime) -> Offer:
    """An offer that no listing tells, or one that was withdrawn, again. Raises Forbidden, Invalid, Conflict."""
    require_admin(actor)
    require_sense(told)
    require_source(told.source)
    held = Offer.objects.select_for_update().filter(host=host, key=told.key).first()
    if held is not None and held.gone_at is None:
        raise Conflict("offer.exists", f"{held} is offered already.", remedy="Change that one.")
    offer = held or new_row(host, told)
    require_possible(Life(told.lifecycle, told.deprecated_at, told.retires_at), offer, at)
    told.put_on(offer, at)
    if held is not None:
        keep_terms([held], until=at)
    offer.terms, offer.hidden, offer.gone_at = told.terms or host.default_terms, hidden, None
    offer.terms_before = offer.terms_from = None
    offer.first_seen_at = at if held is None else offer.first_seen_at
    offer.save()
    put_price(offer, told, actor=actor, at=at)
    kind = ChangeKind.NEW if held is None else ChangeKind.BACK
    after = {"listed": True} if held else effects.held(offer, None).facts
    note(offer, kind, {"listed": False} if held else None, dict(after), actor=actor, at=at)
    record("offer.make", offer, actor=actor, at=at, after=in_words(told))
    return offer


@transaction.atomic
def change_offer(offer_id: int, told: Told, *, actor: Actor, at: datetime) -> Offer:
    """Change all but which offer it is. Raises Forbidden, Invalid; Conflict for one that a listing tells."""
    require_admin(actor)
    require_sense(told)
    require_source(told.source)
    offer = locked_by_hand(offer_id)
    if told.key != offer.key:
        raise Conflict(
            "offer.other", "That names another offer.", remedy="Withdraw this one and make that one."
        )
    require_possible(Life(told.lifecycle, told.deprecated_at, told.retires_at), offer, at)
    before, was = effects.held(offer, None).facts, in_words(Told.of(offer))
    told.put_on(offer, at)
    offer.save()
    put_price(offer, told, actor=actor, at=at)
    kinds = {kind: fact for kind, fact in before.items() if kind != ChangeKind.PRICE}
    write_changes(offer, kinds, source=told.source, actor=actor, at=at)
    if told.terms is not None:
        put_terms(Offer.objects.filter(pk=offer.pk), told.terms, None, actor=actor, at=at)
    record("offer.change", offer, actor=actor, at=at, before=was, after=in_words(told))
    return offer


@transaction.atomic
def withdraw_offer(offer_id: int, *, source: str, actor: Actor, at: datetime) -> Offer:
    """Take an offer made by hand away: it is listed no more, and nobody can ask for it. Raises Forbidden, Conflict."""
    require_admin(actor)
    offer = locked_by_hand(offer_id)
    if offer.gone_at:
        raise Conflict("offer.withdrawn", f"{offer} is withdrawn already.", remedy="Nothing is left to do.")
    offer.source, offer.gone_at, offer.told_at = require_source(source), at, at
    offer.save(update_fields=["source", "gone_at", "told_at"])
    note(offer, ChangeKind.GONE, {"listed": True}, {"listed": False}, actor=actor, at=at)
    record("offer.withdraw", offer, actor=actor, at=at, after={"source": offer.source})
    return offer


def locked_by_hand(offer_id: int) -> Offer:
    offer = locked(offer_id)
    if not offer.by_hand:
        raise Conflict(
            "offer.listed",
            f"{offer.host} tells this offer itself.",
            remedy="Set its stage or dates by hand, hide it, or dismiss the host's change.",
        )
    return offer


def note(
    offer: Offer, kind: ChangeKind, before: object, after: object, *, actor: Actor, at: datetime
) -> None:
    Change.objects.create(
        host=offer.host, offer=offer, key=offer.key, kind=kind, before=before, after=after, source=offer.source,
        state=ChangeState.APPLIED, at=at, settled_at=at, settled_by=label_of(actor),
    )  # fmt: skip


def put_price(offer: Offer, told: Told, *, actor: Actor, at: datetime) -> None:
    """Open the told price from now on, where it is not the one that counts."""
    if told.input_per_million is None or told.output_per_million is None:
        return
    now = prices.in_force([offer.pk], at).get(offer.pk)
    pair = (told.input_per_million, told.output_per_million)
    if now is not None and (now.input_per_million, now.output_per_million) == pair:
        return
    prices.open_set(
        Price(
            offer=offer, basis=Price.Basis.ADMIN, precedence=Price.PRECEDENCE[Price.Basis.ADMIN],
            input_per_million=pair[0], output_per_million=pair[1], starts_at=at, source=told.source, told_at=at,
        )
    )  # fmt: skip


def in_words(told: Told) -> dict[str, object]:
    """As the audit keeps it: only what is said."""
    names = [name for name in Told.__dataclass_fields__ if name != "terms"]
    said = {name: value for name in names if (value := getattr(told, name)) not in ("", None, ())}
    return said | ({"terms": str(told.terms)} if told.terms else {})
