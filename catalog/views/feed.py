"""What changed in the catalog, day by day, for everybody."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, F, Max, Window
from django.db.models.functions import RowNumber, TruncDate
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from catalog.filters import FeedFilter
from catalog.models import Change, ChangeQuerySet, Host, Publisher
from catalog.news import TOPICS
from catalog.states import ChangeKind

GROUPS = 20
SHOWN, ALL = 5, 500  # of a group; all of it where the address names the day
Name = tuple[date, int, str]


@dataclass(slots=True)
class Group:
    """What one host said of one kind on one day: a first listing is one group, not two hundred lines."""

    day: date
    host: Host
    kind: str
    count: int
    changes: list[Change] = field(default_factory=list)

    @property
    def label(self) -> str:
        return str(ChangeKind(self.kind).label)

    @property
    def more(self) -> int:
        return self.count - len(self.changes)


@dataclass(slots=True)
class Day:
    date: date
    groups: list[Group]


def counted(changes: ChangeQuerySet) -> Any:
    """How many changes of each day, host and kind; the latest first."""
    grouped = changes.order_by().values("host_id", "kind", day=TruncDate("settled_at"))
    return grouped.annotate(count=Count("pk"), last=Max("settled_at")).order_by(
        "-day", "-last", "host_id", "kind"
    )


def by_day(changes: ChangeQuerySet, page: Sequence[dict[str, Any]], shown: int) -> list[Day]:
    """These groups with their first changes, by day. Two queries, however many there are."""
    hosts = Host.objects.in_bulk({row["host_id"] for row in page})
    groups: dict[Name, Group] = {
        (row["day"], row["host_id"], row["kind"]): Group(row["day"], hosts[row["host_id"]], row["kind"], row["count"])
        for row in page
    }  # fmt: skip
    latest = [F("settled_at").desc(), F("pk").desc()]
    numbered: Any = changes.annotate(
        day=TruncDate("settled_at"),
        number=Window(RowNumber(), partition_by=[F("day"), F("host_id"), F("kind")], order_by=latest),
    ).filter(
        day__in={day for day, _, _ in groups}, host__in=hosts, kind__in={kind for _, _, kind in groups}, number__lte=shown
    )  # fmt: skip
    for change in numbered.select_related("offer__model__publisher"):
        if found := groups.get((change.day, change.host_id, change.kind)):
            found.changes.append(change)
    days: dict[date, list[Group]] = {}
    for group in groups.values():
        days.setdefault(group.day, []).append(group)
    return [Day(when, each) for when, each in days.items()]


@require_safe
@login_required
def feed(request: HttpRequest) -> HttpResponse:
    """New, dearer, cheaper, going away: what came true for offers that everybody sees."""
    found = FeedFilter(request.GET, queryset=Change.objects.of_the_catalog())
    rows = found.qs if found.form.is_valid() else Change.objects.none()
    page = Paginator(counted(rows), GROUPS).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "days": by_day(rows, list(page.object_list), ALL if request.GET.get("on") else SHOWN),
        "filter": found,
        "chosen": request.GET,
        "topics": [(topic, label) for topic, (label, _) in TOPICS.items()],
        "hosts": Host.objects.values_list("slug", "name"),
        "makers": Publisher.objects.values_list("slug", "name"),
    }
    return render(request, "catalog/feed.html", context)
