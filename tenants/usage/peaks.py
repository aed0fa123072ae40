"""What grants' calls reached, read from the hours; sizes are suggested from it."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Max, Sum
from django.db.models.functions import TruncDay

from tenants.access.suggest import Peaks
from tenants.usage.models import UsageHour

WINDOW = timedelta(days=30)


def of_grant(grant_id: int, at: datetime) -> Peaks | None:
    """The busiest hour and day, and the sums, of the 30 days before `at`; None without a call. Three queries."""
    rows = (
        UsageHour.objects.filter(grant_id=grant_id, hour__gt=at - WINDOW, hour__lte=at)
        .exclude(outcome="refused")
        .order_by()
    )
    whole = rows.aggregate(
        calls=Sum("calls"), tokens=Sum("tokens_in") + Sum("tokens_out"), cost=Sum("cost_nanos")
    )
    if not whole["calls"]:
        return None
    hours = rows.values("hour").annotate(
        of_calls=Sum("calls"), of_tokens=Sum("tokens_in") + Sum("tokens_out")
    )
    hour = hours.aggregate(calls=Max("of_calls"), tokens=Max("of_tokens"))
    days = (
        rows.annotate(day=TruncDay("hour"))
        .values("day")
        .annotate(of_tokens=Sum("tokens_in") + Sum("tokens_out"))
    )
    day = days.aggregate(tokens=Max("of_tokens"))
    return Peaks(
        int(hour["calls"]),
        int(hour["tokens"]),
        int(day["tokens"]),
        int(whole["tokens"]),
        int(whole["cost"] or 0),
    )


def used_since(grant_ids: Collection[int], since: datetime) -> set[int]:
    """Those of the grants that had a call since then."""
    rows = UsageHour.objects.filter(grant_id__in=grant_ids, hour__gte=since, calls__gt=0)
    return {number for number in rows.values_list("grant_id", flat=True).distinct() if number is not None}
