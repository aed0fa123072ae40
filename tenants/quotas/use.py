"""How much of its budgets a grant has used; what pages of grants show beside the limits."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.db.models import Sum

from tenants.access.states import LimitKind
from tenants.quotas import limits
from tenants.quotas.models import Passed, Window

# What a window's column means for a limit: (period, column) -> kind.
KINDS = {
    (Window.DAY, "tokens_spent"): LimitKind.TOKENS_PER_DAY,
    (Window.MONTH, "tokens_spent"): LimitKind.TOKENS_PER_MONTH,
    (Window.DAY, "usd_nanos_spent"): LimitKind.USD_PER_DAY,
    (Window.MONTH, "usd_nanos_spent"): LimitKind.USD_PER_MONTH,
}


def of_grants(grant_ids: Collection[int], at: datetime) -> dict[int, dict[str, int]]:
    """Per grant, what is spent of each kind of budget in the UTC day and month of `at`; money in nano-dollars."""
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = Window.objects.filter(holder_id__in=grant_ids, starts_at__in=[day, day.replace(day=1)])
    used: dict[int, dict[str, int]] = {
        grant_id: dict.fromkeys(map(str, KINDS.values()), 0) for grant_id in grant_ids
    }
    for row in rows:
        start = day if row.period == Window.DAY else day.replace(day=1)
        if row.starts_at == start:
            for (period, column), kind in KINDS.items():
                if period == row.period:
                    used[row.holder_id][str(kind)] = getattr(row, column)
    return used


def counted(holder_ids: Collection[int], at: datetime) -> dict[int, dict[str, tuple[int, int]]]:
    """Per holder, what is used and held of every kind of limit in the windows that contain `at`. One query."""
    found: dict[int, dict[str, tuple[int, int]]] = {holder_id: {} for holder_id in holder_ids}
    if found:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM gateway.used(%s, %s)", [list(found), at])
            for holder_id, kind, used, held in cursor.fetchall():
                found[holder_id][kind] = int(used), int(held)
    return found


def passed(holder_ids: Collection[int], since: datetime) -> dict[tuple[int, str, str], int]:
    """Calls that went on beyond soft and shadow limits since then, by holder, kind and mode. One query."""
    rows = Passed.objects.filter(holder_id__in=holder_ids, day__gte=since).order_by()
    sums = rows.values_list("holder_id", "kind", "mode").annotate(sum=Sum("calls"))
    return {(holder_id, kind, mode): number for holder_id, kind, mode, number in sums}


User = tuple[str, str, int, int, int]  # application, key's prefix, calls, tokens, nano-dollars


def users(holder_ids: Collection[int], at: datetime) -> dict[tuple[int, str], list[User]]:
    """By holder and period (hour, day, month) who used most. One query."""
    found: dict[tuple[int, str], list[User]] = {}
    if holder_ids:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM gateway.users(%s, %s)", [list(holder_ids), at])
            for holder_id, period, application, key, calls, tokens, nanos in cursor.fetchall():
                row = (application or "", key or "", calls, tokens, nanos)
                found.setdefault((holder_id, period), []).append(row)
    return found


def resets_at_or_none(kind: str, at: datetime) -> datetime | None:
    """When the window of that kind ends; None for calls at once."""
    return limits.resets_at(kind, at.astimezone(UTC))


def resets_at(kind: str, at: datetime) -> datetime:
    """When the budget of that kind begins anew: the next UTC midnight, or the first of the next month."""
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if kind in {LimitKind.TOKENS_PER_DAY, LimitKind.USD_PER_DAY}:
        return day + timedelta(days=1)
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
