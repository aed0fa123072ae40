"""What a person says of one offer: that it is for everybody, what it is good for."""

from datetime import datetime

from django.db import transaction

from catalog.models import Offer
from catalog.rules import Actor, require_admin
from foundry.audit.actions import record


@transaction.atomic
def show_offer(offer_id: int, *, hidden: bool, actor: Actor, at: datetime) -> Offer:
    """Publish an offer to everybody, or hide it from all but admins and ops."""
    require_admin(actor)
    offer = (
        Offer.objects.select_for_update(of=("self",))
        .select_related("host", "model__publisher")
        .get(pk=offer_id)
    )
    offer.hidden = hidden
    offer.save(update_fields=["hidden"])
    record("offer.hide" if hidden else "offer.publish", offer, actor=actor, at=at)
    return offer


@transaction.atomic
def describe_offer(offer_id: int, description: str, *, actor: Actor, at: datetime) -> Offer:
    """Say in our own words what an offer is good for."""
    require_admin(actor)
    offer = (
        Offer.objects.select_for_update(of=("self",))
        .select_related("host", "model__publisher")
        .get(pk=offer_id)
    )
    before, offer.description = offer.description, description.strip()[:2000]
    offer.save(update_fields=["description"])
    record("offer.describe", offer, actor=actor, at=at, before=before, after=offer.description)
    return offer
