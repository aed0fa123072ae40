"""How well hosts and offers serve: now, and on each of ninety days."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.module_loading import import_string

from catalog import status_page
from catalog.health_days import DAY, DAYS, TONE_OF, Cell, Interval, cells
from catalog.models import Host, Offer, Pause, StatusReading
from catalog.states import Health
from foundry.web.charts import Svg, strip
from foundry.web.format import pct

FRESH = timedelta(minutes=10)  # a page that was read longer ago says nothing of now
LATELY = timedelta(hours=1)
NOTHING_KNOWN = "Nobody called it in the last hour, and no status page was read."
ENOUGH = 5  # failed calls, before they mean anything


@dataclass(frozen=True, slots=True)
class Now:
    """How a host serves now, the worse of its page and of the calls of this hour and the last.

    :param since: from when its page says so; None where it is the calls that say it, or nobody knows.
    """

    health: Health
    words: str
    since: datetime | None = None
    incidents: list[dict[str, str]] = field(default_factory=list)
    read_at: datetime | None = None

    @property
    def tone(self) -> str:
        return TONE_OF[self.health]

    @property
    def label(self) -> str:
        return str(self.health.label)

    @property
    def troubled(self) -> bool:
        return self.health in {Health.DEGRADED, Health.PARTIAL, Health.DOWN}


@dataclass(frozen=True, slots=True)
class History:
    """Ninety days of a host or an offer. :param answered: share of the calls that were; None without any."""

    days: list[Cell]
    answered: float | None
    calls: int

    @property
    def strip(self) -> Svg:
        marks = [(f"{cell.day:%-d %b}", cell.tone, cell.words) for cell in self.days]
        return strip(marks, label="The last 90 days")

    @property
    def troubled_days(self) -> list[Cell]:
        """Days that were not good, the newest first."""
        return [cell for cell in reversed(self.days) if cell.tone in {"warn", "bad"}]

    @property
    def unknown_days(self) -> int:
        return sum(cell.tone == "quiet" for cell in self.days)

    @property
    def answered_words(self) -> str:
        return "no call was made" if self.answered is None else f"{pct(self.answered)} of the calls answered"


def now_of(hosts: Iterable[Host], at: datetime) -> dict[int, Now]:
    """By host id how it serves now. Three queries for any number of hosts."""
    ids = [host.pk for host in hosts]
    last = StatusReading.objects.filter(host__in=ids, seen_until__gte=at - FRESH)
    readings = {each.host_id: each for each in last.order_by("host_id", "-at", "-pk").distinct("host_id")}
    groups = offers_by_host(ids)
    lately = calls_met(groups, at.replace(minute=0, second=0, microsecond=0) - LATELY, "hour")
    return {pk: judge(readings.get(pk), list(lately[pk].values())) for pk in ids}


def judge(reading: StatusReading | None, hours: Sequence[Any]) -> Now:
    calls, errors = sum(each.calls for each in hours), sum(each.errors for each in hours)
    share = errors / calls if calls else 0.0
    met = Health.UNKNOWN if not calls else Health.OK
    if errors >= ENOUGH and share >= 0.1:
        met = Health.DOWN if share >= 0.5 else Health.DEGRADED
    told = Health(reading.health) if reading else Health.UNKNOWN
    incidents = reading.details.get("incidents", []) if reading else []
    read_at = reading.seen_until if reading else None
    if RANK[met] > RANK[told]:
        words = f"{pct(share)} of the last calls failed." if met != Health.OK else "Calls are answered."
        return Now(met, words, None, incidents, read_at)
    if reading is None:
        return Now(Health.UNKNOWN, NOTHING_KNOWN)
    return Now(told, reading.words or told.label, reading.at, incidents, read_at)


# What counts where page and calls differ.
RANK = {health: at for at, health in enumerate(
    [Health.UNKNOWN, Health.OK, Health.MAINTENANCE, Health.DEGRADED, Health.PARTIAL, Health.DOWN])}  # fmt: skip


def histories_of_hosts(hosts: Iterable[Host], at: datetime, *, counts: bool) -> dict[int, History]:
    """By host id, in four queries for any number of hosts. :param counts: whether numbers of calls may be told."""
    ids, since = [host.pk for host in hosts], first_moment(at)
    met = calls_met(offers_by_host(ids), since, "day")
    readings, paused = readings_since(ids, since), pauses_since(Q(host__in=ids), since)
    return {
        pk: history(
            [
                Interval(Health(each.health), each.at, each.seen_until)
                for each in readings
                if each.host_id == pk
            ],
            met[pk],
            [(each.starts_at, each.over_at) for each in paused if each.host_id == pk],
            at,
            counts=counts,
        )
        for pk in ids
    }


def histories_of_offers(offers: Iterable[Offer], at: datetime, *, counts: bool) -> dict[int, History]:
    """By offer id, in three queries for any number of offers.

    Its host's page speaks of an offer where one of its components plainly bears the model's name, or when it
    says that everything is down.
    """
    rows, since = list(offers), first_moment(at)
    hosts = {offer.host_id for offer in rows}
    met = calls_met({offer.pk: [offer.pk] for offer in rows}, since, "day")
    readings: dict[int, list[StatusReading]] = {}
    for reading in readings_since(hosts, since):
        readings.setdefault(reading.host_id, []).append(reading)
    paused = pauses_since(Q(host__in=hosts) | Q(offer__in=[offer.pk for offer in rows]), since)
    return {
        offer.pk: history(
            [each for reading in readings.get(offer.host_id, []) if (each := about(offer, reading))],
            met[offer.pk],
            [
                (p.starts_at, p.over_at)
                for p in paused
                if offer.pk == p.offer_id or offer.host_id == p.host_id
            ],
            at,
            counts=counts,
        )
        for offer in rows
    }


def about(offer: Offer, reading: StatusReading) -> Interval | None:
    """What a reading of the host's page says of one of its offers."""
    names = [
        offer.model.slug,
        offer.model.name,
        offer.host_model_id,
        f"{offer.model.publisher.name} {offer.model.name}",
    ]
    fits = status_page.component_for(names, reading.details.get("components", []))
    if fits:
        return Interval(Health(fits["status"]), reading.at, reading.seen_until)
    down = reading.health == Health.DOWN
    return Interval(Health.DOWN, reading.at, reading.seen_until) if down else None


def history(
    said: list[Interval], met: Mapping[datetime, Any], paused: list[tuple[datetime, datetime]], at: datetime, *,
    counts: bool,
) -> History:  # fmt: skip
    days = cells(
        said,
        {when.date(): each for when, each in met.items()},
        paused,
        at.astimezone(UTC).date(),
        counts=counts,
    )
    calls, errors = sum(each.calls for each in met.values()), sum(each.errors for each in met.values())
    return History(days, None if not calls else 1 - errors / calls, calls if counts else 0)


def calls_met(groups: Mapping[int, list[int]], since: datetime, step: str) -> dict[int, dict[datetime, Any]]:
    """How calls fared, as the room that keeps them says it: see `settings.CALLS_MET`."""
    found: dict[int, dict[datetime, Any]] = import_string(settings.CALLS_MET)(groups, since, step)
    return found


def offers_by_host(host_ids: Iterable[int]) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = {pk: [] for pk in host_ids}
    for host_id, offer_id in Offer.objects.filter(host__in=groups).order_by().values_list("host", "pk"):
        groups[host_id].append(offer_id)
    return groups


def readings_since(host_ids: Iterable[int], since: datetime) -> list[StatusReading]:
    return list(StatusReading.objects.filter(host__in=list(host_ids), seen_until__gt=since).order_by("at"))


def pauses_since(which: Q, since: datetime) -> list[Pause]:
    return list(Pause.objects.filter(which, ends_at__gt=since))


def first_moment(at: datetime) -> datetime:
    """When the strip begins: a UTC midnight."""
    today = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - DAY * (DAYS - 1)
