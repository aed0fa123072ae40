"""A team's calendar: read by anybody who has its address, made and ended by the team's owners."""

import hashlib

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import condition, require_POST, require_safe

from foundry.lib import clock, secrets
from foundry.people.access import signed_in
from tenants.access import calendar
from tenants.teams import actions, rules
from tenants.teams.models import Calendar, Team


@require_safe
def feed(request: HttpRequest, secret: str) -> HttpResponse:
    """The calendar behind a secret address, without a session; 304 while nothing in it changed."""
    row = (
        Calendar.objects.filter(digest=secrets.digest(secret), team__closed_at=None)
        .select_related("team")
        .first()
    )
    if row is None:
        raise Http404
    body = calendar.of_team(row.team, clock.now())
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'

    @condition(etag_func=lambda _: tag)
    def answer(_: HttpRequest) -> HttpResponse:
        told = HttpResponse(body, content_type="text/calendar; charset=utf-8")
        told["Content-Disposition"] = f'inline; filename="{row.team.slug}.ics"'
        return told

    told: HttpResponse = answer(request)
    patch_cache_control(told, private=True, max_age=900)
    return told


@require_safe
@login_required
def team_calendar(request: HttpRequest, slug: str) -> HttpResponse:
    """The part of a team's page that says whether it has a calendar."""
    team = get_object_or_404(Team.objects.seen_by(signed_in(request)), slug=slug)
    return render(request, "access/_calendar.html", about(request, team))


def about(request: HttpRequest, team: Team) -> dict[str, object]:
    held = Calendar.objects.filter(team=team).select_related("made_by").first()
    return {
        "team": team,
        "held": held,
        "may": rules.may_manage(team, signed_in(request)) and not team.closed_at,
    }


@require_POST
@login_required
def make_calendar(request: HttpRequest, slug: str) -> HttpResponse:
    """A new address, shown this once; an older one stops to work."""
    team = get_object_or_404(Team.objects.seen_by(signed_in(request)), slug=slug)
    _, secret = actions.make_calendar(team, actor=signed_in(request), at=clock.now())
    address = request.build_absolute_uri(reverse("calendar", args=[secret]))
    return render(request, "access/calendar.html", about(request, team) | {"address": address})


@require_POST
@login_required
def end_calendar(request: HttpRequest, slug: str) -> HttpResponse:
    team = get_object_or_404(Team.objects.seen_by(signed_in(request)), slug=slug)
    actions.end_calendar(team, actor=signed_in(request), at=clock.now())
    messages.success(request, "The calendar's address works no more.")
    return redirect("team", slug)
