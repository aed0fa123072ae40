"""What changed in the catalog, day by day, for everybody."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from catalog.filters import FeedFilter
from catalog.models import Change, Host, Publisher
from catalog.news import TOPICS, News

PER_PAGE = 60
SHOWN = 5  # of a group; the rest is one click away


@dataclass(slots=True)
class Line:
    """One change of one offer."""

    change: Change
    news: News


@dataclass(slots=True)
class Group:
    """What one host said of one kind on one day: a first sync is one line, not two hundred."""

    title: str
    host: Host
    tone: str
    lines: list[Line] = field(default_factory=list)

    @property
    def first(self) -> list[Line]:
        return self.lines[:SHOWN]

    @property
    def rest(self) -> list[Line]:
        return self.lines[SHOWN:]


@dataclass(slots=True)
class Day:
    date: date
    groups: list[Group]


def by_day(changes: Iterable[Change]) -> list[Day]:
    """Days, the latest first, each with its groups in the order in which they came."""
    days: dict[date, dict[tuple[int, str], Group]] = {}
    for change in changes:
        told = change.news
        groups = days.setdefault((change.settled_at or change.at).date(), {})
        group = groups.setdefault((change.host_id, told.title), Group(told.title, change.host, told.tone))
        group.lines.append(Line(change, told))
    return [Day(when, list(groups.values())) for when, groups in days.items()]


@require_safe
@login_required
def feed(request: HttpRequest) -> HttpResponse:
    """New, dearer, cheaper, going away: what came true for offers that everybody sees."""
    rows = Change.objects.of_the_catalog().select_related("host", "offer__model__publisher")
    found = FeedFilter(request.GET, queryset=rows)
    page = Paginator(found.qs if found.form.is_valid() else rows.none(), PER_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "page": page,
        "days": by_day(page.object_list),
        "filter": found,
        "chosen": request.GET,
        "topics": [(topic, label) for topic, (label, _) in TOPICS.items()],
        "hosts": Host.objects.values_list("slug", "name"),
        "makers": Publisher.objects.values_list("slug", "name"),
    }
    return render(request, "catalog/feed.html", context)
