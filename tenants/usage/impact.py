"""Whom it hits when offers cannot be called: teams, applications, keys, and how much they call."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet, Sum

from tenants.access.models import Grant, GrantApplication
from tenants.keys.models import ApiKey
from tenants.teams.models import Application, Team
from tenants.usage.envelope import Outcome
from tenants.usage.models import UsageHour

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)


@dataclass(slots=True)
class Hit:
    """One application that may call these offers. What Foundry itself refused is not counted.

    :param keys: its live keys that carry such a grant.
    :param calls_day, calls_week: since the whole hour that began 24 hours, or 7 days, before.
    :param most_in_an_hour: in the busiest hour of that week.
    """

    application: Application
    keys: int = 0
    calls_day: int = 0
    calls_week: int = 0
    most_in_an_hour: int = 0


@dataclass(frozen=True, slots=True)
class Impact:
    """:param hits: the most calls first. :param day_h, week_h: how long was counted, in hours.

    :param most_in_an_hour: of all of them together.
    """

    hits: list[Hit]
    day_h: float
    week_h: float
    most_in_an_hour: int

    @property
    def teams(self) -> int:
        return len({hit.application.team_id for hit in self.hits})

    @property
    def keys(self) -> int:
        return sum(hit.keys for hit in self.hits)

    @property
    def calls_an_hour(self) -> float:
        """Over the last 24 hours."""
        return sum(hit.calls_day for hit in self.hits) / self.day_h

    @property
    def calls_an_hour_in_the_week(self) -> float:
        return sum(hit.calls_week for hit in self.hits) / self.week_h


def of_offers(offer_ids: Collection[int], at: datetime) -> Impact:
    """Who holds live grants of these offers, and how they were used. Five queries."""
    grants = Grant.objects.live(at).filter(offer__in=offer_ids)
    named = GrantApplication.objects.filter(grant__in=grants, during__contains=at)
    found = {
        each.application_id: Hit(each.application)
        for each in named.select_related("application__team").order_by("application__slug")
    }
    count_keys(found, named, at)
    hours = UsageHour.objects.filter(grant_id__in=grants.values("pk"))
    return counted(found, hours, at)


def of_caller(what: Team | ApiKey, at: datetime) -> Impact:
    """What a team's applications, or one key, called. Three queries."""
    keys = ApiKey.objects.live(at).select_related("application__team").order_by("application__slug")
    if isinstance(what, Team):
        keys, hours = keys.filter(application__team=what), UsageHour.objects.filter(team_id=what.pk)
    else:
        keys, hours = keys.filter(pk=what.pk), UsageHour.objects.filter(key_id=what.pk)
    found: dict[int, Hit] = {}
    for key in keys:
        found.setdefault(key.application_id, Hit(key.application)).keys += 1
    return counted(found, hours, at)


def counted(found: dict[int, Hit], hours: QuerySet[UsageHour], at: datetime) -> Impact:
    """With the calls of the last day and week of these hours."""
    hour, total = at.replace(minute=0, second=0, microsecond=0), dict[datetime, int]()
    rows = hours.filter(hour__gte=hour - WEEK, hour__lte=at)
    sums = rows.exclude(outcome=Outcome.REFUSED).order_by().values_list("application_id", "hour")
    for application_id, when, calls in sums.annotate(sum=Sum("calls")):
        if (hit := found.get(application_id)) is not None:
            hit.calls_week += calls
            hit.calls_day += calls if when >= hour - DAY else 0
            hit.most_in_an_hour = max(hit.most_in_an_hour, calls)
            total[when] = total.get(when, 0) + calls
    hits = sorted(found.values(), key=lambda hit: (-hit.calls_week, str(hit.application)))
    since_h = (at - hour) / HOUR
    return Impact(hits, 24 + since_h, 24 * 7 + since_h, max(total.values(), default=0))


def count_keys(found: dict[int, Hit], named: QuerySet[GrantApplication], at: datetime) -> None:
    """Live keys that carry one of these grants: by name, or because they carry all of their application's."""
    grants: dict[int, set[int]] = {}
    for application_id, grant_id in named.values_list("application", "grant"):
        grants.setdefault(application_id, set()).add(grant_id)
    keys = ApiKey.objects.live(at).filter(application__in=found).prefetch_related("grants")
    for key in keys:
        carried = {grant.pk for grant in key.grants.all()}
        found[key.application_id].keys += not carried or bool(carried & grants[key.application_id])
