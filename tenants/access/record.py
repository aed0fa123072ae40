"""What an approver looks at beside a request: how the like was decided, what the team has, what is promised."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet, Sum
from django.utils.module_loading import import_string

from tenants.access.models import Decision, Grant, Limit, Request, in_order
from tenants.access.states import LimitKind, Outcome, RequestState
from tenants.access.suggest import Peaks

SIMILAR, IDLE_AFTER = 5, timedelta(days=30)


@dataclass(frozen=True, slots=True)
class TeamRecord:
    """What the team has and how its requests went.

    :param idle: grants in force for a month that no call used in the last 30 days.
    :param denied: requests of the last year that were denied.
    """

    grants: int
    suspended: int
    idle: list[Grant]
    decided: int
    denied: int


@dataclass(frozen=True, slots=True)
class Promised:
    """Money per month that grants in force promise, in nano-dollars. `unbounded` grants promise no sum of money."""

    nanos: int
    unbounded: int


def similar(request: Request) -> list[dict[str, Any]]:
    """The last decided requests for the same model, by anybody: asked and granted side by side."""
    closed = [RequestState.APPROVED, RequestState.DENIED]
    rows = Request.objects.filter(offer__model=request.offer.model_id, state__in=closed).exclude(
        pk=request.pk
    )
    found = rows.select_related("team").prefetch_related("decisions").order_by("-closed_at", "-pk")[:SIMILAR]
    return [{"row": row, "asked": row.asked_in_order, "granted": granted(row)} for row in found]


def granted(row: Request) -> list[tuple[str, int]] | None:
    """What the last decision granted; None for a denial."""
    last = max(row.decisions.all(), key=lambda each: (each.at, each.pk), default=None)
    return None if last is None or last.granted is None else in_order(last.granted)


def of_team(request: Request, at: datetime) -> TeamRecord:
    held = list(
        Grant.objects.filter(team=request.team_id)
        .in_force(at)
        .select_related("offer__model__publisher", "offer__host")
    )
    old = [grant for grant in held if grant.starts_at < at - IDLE_AFTER]
    used = import_string(settings.GRANTS_USED_SINCE)([grant.pk for grant in old], at - IDLE_AFTER)
    year = Decision.objects.filter(request__team=request.team_id, at__gt=at - timedelta(days=365))
    return TeamRecord(
        grants=len(held),
        suspended=sum(grant.suspended_at is not None for grant in held),
        idle=[grant for grant in old if grant.pk not in used],
        decided=year.values("request").distinct().count(),
        denied=year.filter(outcome=Outcome.DENIED).count(),
    )


def promised(grants: QuerySet[Grant], at: datetime, *, without: int | None) -> Promised:
    """By live grants' limits per month, else per day; `without` is the grant that is about to change."""
    live = grants.filter(pk__in=Grant.objects.in_force(at)).exclude(pk=without or 0)
    limits = Limit.objects.at(at).filter(grant__in=live)
    monthly = limits.filter(kind=LimitKind.USD_PER_MONTH)
    daily = limits.filter(kind=LimitKind.USD_PER_DAY).exclude(grant__in=monthly.values("grant"))
    nanos = (total(monthly) or 0) + (total(daily) or 0) * 30
    bound = monthly.values("grant").union(daily.values("grant")).count()
    return Promised(nanos, live.count() - bound)


def total(limits: QuerySet[Limit]) -> int | None:
    sum_of: int | None = limits.order_by().aggregate(total=Sum("maximum"))["total"]
    return None if sum_of is None else int(sum_of)


def peaks_of(request: Request, at: datetime) -> Peaks | None:
    """What the application's present grant of this offer reached; None for a new one."""
    if request.grant_id is None:
        return None
    found: Peaks | None = import_string(settings.GRANT_PEAKS)(request.grant_id, at)
    return found
