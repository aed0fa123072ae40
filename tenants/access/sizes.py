"""A size to start from: what an application that one may see really uses, or what the stated use calls for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string

from catalog.models import Price
from foundry.people.models import User
from tenants.access.models import Grant
from tenants.access.suggest import BURST, BUSY_MINUTES, MEASURED, ROOM, STATED, Peaks, suggest

MOST_LISTED = 200
FACTORS = f"A busy minute holds {BURST} times the mean; {ROOM[0] * 100 // ROOM[1] - 100} % is room"


@dataclass(frozen=True, slots=True)
class Size:
    """Limits by kind in internal units; empty where nothing says, and `words` say why."""

    limits: dict[str, int]
    words: str


def peaks_of(grant_id: int, at: datetime) -> Peaks | None:
    found: Peaks | None = import_string(settings.GRANT_PEAKS)(grant_id, at)
    return found


def grants_to_liken(person: User, at: datetime) -> list[tuple[int, str]]:
    """Grants in force that the person may see, each named by its applications. Two queries."""
    rows = (
        Grant.objects.seen_by(person)
        .in_force(at)
        .select_related("team", "offer__model__publisher", "offer__host")
    )
    found = rows.prefetch_related("applications").order_by("team__name", "pk")[:MOST_LISTED]
    return [
        (row.pk, f"{row.team}: {', '.join(each.name for each in row.applications.all())} on {row.offer}")
        for row in found
    ]


def of_stated(stated: Mapping[str, int] | None, price: Price | None) -> Size:
    if not stated:
        return Size({}, "Give calls a day and the tokens in and out of one call; then a size can be said.")
    return Size(
        values(stated, None, price), f"Sized {STATED}, all in {BUSY_MINUTES // 60} hours of a day. {FACTORS}."
    )


def like(number: int, person: User, price: Price | None, at: datetime) -> Size:
    """By what that grant's calls reached; nothing of a grant that the person may not see."""
    grant = Grant.objects.seen_by(person).in_force(at).filter(pk=number).first()
    if grant is None:
        return Size({}, "Choose an application to size this like.")
    found = values(None, peaks_of(grant.pk, at), price)
    if not found:
        return Size({}, "It made no call in the last 30 days, so there is no basis for a size.")
    return Size(found, f"Sized {MEASURED} of that application. {FACTORS}.")


def values(stated: Mapping[str, int] | None, peaks: Peaks | None, price: Price | None) -> dict[str, int]:
    """Without money where there is no price: such a limit could not be granted."""
    found = {
        kind: each.value for kind, each in suggest(stated, peaks, price).items() if each.value is not None
    }
    return {kind: value for kind, value in found.items() if price is not None or not kind.startswith("usd")}
