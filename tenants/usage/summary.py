"""Sums over the hours, by what one asks for. Reads `usage_hour` only: as fast with 10⁸ events as with 10⁵."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import zip_longest
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import Aggregate, BigIntegerField, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import TruncDay

from catalog.models import Offer
from foundry.lib.errors import Invalid
from foundry.people.models import User
from tenants.keys.models import ApiKey
from tenants.teams.models import Application, Team
from tenants.usage.envelope import KINDS, Outcome
from tenants.usage.models import LATENCY_MS, UsageHour
from tenants.usage.period import Period

MOST_ROWS = 10_000
SUMS = (
    "calls",
    "tokens_in",
    "tokens_out",
    "tokens_cached",
    "tokens_reasoning",
    "cost_nanos",
    "unknown_cost_calls",
    "told_calls",
    "told_nanos",
    "told_cost_nanos",
)
# What one can ask for -> the column it groups by.
KEYS = {
    "team": "team_id",
    "application": "application_id",
    "key": "key_id",
    "grant": "grant_id",
    "host": "host_slug",
    "offer": "offer_id",
    "tag": "tag",
    "model": "model",
    "outcome": "outcome",
    "code": "code",
    "basis": "basis",
    "hour": "hour",
    "day": "day",
}
IDS = ("key", "grant", "offer")  # asked for by their number


class ArraySum(Aggregate):
    """Histograms added bucket by bucket, counts kind by kind."""

    function = "usage_sum"
    output_field = ArrayField(BigIntegerField())


@dataclass(slots=True)
class Row:
    """One line of a summary. `keys` holds the values it is grouped by, in words; `cost_nanos` leaves out unknown costs.

    :ivar told_nanos: what hosts themselves say of `told_calls`, which cost `told_cost_nanos` by our prices.
    :ivar kinds: in the order of KINDS; may be shorter.
    """

    keys: dict[str, Any]
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    tokens_reasoning: int = 0
    cost_nanos: int = 0
    unknown_cost_calls: int = 0
    told_calls: int = 0
    told_nanos: int = 0
    told_cost_nanos: int = 0
    refused: int = 0
    errors: int = 0
    latency: list[int] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out

    @property
    def label(self) -> str:
        return " · ".join(str(value) for value in self.keys.values())

    def add(self, other: "Row") -> None:
        for name in (*SUMS, "refused", "errors"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.latency, self.kinds = added(self.latency, other.latency), added(self.kinds, other.kinds)

    @property
    def by_kind(self) -> dict[str, int]:
        counts = self.kinds + [0] * len(KINDS)
        return dict(zip(KINDS, counts, strict=False))

    @property
    def told_difference_nanos(self) -> int:
        """By how much hosts say more than our prices do; negative where they say less."""
        return self.told_nanos - self.told_cost_nanos

    def percentile(self, share: float) -> int | None:
        """An upper bound in ms for that share of the calls; None without calls, or beyond the last bucket."""
        wanted, passed = share * sum(self.latency), 0
        for bound, count in zip(LATENCY_MS, self.latency, strict=False):
            passed += count
            if passed >= wanted > 0:
                return bound
        return None


def added(mine: list[int], its: list[int]) -> list[int]:
    return [a + b for a, b in zip_longest(mine, its, fillvalue=0)]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. :param only: filter name -> the value it must have, as in the URL."""

    period: Period
    by: tuple[str, ...] = ()
    only: Mapping[str, str] = field(default_factory=dict)


def read_by(text: str) -> tuple[str, ...]:
    """`by=team,model` as names. Raises Invalid for unknown ones."""
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if wrong := [name for name in names if name not in KEYS]:
        raise Invalid(
            "usage.by",
            f"'{wrong[0][:40]}' is nothing to group by.",
            remedy=f"Use some of {', '.join(KEYS)}.",
            errors={"by": f"Use some of {', '.join(KEYS)}."},
        )
    return names


def rows_of(question: Question, person: User) -> QuerySet[UsageHour]:
    """The hours that the person may see and the question is about."""
    host = Offer.objects.filter(pk=OuterRef("offer_id")).values("host__slug")[:1]
    rows = UsageHour.objects.seen_by(person).filter(
        hour__gte=question.period.start, hour__lt=question.period.end
    )
    if "host" in question.by:
        rows = rows.annotate(host_slug=Subquery(host))
    if "day" in question.by:
        rows = rows.annotate(day=TruncDay("hour"))
    return rows.filter(*conditions(question.only))


def conditions(only: Mapping[str, str]) -> list[Q]:
    """The filters of a URL, of hours and of single calls alike."""
    return [condition(name, value) for name, value in only.items() if value]


def condition(name: str, value: str) -> Q:
    """One filter of the URL, checked by `asking.py`. What names no row matches nothing, as a foreign row would."""
    match name:
        case "team":
            return Q(team_id__in=Team.objects.filter(slug=value).values("pk"))
        case "application":
            return Q(application_id__in=Application.objects.filter(slug=value).values("pk"))
        case "host":
            return Q(offer_id__in=Offer.objects.filter(host__slug=value).values("pk"))
        case "key" | "grant" | "offer":
            return Q(**{KEYS[name]: int(value)})
        case "model" | "outcome" | "code" | "basis" | "tag":
            return Q(**{name: value})
    raise AssertionError(name)


def summarise(question: Question, person: User) -> list[Row]:
    """One row per combination, the most tokens first. Raises Invalid when there are too many."""
    columns = [KEYS[name] for name in question.by]
    grouped = (
        rows_of(question, person)
        .order_by()
        .values(*columns)
        .annotate(
            **{f"sum_{name}": Sum(name) for name in SUMS},
            sum_refused=Sum("calls", filter=Q(outcome=Outcome.REFUSED), default=0),
            sum_errors=Sum("calls", filter=Q(outcome=Outcome.UPSTREAM_ERROR), default=0),
            sum_latency=ArraySum(F("latency")),
            sum_kinds=ArraySum(F("kinds")),
        )
    )
    found = list(grouped[: MOST_ROWS + 1])
    if len(found) > MOST_ROWS:
        raise Invalid(
            "usage.too_many", f"More than {MOST_ROWS:,} rows.", remedy="Group by less, or shorten the period."
        )
    rows = [
        Row(
            {name: each[KEYS[name]] for name in question.by},
            **{name: int(each[f"sum_{name}"] or 0) for name in (*SUMS, "refused", "errors")},
            latency=[int(count) for count in each["sum_latency"] or []],
            kinds=[int(count) for count in each["sum_kinds"] or []],
        )
        for each in found
    ]
    named(rows, question.by)
    return sorted(rows, key=lambda row: (-row.tokens, -row.calls, row.label))


def named(rows: Sequence[Row], by: tuple[str, ...]) -> None:
    """Ids become the words that people and scripts use; one query per kind."""
    lookups: dict[str, Any] = {
        "team": lambda ids: Team.objects.filter(pk__in=ids).values_list("pk", "slug"),
        "application": lambda ids: Application.objects.filter(pk__in=ids).values_list("pk", "slug"),
        "offer": lambda ids: ((each.pk, str(each)) for each in Offer.objects.with_names().filter(pk__in=ids)),
        "key": lambda ids: ApiKey.objects.filter(pk__in=ids).values_list("pk", "prefix"),
    }
    for name in set(by) & set(lookups):
        words = dict(lookups[name]({row.keys[name] for row in rows} - {None}))
        for row in rows:
            row.keys[name] = words.get(row.keys[name], row.keys[name] and f"#{row.keys[name]}")


def total(rows: Sequence[Row]) -> Row:
    """All rows as one, whose key says so."""
    whole = Row({"total": "total"}, latency=[0] * (len(LATENCY_MS) + 1))
    for row in rows:
        whole.add(row)
    return whole


def with_others(rows: Sequence[Row], most: int) -> list[Row]:
    """The first `most` rows and one more, `others`, that holds the rest: the sum stays the same."""
    if len(rows) <= most + 1:
        return list(rows)
    rest = total(rows[most:])
    rest.keys = {"others": f"{len(rows) - most} others"}
    return [*rows[:most], rest]


def series(
    rows: Sequence[Row], by: str, stamps: Sequence[datetime], step: str, *, value: str, most: int
) -> list[tuple[str, list[int]]]:
    """Per name one value per stamp, the largest first, the rest as `others`; for a stacked chart."""
    places, heights = {stamp: at for at, stamp in enumerate(stamps)}, dict[str, list[int]]()
    for row in rows:
        if row.keys[step] in places:
            line = heights.setdefault(str(row.keys[by] or "none"), [0] * len(stamps))
            line[places[row.keys[step]]] += getattr(row, value)
    ranked = sorted(heights.items(), key=lambda item: -sum(item[1]))
    if len(ranked) <= most + 1:
        return ranked
    rest = [sum(column) for column in zip(*(line for _, line in ranked[most:]), strict=True)]
    return [*ranked[:most], ("others", rest)]
