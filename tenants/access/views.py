"""The list of requests, and what the pages of this room share."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from foundry.people.access import signed_in
from foundry.people.models import User
from tenants.access import drafts
from tenants.access.filters import RequestFilter
from tenants.access.models import Draft, Request
from tenants.access.states import RequestState
from tenants.teams.models import Team

PER_PAGE = 25


def page_of(request: HttpRequest, rows: QuerySet[Any], count: int | None = None) -> Any:
    """:param count: how many rows there are, where that is known already."""
    paginator = Paginator(rows, PER_PAGE)
    if count is not None:
        paginator.count = count
    return paginator.get_page(request.GET.get("page"))


def number_in(request: HttpRequest, name: str) -> int:
    """A row's number from the address or the form; one that no row has when it is missing or no number."""
    text = request.GET.get(name) or request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else 0


def team_choices(person: User) -> list[tuple[str, str]]:
    return list(Team.objects.seen_by(person).values_list("slug", "name"))


@require_safe
@login_required
def requests(request: HttpRequest) -> HttpResponse:
    person = signed_in(request)
    rows = Request.objects.seen_by(person).with_names().select_related("opened")
    found = RequestFilter(request.GET, queryset=rows)
    page = page_of(request, found.qs if found.is_valid() else rows.none())
    kept = list(Draft.objects.seen_by(person).with_names())
    why = drafts.hindrances(kept, person)
    context = {
        "drafts": [
            {
                "draft": each,
                "why": why.get(each.pk, ""),
                "open": each.pk not in why or "catalog" not in why[each.pk],
            }
            for each in kept
        ],
        "page": page,
        "states": RequestState.choices,
        "teams": team_choices(person),
        "state": request.GET.get("state"),
        "team": request.GET.get("team"),
    }
    return render(request, "access/requests.html", context)
