"""How much of its budgets a grant has used; what pages of grants show beside the limits."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from tenants.access.states import LimitKind
from tenants.quotas.models import Window

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
    rows = Window.objects.filter(grant_id__in=grant_ids, starts_at__in=[day, day.replace(day=1)])
    used: dict[int, dict[str, int]] = {
        grant_id: dict.fromkeys(map(str, KINDS.values()), 0) for grant_id in grant_ids
    }
    for row in rows:
        start = day if row.period == Window.DAY else day.replace(day=1)
        if row.starts_at == start:
            for (period, column), kind in KINDS.items():
                if period == row.period:
                    used[row.grant_id][str(kind)] = getattr(row, column)
    return used


def resets_at(kind: str, at: datetime) -> datetime:
    """When the budget of that kind begins anew: the next UTC midnight, or the first of the next month."""
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if kind in {LimitKind.TOKENS_PER_DAY, LimitKind.USD_PER_DAY}:
        return day + timedelta(days=1)
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
