"""What grants did lately, for those who ask whether they are needed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, Subquery, Sum

from tenants.access.models import Grant
from tenants.usage.envelope import Outcome
from tenants.usage.models import UsageHour

MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Lately:
    """:param calls, tokens, cost_nanos: of the last 30 days, without refused calls; `unknown` calls have no known cost.

    :param last: the hour of the last call ever, also of a refused one; None without one.
    """

    calls: int = 0
    tokens: int = 0
    cost_nanos: int = 0
    unknown: int = 0
    last: datetime | None = None

    def idle_days(self, since: datetime, at: datetime) -> int:
        """Whole days without a call, counted from `since` where there never was one."""
        return max(0, (at - (self.last or since)).days)


def of_grants(grant_ids: Collection[int], at: datetime) -> dict[int, Lately]:
    """For each of them. Two queries."""
    hours = UsageHour.objects.filter(grant_id=OuterRef("pk"), calls__gt=0, hour__lte=at).order_by("-hour")
    last = Grant.objects.filter(pk__in=grant_ids).annotate(last=Subquery(hours.values("hour")[:1])).order_by()
    month = UsageHour.objects.filter(grant_id__in=grant_ids, hour__gt=at - MONTH, hour__lte=at)
    rows: Any = month.exclude(outcome=Outcome.REFUSED).order_by().values("grant_id")
    sums = rows.annotate(
        of_calls=Sum("calls"),
        of_tokens=Sum("tokens_in") + Sum("tokens_out"),
        cost=Sum("cost_nanos"),
        odd=Sum("unknown_cost_calls"),
    )
    found = {pk: Lately(last=when) for pk, when in last.values_list("pk", "last")}
    for row in sums:
        calls, tokens, cost, odd = (int(row[name] or 0) for name in ("of_calls", "of_tokens", "cost", "odd"))
        found[row["grant_id"]] = Lately(calls, tokens, cost, odd, found[row["grant_id"]].last)
    return found
