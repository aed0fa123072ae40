"""Reviews by the clock, and what a review shows beside each grant."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils.module_loading import import_string

from foundry.notify.outbox import tell
from foundry.people.models import Role, User
from tenants.access.actions.certifying import close_when_done, open_certification, page_of, smaller
from tenants.access.actions.telling import responsible
from tenants.access.models import Certification, Certified, Grant, LifeRules, in_order
from tenants.access.suggest import suggest
from tenants.teams.models import Team


@dataclass(frozen=True, slots=True)
class Row:
    """One grant of a review.

    :param lately: calls, cost and last call. :param less: what its use calls for where that is less than it has.
    """

    grant: Grant
    lately: Any
    idle_days: int
    less: list[tuple[str, int]] | None
    said: Certified | None


def rows_of(held: Certification, grants: list[Grant], at: datetime) -> list[Row]:
    """As many queries for one grant as for twenty."""
    ids = [grant.pk for grant in grants]
    lately, peaks = (
        import_string(settings.GRANTS_LATELY)(ids, at),
        import_string(settings.GRANTS_PEAKS)(ids, at),
    )
    said = {
        each.grant_id: each for each in held.answers.filter(grant__in=ids).select_related("by", "request")
    }
    found = []
    for grant in grants:
        has = {row.kind: row.maximum for row in grant.limits_then if row.raised_id is None}
        told = suggest(None, peaks.get(grant.pk), None)
        less = smaller(has, {kind: told[kind].value or most for kind, most in has.items()})
        days = lately[grant.pk].idle_days(grant.starts_at, at)
        found.append(Row(grant, lately[grant.pk], days, in_order(less) if less else None, said.get(grant.pk)))
    return found


def look(at: datetime) -> tuple[int, int]:
    """Begin what is due by the rules, close what has nothing left to ask, and tell of what is overdue, each once.

    How many were begun, and of how many it was told that they are overdue.
    """
    for pk in Certification.objects.open().values_list("pk", flat=True):
        with transaction.atomic():
            held = Certification.objects.select_for_update().get(pk=pk)
            if held.closed_at is None:
                close_when_done(held, at)
    begun = sum(begin(team, at) for team in due(LifeRules.objects.current(), at))
    late = Certification.objects.overdue(at).with_names().order_by("due_at", "pk")
    return begun, sum(tell_overdue(held, at) for held in late)


def due(laid: LifeRules, at: datetime) -> QuerySet[Team]:
    """Active teams that hold something and had no review for the days of the rules; 0 days begin none."""
    before = at - timedelta(days=laid.certify_every_days)
    teams = Team.objects.filter(closed_at=None, created_at__lte=before).annotate(
        last=Max("certifications__opened_at")
    )
    found = teams.filter(Q(last=None) | Q(last__lte=before)).exclude(
        pk__in=Certification.objects.open().values("team")
    )
    held = Grant.objects.in_force(at).filter(starts_at__lte=at).values("team")
    return found.filter(pk__in=held).order_by("pk") if laid.certify_every_days else Team.objects.none()


def begin(team: Team, at: datetime) -> bool:
    """Under the team's lock, so that of two who look at once one begins."""
    with transaction.atomic():
        Team.objects.select_for_update().get(pk=team.pk)
        if Certification.objects.open().filter(team=team).exists():
            return False
        open_certification(team, actor="schedule", at=at)
        return True


@transaction.atomic
def tell_overdue(held: Certification, at: datetime) -> bool:
    """Its owners, and admins beside them; once."""
    event = tell(
        "team.certify_overdue",
        key=f"team.certify_overdue:{held.pk}",
        title=f"The review of what {held.team} may call was due on {held.due_at:%Y-%m-%d}",
        text="Keep, reduce or give back what is left, in one list.",
        url=page_of(held.team),
        to=responsible(held.team),
        also=User.objects.filter(site_roles__role=Role.ADMIN, is_active=True),
        scope=f"team:{held.team.slug}",
        data={"certification": held.pk},
        at=at,
    )
    return event is not None
