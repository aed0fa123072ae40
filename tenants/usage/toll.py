"""Whom it hits when grants or keys end: applications, keys used lately, and a month of calls and cost."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet, Sum

from foundry.people.models import User
from tenants.access.models import Grant, GrantApplication
from tenants.keys.leaving import fate
from tenants.keys.models import ApiKey
from tenants.teams.models import Application, Team
from tenants.usage.envelope import Outcome
from tenants.usage.models import UsageHour

LATELY, MONTH = timedelta(days=7), timedelta(days=30)


@dataclass(slots=True)
class Hit:
    """One application. What Foundry itself refused is not counted.

    :param keys: of those hit, the ones used in the last 7 days.
    :param calls, cost_nanos: of the last 30 days; `unknown` calls have no known cost.
    """

    application: Application
    keys: list[ApiKey] = field(default_factory=list)
    calls: int = 0
    cost_nanos: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class Toll:
    """:param hits: the most calls first. :param live_keys: how many keys open less than before."""

    hits: list[Hit]
    live_keys: int

    @property
    def keys(self) -> int:
        return sum(len(hit.keys) for hit in self.hits)

    @property
    def calls(self) -> int:
        return sum(hit.calls for hit in self.hits)

    @property
    def cost_nanos(self) -> int:
        return sum(hit.cost_nanos for hit in self.hits)

    @property
    def unknown(self) -> int:
        return sum(hit.unknown for hit in self.hits)


def of_grants(grant_ids: Collection[int], at: datetime) -> Toll:
    """When these grants allow nothing any more. Four queries."""
    named = GrantApplication.objects.filter(grant__in=grant_ids).order_by("application__slug", "pk")
    applications = [each.application for each in named.select_related("application__team")]
    keys = ApiKey.objects.filter(application__in=applications).filter(
        Q(grants=None) | Q(grants__in=grant_ids)
    )
    return count(applications, keys.distinct(), UsageHour.objects.filter(grant_id__in=grant_ids), at)


def of_offers(offer_ids: Collection[int], at: datetime) -> Toll:
    """When no call reaches these offers any more. Five queries."""
    live = Grant.objects.live(at).filter(offer__in=offer_ids)
    return of_grants(list(live.values_list("pk", flat=True)), at)


def of_keys(key_ids: Collection[int], at: datetime) -> Toll:
    """When these keys open nothing any more; other keys of their applications go on. Three queries."""
    keys = ApiKey.objects.filter(pk__in=key_ids).select_related("application__team")
    applications = [key.application for key in keys.order_by("application__slug", "pk")]
    return count(applications, keys, UsageHour.objects.filter(key_id__in=key_ids), at)


def of_leaver(person: User, team: Team | None, at: datetime) -> dict[str, Any]:
    """What ends when somebody leaves: `toll` of their own keys, and the keys of applications that `go_on`. Five queries."""
    keys = fate(person, team, at)
    return {"toll": of_keys([key.pk for key in keys.end], at), "go_on": keys.go_on, "leaver": person}


def count(
    applications: list[Application], keys: QuerySet[ApiKey], hours: QuerySet[UsageHour], at: datetime
) -> Toll:
    found = {application.pk: Hit(application) for application in applications}
    live = list(keys.live(at).select_related("use"))  # type: ignore[attr-defined]
    for key in live:
        use = getattr(key, "use", None)
        if use is not None and use.last_used_at > at - LATELY:
            found[key.application_id].keys.append(key)
    rows = hours.filter(hour__gt=at - MONTH, hour__lte=at).exclude(outcome=Outcome.REFUSED).order_by()
    sums = rows.values_list("application_id").annotate(
        Sum("calls"), Sum("cost_nanos"), Sum("unknown_cost_calls")
    )
    for application_id, calls, cost_nanos, unknown in sums:
        if (hit := found.get(application_id)) is not None:
            hit.calls, hit.cost_nanos, hit.unknown = int(calls), int(cost_nanos), int(unknown)
    return Toll(sorted(found.values(), key=lambda hit: (-hit.calls, str(hit.application))), len(live))
