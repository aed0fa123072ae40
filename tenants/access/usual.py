"""How long people took lately to decide requests like one that is being written."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from django.contrib.postgres.aggregates import ArrayAgg

from tenants.access.models import Request
from tenants.access.states import RequestState

RECENT, LAST = 500, 50


@dataclass(frozen=True, slots=True)
class Usual:
    """:ivar seconds: the median. :ivar of: how many it is of. :ivar alike: they had the same steps; else any steps."""

    seconds: int
    of: int
    alike: bool


def usual_of(roles: Sequence[str]) -> Usual | None:
    """Of the last `LAST` that people decided with the same steps, or, where there is none, with any. One query."""
    decided = Request.objects.filter(
        state__in=[RequestState.APPROVED, RequestState.DENIED], closed_at__isnull=False
    )
    recent = decided.exclude(decisions__policy__isnull=False).order_by("-closed_at")[:RECENT]
    rows = (
        Request.objects.filter(pk__in=recent.values("pk"))
        .annotate(path=ArrayAgg("steps__role", order_by="steps__position"))
        .order_by("-closed_at")
        .values_list("path", "created_at", "closed_at")
    )
    took = [
        (list(path) == list(roles), (closed - asked).total_seconds())
        for path, asked, closed in rows
        if closed
    ]
    alike = [seconds for same, seconds in took if same][:LAST]
    counted = alike or [seconds for _, seconds in took][:LAST]
    return Usual(int(median(counted)), len(counted), bool(alike)) if counted else None
