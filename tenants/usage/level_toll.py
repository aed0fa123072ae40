"""Whom it hits when a level may use less: who called under it lately, and how far that went."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet, Sum

from foundry.web.format import limit_words, pct
from tenants.access.states import MONEY
from tenants.keys.models import ApiKey, ApiKeyQuerySet
from tenants.levels.rules import Target
from tenants.quotas.use import days_lately
from tenants.teams.models import Application
from tenants.usage.envelope import Outcome
from tenants.usage.models import UsageHour
from tenants.usage.toll import MONTH, Toll, count

MINUTES = 60


def of_level(target: Target, at: datetime) -> Toll:
    """Applications that called under this level in the last 30 days, and their keys. Four queries."""
    hours, keys = hours_of(target, at), keys_of(target)
    called = hours.exclude(application_id=None).order_by().values("application_id").distinct()
    applications = Application.objects.filter(
        Q(pk__in=called) | Q(pk__in=keys.live(at).values("application_id"))
    )
    found = count(list(applications.select_related("team").order_by("slug", "pk")), keys, hours, at)
    return Toll([hit for hit in found.hits if hit.calls or hit.keys], found.live_keys)


def keys_of(target: Target) -> ApiKeyQuerySet:
    if target.key is not None:
        return ApiKey.objects.filter(pk=target.key.pk)
    if target.grant is not None:
        return (
            ApiKey.objects.filter(application=target.application)
            .filter(Q(grants=None) | Q(grants=target.grant))
            .distinct()
        )
    return (
        ApiKey.objects.all() if target.team is None else ApiKey.objects.filter(application__team=target.team)
    )


def hours_of(target: Target, at: datetime) -> QuerySet[UsageHour]:
    """The last 30 days of what counts for the level, without what was refused."""
    rows = UsageHour.objects.filter(hour__gt=at - MONTH, hour__lte=at).exclude(outcome=Outcome.REFUSED)
    if target.key is not None:
        rows = rows.filter(key_id=target.key.pk)
    if target.grant is not None:
        rows = rows.filter(grant_id=target.grant.pk)
    if target.application is not None:
        rows = rows.filter(application_id=target.application.pk)
    return rows if target.team is None else rows.filter(team_id=target.team.pk)


def met(target: Target, kind: str, maximum: int, at: datetime) -> str:
    """How the last 30 days would have met a maximum of this kind, in words. Two queries at most.

    Rates are told by the busiest hour's average, the finest that is kept; how many calls ran at once is not kept.
    """
    if kind == "concurrency":
        return "How many calls ran at once is not kept, so nobody can say whom this would have refused."
    sums = list(amounts(hours_of(target, at), kind, at))
    if not sums:
        return "Nothing was called under it in the last 30 days."
    if kind.endswith("_month"):
        return (
            f"The last 30 days used {limit_words(kind, sum(sums))}, {pct(sum(sums) / max(1, maximum))} of it."
        )
    most, beyond = max(sums), sum(each > maximum for each in sums)
    if kind.endswith("_day"):
        return f"The busiest of the last 30 days used {limit_words(kind, most)}; {beyond} of them used more than this allows."
    return f"The busiest hour of the last 30 days had {limit_words(kind, most)} on average; minutes in it had more."


def amounts(hours: QuerySet[UsageHour], kind: str, at: datetime) -> Iterable[int]:
    """Of each of the last 30 days of budgets, today among them and in whole hours, or of each hour the average minute."""
    tokens: Any = Sum("tokens_in") + Sum("tokens_out")
    amount = Sum("cost_nanos") if kind in MONEY else Sum("calls") if kind == "rpm" else tokens
    of_hours = hours.order_by().values_list("hour").annotate(amount=amount)
    if kind in ("rpm", "tpm"):
        return [-(-int(each) // MINUTES) for _, each in of_hours]
    days = days_lately(at, MONTH)
    sums: Counter[datetime] = Counter()
    for hour, each in of_hours:
        sums[days.at(hour).day] += int(each)
    sums.pop(days.days[0].day, None)  # of which only a part is in the last 30 days
    return sums.values()
