"""Tell a team's owners that access ends: 30, 14 and 3 days before, while nobody asked for more time."""

from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse

from foundry.notify.outbox import tell
from tenants.access.models import Grant, Request
from tenants.access.periods import last_day
from tenants.teams.models import Membership

DAYS = (3, 14, 30)


def remind_of_ends(at: datetime) -> int:
    """How many teams were told; each grant's end once per distance, however often this runs."""
    ending = Grant.objects.in_force(at).filter(ends_at__lte=at + timedelta(days=max(DAYS)))
    asked = Request.objects.open().exclude(grant=None).values("grant")
    told = 0
    for grant in ending.exclude(pk__in=asked).with_names().order_by("ends_at", "pk"):
        told += remind(grant, next(days for days in DAYS if grant.ends_at <= at + timedelta(days=days)), at)
    return told


@transaction.atomic
def remind(grant: Grant, days: int, at: datetime) -> bool:
    owners = grant.team.memberships.filter(role=Membership.OWNER).select_related("user")
    event = tell(
        "grant.ends",
        key=f"grant.ends:{grant.pk}:{grant.ends_at:%Y-%m-%d}:{days}",
        title=f"{grant.team}'s access to {grant.offer.model.name} ends on {last_day(grant.ends_at):%Y-%m-%d}",
        text="Renew it on its page with one click, or let it end.",
        url=reverse("grant", args=[grant.pk]),
        to=[member.user for member in owners],
        scope=f"team:{grant.team.slug}",
        data={"grant": grant.pk, "days": days},
        at=at,
    )
    return event is not None
