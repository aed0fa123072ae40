"""Keep what is typed into the form until it is sent. A draft binds nobody, so no audit entry is written."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from catalog.models import Offer
from foundry.people.models import User
from tenants.access.forms import RequestForm
from tenants.access.models import Draft
from tenants.access.questions import PREFIX
from tenants.access.states import LimitKind
from tenants.teams.models import Application

FIELDS = frozenset(RequestForm.base_fields) - {"terms_version", "accepted"} | frozenset(LimitKind.values)
LONGEST = 4_000


def keep(person: User, offer: Offer, typed: Mapping[str, Any], at: datetime) -> Draft:
    """The person's one draft for this offer, as typed now. Terms are not kept: they are accepted when it is sent."""
    kept = {
        name: str(typed[name])[:LONGEST] for name in typed if is_kept(name) and typed[name] not in (None, "")
    }
    draft, _ = Draft.objects.update_or_create(
        user=person, offer=offer, defaults={"typed": kept, "saved_at": at}
    )
    return draft


def is_kept(name: str) -> bool:
    return name in FIELDS or (
        name.startswith(PREFIX) and name.removeprefix(PREFIX).isdecimal() and len(name) <= 28
    )


def drop(person: User, offer_id: int) -> bool:
    """Was there one?"""
    return bool(Draft.objects.seen_by(person).filter(offer=offer_id).delete()[0])


def of(person: User, offer: Offer) -> Draft | None:
    return Draft.objects.seen_by(person).filter(offer=offer).first()


def hindrances(drafts: list[Draft], person: User) -> dict[int, str]:
    """By draft, why it cannot be sent as it is: its offer is hidden, or its application is not theirs now. Two queries."""
    offers = set(
        Offer.objects.seen_by(person).filter(pk__in=[d.offer_id for d in drafts]).values_list("pk", flat=True)
    )
    named = {
        d.pk: int(text)
        for d in drafts
        if (text := d.typed.get("application", "")).isascii() and text.isdecimal() and len(text) <= 18
    }
    mine = Application.objects.filter(
        pk__in=named.values(), team__memberships__user=person, team__closed_at=None
    )
    usable = set(mine.values_list("pk", flat=True))
    found = {
        d.pk: "Its application's team is closed, or no longer yours; choose another."
        for d in drafts
        if d.pk in named and named[d.pk] not in usable
    }
    return found | {
        d.pk: "This offer is no longer in the catalog." for d in drafts if d.offer_id not in offers
    }
