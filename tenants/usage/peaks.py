"""What grants' calls reached, read from the hours; sizes are suggested from it."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet, Sum

from tenants.access.suggest import Peaks
from tenants.quotas.periods import Periods
from tenants.quotas.use import days_lately
from tenants.usage.models import UsageHour

WINDOW = timedelta(days=30)


def of_grant(grant_id: int, at: datetime) -> Peaks | None:
    """The busiest hour and day, and the sums, of the 30 days before `at`; None without a call. Three queries."""
    refused = lately([grant_id], at).filter(outcome="refused").aggregate(calls=Sum("calls"))["calls"] or 0
    found = of_grants([grant_id], at).get(grant_id)
    if found is None:
        return Peaks(0, 0, 0, 0, 0, int(refused)) if refused else None
    return replace(found, refused=int(refused))


def lately(grant_ids: Collection[int], at: datetime) -> QuerySet[UsageHour]:
    return UsageHour.objects.filter(grant_id__in=grant_ids, hour__gt=at - WINDOW, hour__lte=at).order_by()


def of_grants(grant_ids: Collection[int], at: datetime) -> dict[int, Peaks]:
    """The same for several at once, without those that had no call. Two queries; sums up to 720 hours each."""
    hours: Any = lately(grant_ids, at).exclude(outcome="refused").values("grant_id", "hour")
    sums = hours.annotate(
        of_calls=Sum("calls"), of_tokens=Sum("tokens_in") + Sum("tokens_out"), cost=Sum("cost_nanos")
    )
    found: dict[int, dict[datetime, tuple[int, int, int]]] = {}
    for row in sums:
        told = (int(row["of_calls"]), int(row["of_tokens"]), int(row["cost"] or 0))
        found.setdefault(row["grant_id"], {})[row["hour"]] = told
    days = days_lately(at, WINDOW)
    return {pk: reached(each, days) for pk, each in found.items()}


def reached(hours: Mapping[datetime, tuple[int, int, int]], days: Periods) -> Peaks:
    """From (calls, tokens, cost) by hour."""
    of_days: Counter[datetime] = Counter()
    for hour, (_, tokens, _) in hours.items():
        of_days[days.at(hour).day] += tokens
    each = list(hours.values())
    return Peaks(
        max(calls for calls, _, _ in each),
        max(tokens for _, tokens, _ in each),
        max(of_days.values()),
        sum(tokens for _, tokens, _ in each),
        sum(cost for _, _, cost in each),
    )


def used_since(grant_ids: Collection[int], since: datetime) -> set[int]:
    """Those of the grants that had a call since then."""
    rows = UsageHour.objects.filter(grant_id__in=grant_ids, hour__gte=since, calls__gt=0)
    return {number for number in rows.values_list("grant_id", flat=True).distinct() if number is not None}
