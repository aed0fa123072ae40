"""Soft limits tell: once per window at four fifths, and once when they are used up."""

from datetime import datetime

from django.db import transaction
from django.urls import reverse

from foundry.notify.outbox import tell
from foundry.people.models import Role, User
from foundry.web.format import pct
from tenants.levels.models import Level, LevelLimit, Mode
from tenants.levels.showing import Line, lines
from tenants.teams.models import Membership

THRESHOLDS = (1.0, 0.8)


@transaction.atomic
def tell_of_soft_limits(at: datetime) -> int:
    """How many of them were told now. Budgets only: a minute is over before anybody reads of it."""
    rows = LevelLimit.objects.in_force(at).filter(mode=Mode.SOFT, kind__contains="_per_").order_by("pk")
    levels = Level.objects.with_names().in_bulk(set(rows.values_list("level", flat=True)))
    found = list(rows.select_related("set_by"))
    for row in found:
        row.level = levels[row.level_id]
    return sum(told(line, at) for line in lines(found, at))


def told(line: Line, at: datetime) -> bool:
    reached = next((each for each in THRESHOLDS if line.share >= each), None)
    if reached is None:
        return False
    row, owner = line.row, line.row.level.owner
    of = str(row.level)
    url = reverse("team-limits", args=[owner.slug]) if owner else reverse("limits")
    state = "is used up" if reached == 1 else f"is {pct(line.share)} used"
    event = tell(
        "limit.soft",
        key=f"limit.soft:{row.pk}:{line.resets_at:%Y-%m-%dT%H:%M}:{reached:g}",
        title=f"{of[:1].upper()}{of[1:]}: {line.words} {state}",
        text="Calls go on; the limit is soft.",
        url=url,
        to=[*owners(line), row.set_by],
        scope=owner.slug if owner else "",
        data={"limit": row.pk, "share": round(line.share, 4)},
        at=at,
    )
    return event is not None


def owners(line: Line) -> list[User]:
    """The team's owners; for the organisation its admins."""
    team = line.row.level.owner
    if team is None:
        return list(User.objects.filter(site_roles__role=Role.ADMIN))
    return list(User.objects.filter(memberships__team=team, memberships__role=Membership.OWNER))
