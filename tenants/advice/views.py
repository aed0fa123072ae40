"""The board of retirements, and one retirement: whom it hits, what follows, how far everybody is."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from catalog import prices
from catalog.models import Offer
from foundry.lib import clock, csv
from foundry.lib.errors import Refused
from foundry.people.access import signed_in, with_role
from foundry.people.models import Role, User
from foundry.web.charts import Svg, stacked
from tenants.access.models import Grant
from tenants.advice import actions, report
from tenants.advice.affected import Affected, affected, burn_down, days_shown, own_teams, volume_of
from tenants.advice.models import Campaign
from tenants.advice.moving import ask_for_successor
from tenants.advice.states import TONES, Progress
from tenants.advice.successors import candidates
from tenants.teams.models import Team

PER_PAGE, IN_CHART = 25, 6


@require_safe
@login_required
def retirements(request: HttpRequest) -> HttpResponse:
    seen = Campaign.objects.seen_by(signed_in(request)).with_names()
    closed = request.GET.get("show") == "closed"
    rows = seen.exclude(closed_at=None).order_by("-closed_at", "-pk") if closed else seen.open()
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "advice/retirements.html", {"page": page, "closed": closed})


@require_safe
@login_required
def retirement(request: HttpRequest, number: int) -> HttpResponse:
    person, at = signed_in(request), clock.now()
    campaign = get_object_or_404(Campaign.objects.seen_by(person).with_names(), pk=number)
    rows = affected(campaign, at, own_teams(person))
    mine = set(Team.objects.filter(memberships__user=person).values_list("pk", flat=True))
    context = {
        "campaign": campaign,
        "rows": [row_of(each, at) for each in rows],
        "counts": [
            (label, sum(each.progress(at) == value for each in rows)) for value, label in Progress.choices
        ],
        "successors": candidates(campaign, volume_of(rows), at),
        "volume": volume_of(rows),
        "price": prices.in_force([campaign.offer_id], at).get(campaign.offer_id),
        "chart": chart(campaign, rows, at),
        "mine": [row_of(each, at) for each in rows if each.team.pk in mine],
        "may_keep": person.is_any(Role.ADMIN, Role.OPS) and not campaign.closed_at,
        "first_day": at.date(),
    }
    return render(request, "advice/retirement.html", context)


def row_of(each: Affected, at: datetime) -> dict[str, Any]:
    progress = each.progress(at)
    return {
        "facts": each,
        "progress": progress.label,
        "tone": TONES[progress],
        "has_moved": progress == Progress.MOVED,
    }


def chart(campaign: Campaign, rows: list[Affected], at: datetime) -> Svg | None:
    """Calls a day, by team, until now or the retirement."""
    days = days_shown(campaign, at)
    lines = burn_down(campaign, [each.team for each in rows], days)
    shown, rest = lines[:IN_CHART], lines[IN_CHART:]
    if rest:
        shown = [
            *shown,
            ("others", [sum(column) for column in zip(*(values for _, values in rest), strict=True)]),
        ]
    if not shown:
        return None
    return stacked(shown, days, unit="calls", label=f"Calls a day to {campaign.offer}")


@require_safe
@login_required
def retirement_csv(request: HttpRequest, number: int) -> HttpResponseBase:
    """The board as CSV: as it is now, or as it was when the campaign was closed."""
    person, at = signed_in(request), clock.now()
    campaign = get_object_or_404(Campaign.objects.seen_by(person).with_names(), pk=number)
    lines: list[list[Any]]
    if campaign.report and person.sees_everything:
        lines = [[row[name] for name in report.HEADER] for row in campaign.report["teams"]]
    else:
        lines = [report.line(each, at) for each in affected(campaign, at, own_teams(person))]
    answer = StreamingHttpResponse(csv.lines(report.HEADER, lines), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="retirement-{campaign.pk}.csv"'
    return answer


class PlanForm(forms.Form):
    team = forms.SlugField()
    planned_on = forms.DateField()
    note = forms.CharField(required=False, max_length=actions.NOTE_LENGTH)


@require_POST
@login_required
def plan(request: HttpRequest, number: int) -> HttpResponse:
    person, form = signed_in(request), PlanForm(request.POST)
    get_object_or_404(Campaign.objects.seen_by(person), pk=number)
    if not form.is_valid():
        messages.error(request, "Say the day by which your team will have moved, for example 2026-12-01.")
        return redirect("retirement", number)
    told = form.cleaned_data
    team = get_object_or_404(Team.objects.seen_by(person), slug=told["team"])
    try:
        actions.plan(number, team, told["planned_on"], told["note"], actor=person, at=clock.now())
        messages.success(request, f"{team.name} moves by {told['planned_on']:%d %b %Y}.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("retirement", number)


@require_POST
@login_required
def move(request: HttpRequest, number: int) -> HttpResponse:
    """Ask for the successor at the same size, for every application of one grant."""
    person, at = signed_in(request), clock.now()
    campaign = get_object_or_404(Campaign.objects.seen_by(person).with_names(), pk=number)
    grants = Grant.objects.seen_by(person).in_force(at).filter(offer=campaign.offer_id)
    grant = get_object_or_404(grants.select_related("team"), pk=digits(request, "grant"))
    successor = offer_of(request, person)
    version = digits(request, "terms_version") or None
    for answer in ask_for_successor(campaign, grant, successor, terms_version=version, actor=person, at=at):
        if answer.request:
            word = answer.request.get_state_display().lower()
            messages.success(request, f"{answer.application.name}: asked for {successor}; {word}.")
        else:
            messages.warning(request, f"{answer.application.name}: {answer.why_not}")
    return redirect("retirement", number)


def digits(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def offer_of(request: HttpRequest, person: User) -> Offer:
    return get_object_or_404(Offer.objects.seen_by(person).with_names(), pk=digits(request, "successor"))


@require_POST
@with_role(Role.ADMIN, Role.OPS)
def choose_successor(request: HttpRequest, number: int) -> HttpResponse:
    get_object_or_404(Campaign, pk=number)
    person = signed_in(request)
    try:
        campaign = actions.choose_successor(number, offer_of(request, person), actor=person, at=clock.now())
        messages.success(request, f"{campaign.successor} follows {campaign.offer}.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("retirement", number)


@require_POST
@with_role(Role.ADMIN, Role.OPS)
def close(request: HttpRequest, number: int) -> HttpResponse:
    get_object_or_404(Campaign, pk=number)
    try:
        actions.close_campaign(number, request.POST.get("why", ""), actor=signed_in(request), at=clock.now())
        messages.success(request, "Closed; its report is on this page.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("retirement", number)


@require_POST
@with_role(Role.ADMIN, Role.OPS)
def open_for(request: HttpRequest) -> HttpResponse:
    """Open a campaign by hand for an offer that has a date."""
    person = signed_in(request)
    offer = get_object_or_404(Offer.objects.with_names(), pk=digits(request, "offer"))
    try:
        campaign = actions.open_campaign(offer, actor=person, at=clock.now())
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("retirements")
    return redirect("retirement", campaign.pk)
