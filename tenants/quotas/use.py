"""How much of its budgets a grant has used; what pages of grants show beside the limits."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Sum

from tenants.access.states import LimitKind
from tenants.quotas.models import Passed, Window
from tenants.quotas.periods import Period, Periods

# What a window's column means for a limit: (period, column) -> kind.
KINDS = {
    (Window.DAY, "tokens_spent"): LimitKind.TOKENS_PER_DAY,
    (Window.MONTH, "tokens_spent"): LimitKind.TOKENS_PER_MONTH,
    (Window.DAY, "usd_nanos_spent"): LimitKind.USD_PER_DAY,
    (Window.MONTH, "usd_nanos_spent"): LimitKind.USD_PER_MONTH,
}


def period_of(at: datetime) -> Period:
    """The day and month of budgets that contain `at`. One query."""
    return periods_from(at, 1).at(at)


def periods_from(since: datetime, days: int) -> Periods:
    """So many days of budgets, the first of which contains `since`. One query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM gateway.periods(%s, %s)", [since, days])
        return Periods(Period(*row) for row in cursor.fetchall())


def days_lately(at: datetime, back: timedelta) -> Periods:
    """The days of budgets from `back` ago until `at`, and some more. One query; changes of the calendar may have cut many."""
    return periods_from(at - back, 2 * back.days)


def of_grants(grant_ids: Collection[int], at: datetime) -> dict[int, dict[str, int]]:
    """Per grant, what is spent of each kind of budget in the day and month of `at`; money in nano-dollars. Two queries."""
    period = period_of(at)
    starts = {Window.DAY: period.day, Window.MONTH: period.month}
    rows = Window.objects.filter(holder_id__in=grant_ids, starts_at__in=starts.values())
    used: dict[int, dict[str, int]] = {
        grant_id: dict.fromkeys(map(str, KINDS.values()), 0) for grant_id in grant_ids
    }
    for row in rows:
        if row.starts_at == starts[row.period]:
            for (named, column), kind in KINDS.items():
                if named == row.period:
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


User = tuple[str, str, float]  # application, key's prefix, share of all that is used


def users(holder_ids: Collection[int], at: datetime) -> dict[tuple[int, str, str], list[User]]:
    """By holder, period (minute, hour, day, month) and unit, the three that used most, the most first. One query."""
    found: dict[tuple[int, str, str], list[User]] = {}
    if holder_ids:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM gateway.users(%s, %s)", [list(holder_ids), at])
            for holder_id, period, unit, application, key, used, whole in cursor.fetchall():
                row = (application or "", key or "", used / whole)
                found.setdefault((holder_id, period, unit), []).append(row)
    return found
