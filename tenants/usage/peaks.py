"""What grants' calls reached, read from the hours; sizes are suggested from it."""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Max, Sum
from django.db.models.functions import TruncDay

from tenants.access.suggest import Peaks
from tenants.usage.models import UsageHour

WINDOW = timedelta(days=30)


def of_grant(grant_id: int, at: datetime) -> Peaks | None:
    """The busiest hour and day, and the sums, of the 30 days before `at`; None without a call. Four queries."""
    every = UsageHour.objects.filter(grant_id=grant_id, hour__gt=at - WINDOW, hour__lte=at).order_by()
    refused = every.filter(outcome="refused").aggregate(calls=Sum("calls"))["calls"] or 0
    rows = every.exclude(outcome="refused")
    whole = rows.aggregate(
        calls=Sum("calls"), tokens=Sum("tokens_in") + Sum("tokens_out"), cost=Sum("cost_nanos")
    )
    if not whole["calls"]:
        return Peaks(0, 0, 0, 0, 0, int(refused)) if refused else None
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
        int(refused),
    )


def of_grants(grant_ids: Collection[int], at: datetime) -> dict[int, Peaks]:
    """The same for several at once, without those that had no call. One query; sums up to 720 hours each."""
    rows: Any = UsageHour.objects.filter(
        grant_id__in=grant_ids, hour__gt=at - WINDOW, hour__lte=at
    ).order_by()
    hours = rows.exclude(outcome="refused").values("grant_id", "hour")
    sums = hours.annotate(
        of_calls=Sum("calls"), of_tokens=Sum("tokens_in") + Sum("tokens_out"), cost=Sum("cost_nanos")
    )
    found: dict[int, dict[datetime, tuple[int, int, int]]] = {}
    for row in sums:
        told = (int(row["of_calls"]), int(row["of_tokens"]), int(row["cost"] or 0))
        found.setdefault(row["grant_id"], {})[row["hour"]] = told
    return {pk: reached(each) for pk, each in found.items()}


def reached(hours: Mapping[datetime, tuple[int, int, int]]) -> Peaks:
    """From (calls, tokens, cost) by hour."""
    days: dict[date, int] = {}
    for hour, (_, tokens, _) in hours.items():
        day = hour.astimezone(UTC).date()
        days[day] = days.get(day, 0) + tokens
    each = list(hours.values())
    return Peaks(
        max(calls for calls, _, _ in each),
        max(tokens for _, tokens, _ in each),
        max(days.values()),
        sum(tokens for _, tokens, _ in each),
        sum(cost for _, _, cost in each),
    )


def used_since(grant_ids: Collection[int], since: datetime) -> set[int]:
    """Those of the grants that had a call since then."""
    rows = UsageHour.objects.filter(grant_id__in=grant_ids, hour__gte=since, calls__gt=0)
    return {number for number in rows.values_list("grant_id", flat=True).distinct() if number is not None}
