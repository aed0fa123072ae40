"""What people are reminded of: access that ends, and a broken glass that nobody reviewed in time."""

from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse

from foundry.notify.outbox import tell
from tenants.access import rules
from tenants.access.actions.raising import remind_of_review
from tenants.access.actions.requests import decide_it, locked, remind_of_step
from tenants.access.actions.telling import responsible, tell_team
from tenants.access.models import Grace, Grant, Raise, Request, Step
from tenants.access.models.grants import lasts
from tenants.access.periods import ONE_DAY, last_day
from tenants.teams import rules as team_rules
from tenants.teams.models import Membership

DAYS = (3, 14, 30)
LONGEST_GRACE, TOLD_WITHIN = 60 * ONE_DAY, 2 * ONE_DAY


def remind_of_ends(at: datetime) -> int:
    """Tell owners 30, 14 and 3 days before, while nobody asked for more time; each end once per distance.

    How many teams were told, however often this runs.
    """
    ending = Grant.objects.in_force(at).filter(ends_at__lte=at + timedelta(days=max(DAYS)))
    asked = Request.objects.open().exclude(grant=None).values("grant")
    told = 0
    for grant in ending.exclude(pk__in=asked).with_names().order_by("ends_at", "pk"):
        told += remind(grant, next(days for days in DAYS if grant.ends_at <= at + timedelta(days=days)), at)
    return told


@transaction.atomic
def remind(grant: Grant, days: int, at: datetime) -> bool:
    owned = team_rules.has_owner(grant.team)
    text = "Renew it on its page with one click, or let it end."
    event = tell(
        "grant.ends",
        key=f"grant.ends:{grant.pk}:{grant.ends_at:%Y-%m-%d}:{days}",
        title=f"{grant.team}'s access to {grant.offer.model.name} ends on {last_day(grant.ends_at):%Y-%m-%d}",
        text=text if owned else "Its team has no owner; name one, and it can be renewed.",
        url=reverse("grant", args=[grant.pk]) if owned else reverse("team", args=[grant.team.slug]),
        to=responsible(grant.team),
        scope=f"team:{grant.team.slug}",
        data={"grant": grant.pk, "days": days},
        at=at,
    )
    return event is not None


def tell_of_ends(at: datetime) -> int:
    """Tell of grants that went on past their end, and of those that are over by their dates; each once.

    What ended more than two days ago is not told any more. How many teams were told.
    """
    told = 0
    for grace in Grace.objects.running(at).select_related("request").order_by("pk"):
        with transaction.atomic():
            told += tell_of_grace(locked(grace.request_id), grace, at)
    past = Grant.objects.filter(
        revoked_at=None, ends_at__lte=at, ends_at__gt=at - LONGEST_GRACE - TOLD_WITHIN
    )
    over = past.exclude(lasts(at)).with_names().prefetch_related("graces__request").order_by("ends_at", "pk")
    for grant in over:
        ended = ended_at(grant)
        if ended > at - TOLD_WITHIN:
            with transaction.atomic():
                told += tell_team(
                    grant,
                    "grant.ended",
                    f"{grant.team}'s access to {grant.offer.model.name} has ended",
                    f"Its last moment was {ended:%Y-%m-%d %H:%M} UTC. If it is needed again, ask for it on its page.",
                    key=f"grant.ended:{grant.pk}:{ended.isoformat()}",
                    but=None,
                    at=at,
                )
    return told


def ended_at(grant: Grant) -> datetime:
    """Its end by its dates: its own, or that of the grace in which its renewal was decided or ran out."""
    graces = (min(g.ends_at, g.request.closed_at or g.ends_at) for g in grant.graces.all())
    return max([grant.ends_at, *graces])


def tell_of_grace(request: Request, grace: Grace, at: datetime) -> bool:
    """The team's owners, and whoever may decide the renewal, on which the grant hangs now. Inside a transaction."""
    step = rules.open_step(request)
    owners = request.team.memberships.filter(role=Membership.OWNER).select_related("user")
    event = tell(
        "grant.grace",
        key=f"grant.grace:{grace.pk}",
        title=f"{request.team}'s access to {request.offer.model.name} goes on only while its renewal is decided",
        text=f"It ended on {last_day(grace.starts_at):%Y-%m-%d}; it stops on {grace.ends_at:%Y-%m-%d %H:%M} UTC at the latest.",
        url=reverse("request", args=[request.pk]),
        to=[member.user for member in owners],
        also=decide_it(request, step) if step else [],
        scope=f"team:{request.team.slug}",
        data={"grant": grace.grant_id, "request": request.pk},
        at=at,
    )
    return event is not None


def remind_of_reviews(at: datetime) -> int:
    """How many overdue reviews were told of; each once a day, to everybody who may review it."""
    overdue = (
        Raise.objects.to_review().filter(review_due_at__lte=at).with_names().order_by("review_due_at", "pk")
    )
    told = 0
    for row in overdue:
        with transaction.atomic():
            told += remind_of_review(row, at)
    return told


def remind_of_steps(at: datetime) -> int:
    """How many steps were told of that are due within a day or overdue; a question that is open stops the clock."""
    due = Step.objects.next_up().filter(due_at__lte=at + ONE_DAY).order_by("due_at", "pk")
    told = 0
    for request_id in list(due.values_list("request_id", flat=True)):
        with transaction.atomic():
            request = locked(request_id)
            step = rules.open_step(request)
            if step is not None and step.due_at <= at + ONE_DAY and rules.open_question(request) is None:
                told += remind_of_step(request, step, at)
    return told
