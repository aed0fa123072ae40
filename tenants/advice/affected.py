"""Whom a retirement hits: teams, applications and keys, with what they really use. Reads; a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q, Sum
from django.db.models.functions import TruncDay

from foundry.notify.models import Notice
from foundry.people.models import User
from tenants.access.models import Grant
from tenants.advice.models import Campaign, Plan
from tenants.advice.states import Progress
from tenants.keys.models import ApiKey
from tenants.teams.models import Team
from tenants.usage.envelope import Outcome
from tenants.usage.models import UsageHour

VOLUME, QUIET = timedelta(days=30), timedelta(days=7)
SUMS = ("calls", "tokens_in", "tokens_out", "tokens_cached", "cost_nanos", "unknown_cost_calls")


@dataclass(slots=True)
class Volume:
    """What was used of an offer in thirty days; money in nano-dollars, refused calls left out."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    cost_nanos: int = 0
    unknown_cost_calls: int = 0
    last: datetime | None = None

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out


@dataclass(slots=True)
class Affected:
    """One team, what it holds of the offer, what it uses, and how far it is.

    :param lately: calls in the last seven days.
    :param holds_successor: a live grant of the successor names one of its applications.
    """

    team: Team
    grants: list[Grant] = field(default_factory=list)
    keys: int = 0
    volume: Volume = field(default_factory=Volume)
    lately: int = 0
    plan: Plan | None = None
    holds_successor: bool = False
    was_read: bool = False

    @property
    def applications(self) -> list[str]:
        return sorted({named.application.slug for grant in self.grants for named in grant.named.all()})

    def progress(self, at: datetime) -> Progress:
        if not self.lately and (self.holds_successor or not self.grants):
            return Progress.MOVED
        if self.plan is not None:
            return Progress.LATE if self.plan.planned_on < at.date() else Progress.PLANNED
        return Progress.SILENT if self.was_read else Progress.UNAWARE


def affected(campaign: Campaign, at: datetime, only: Iterable[Team] | None = None) -> list[Affected]:
    """Teams that held the offer since the campaign began, the most calls first. :param only: these teams."""
    since = min(campaign.opened_at, at)
    rows = Grant.objects.filter(offer=campaign.offer_id, ends_at__gt=since)
    rows = rows.filter(Q(revoked_at=None) | Q(revoked_at__gt=since))
    if only is not None:
        rows = rows.filter(team__in=list(only))
    found: dict[int, Affected] = {}
    for grant in rows.with_everything(at).order_by("pk"):
        each = found.setdefault(grant.team_id, Affected(grant.team))
        if grant.state_then not in {"revoked", "ended"}:
            each.grants.append(grant)
    add_use(found, rows, at)
    add_words(found, campaign, at)
    return sorted(found.values(), key=lambda each: (-each.volume.calls, each.team.slug))


def add_use(found: dict[int, Affected], grants: Any, at: datetime) -> None:
    """Thirty days' volume, the last week's calls, and the keys that carry these grants."""
    hours = UsageHour.objects.filter(grant_id__in=list(grants.values_list("pk", flat=True)))
    used = hours.filter(hour__gt=at - VOLUME, hour__lte=at).exclude(outcome=Outcome.REFUSED).order_by()
    lately = Sum("calls", filter=Q(hour__gt=at - QUIET))
    sums: Any = used.values("team_id").annotate(
        **{f"sum_{name}": Sum(name) for name in SUMS}, lately=lately, last=Max("hour")
    )
    for row in sums:
        if each := found.get(row["team_id"]):
            each.volume = Volume(**{name: int(row[f"sum_{name}"] or 0) for name in SUMS}, last=row["last"])
            each.lately = int(row["lately"] or 0)
    applications = {
        named.application_id: each
        for each in found.values()
        for grant in each.grants
        for named in grant.named.all()
    }
    live = ApiKey.objects.filter(application__in=applications, revoked_at=None).order_by()
    live = live.filter(Q(expires_at=None) | Q(expires_at__gt=at))
    for application_id, count in live.values_list("application").annotate(count=Count("pk")):
        applications[application_id].keys += count


def add_words(found: dict[int, Affected], campaign: Campaign, at: datetime) -> None:
    """What teams said, whether anybody there read the notice, and who holds the successor already."""
    for plan in campaign.plans.filter(team__in=found).select_related("by"):
        found[plan.team_id].plan = plan
    read = Notice.objects.filter(event__key__startswith=f"{key_of(campaign)}:", read_at__isnull=False)
    for team_id in read.filter(person__memberships__team__in=found).values_list(
        "person__memberships__team", flat=True
    ):
        if team_id in found:
            found[team_id].was_read = True
    if campaign.successor_id:
        held = Grant.objects.in_force(at).filter(offer=campaign.successor_id, team__in=found)
        for team_id in held.values_list("team", flat=True):
            found[team_id].holds_successor = True


def key_of(campaign: Campaign) -> str:
    """What every notice of this campaign is keyed by."""
    return f"campaign:{campaign.pk}"


def volume_of(rows: Iterable[Affected]) -> Volume:
    """All of these teams together."""
    whole = Volume()
    for each in rows:
        for name in SUMS:
            setattr(whole, name, getattr(whole, name) + getattr(each.volume, name))
    return whole


def days_shown(campaign: Campaign, at: datetime, count: int = 45) -> list[datetime]:
    """The days of a burn-down: the last `count` until now or the retirement."""
    last = min(at, campaign.retires_at).replace(hour=0, minute=0, second=0, microsecond=0)
    return [last - timedelta(days=back) for back in reversed(range(count))]


def burn_down(
    campaign: Campaign, teams: Sequence[Team], days: Sequence[datetime]
) -> list[tuple[str, list[int]]]:
    """Calls a day to the offer by team, the largest first; refused ones are no use."""
    rows = (
        UsageHour.objects.filter(offer_id=campaign.offer_id, team_id__in=[team.pk for team in teams])
        .filter(hour__gte=days[0], hour__lt=days[-1] + timedelta(days=1))
        .exclude(outcome=Outcome.REFUSED)
        .annotate(day=TruncDay("hour"))
        .order_by()
        .values_list("team_id", "day")
        .annotate(count=Sum("calls"))
    )
    names, places = {team.pk: team.slug for team in teams}, {day: place for place, day in enumerate(days)}
    lines: dict[str, list[int]] = defaultdict(lambda: [0] * len(days))
    for team_id, day, count in rows:
        lines[names[team_id]][places[day]] += int(count)
    return sorted(lines.items(), key=lambda line: -sum(line[1]))


def own_teams(person: User) -> list[Team] | None:
    """The teams whose rows this person sees in a campaign; None means every team."""
    return None if person.sees_everything else list(Team.objects.filter(memberships__user=person))
