"""Limits of the organisation, of a team, of a key, and shares of a grant: what is used of each, and the form to set one."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.module_loading import import_string
from django.views.decorators.http import require_http_methods, require_POST

from foundry.lib import clock
from foundry.lib.errors import Refused
from foundry.people.access import signed_in
from foundry.web.confirm import ask_first, toll_of
from foundry.web.format import limit_words
from foundry.web.forms import show_refusal
from tenants.access.models import Grant
from tenants.keys.models import ApiKey
from tenants.levels import actions, rules
from tenants.levels.forms import LimitForm, ShareForm
from tenants.levels.models import Level, LevelLimit
from tenants.levels.rules import Target
from tenants.levels.showing import lines
from tenants.teams.models import Team

PER_PAGE = 25


@require_http_methods(["GET", "POST"])
@login_required
def limits(request: HttpRequest) -> HttpResponse:
    """Every level that the person sees; admins set the organisation's limits."""
    return page(request, Target(), Level.objects.all(), {"everything": True}, reverse("limits"))


@require_http_methods(["GET", "POST"])
@login_required
def team_limits(request: HttpRequest, slug: str) -> HttpResponse:
    """A team's, and those of its keys and its grants' shares."""
    team = get_object_or_404(Team.objects.seen_by(signed_in(request)).distinct(), slug=slug)
    levels = actions.levels_of(Team.objects.filter(pk=team.pk))
    return page(request, Target(team=team), levels, {"team": team}, reverse("team-limits", args=[slug]))


@require_http_methods(["GET", "POST"])
@login_required
def key_limits(request: HttpRequest, number: int) -> HttpResponse:
    key = get_object_or_404(ApiKey.objects.seen_by(signed_in(request)).with_names().distinct(), pk=number)
    levels = Level.objects.filter(key=key)
    return page(request, Target(key=key), levels, {"key": key}, reverse("key-limits", args=[number]))


@require_http_methods(["GET", "POST"])
@login_required
def grant_shares(request: HttpRequest, number: int) -> HttpResponse:
    """What each application or key may use of a grant at most; a team's owner sets it without a request."""
    grant = get_object_or_404(Grant.objects.seen_by(signed_in(request)).with_names().distinct(), pk=number)
    levels = Level.objects.filter(grant=grant)
    return page(
        request, Target(grant=grant), levels, {"grant": grant}, reverse("grant-shares", args=[number])
    )


def page(
    request: HttpRequest, target: Target, levels: QuerySet[Level], shown: dict[str, Any], back: str
) -> HttpResponse:
    """The limits of these levels; a POST sets one on `target`. Inside another page only the table."""
    person, at = signed_in(request), clock.now()
    may = rules.may_set(target, person)
    form = ShareForm(target.grant, request.POST or None) if target.grant else LimitForm(request.POST or None)
    if request.method == "POST":
        rules.require_setter(target, person)
        if form.is_valid() and (answer := set_by(request, form, target, back)) is not None:
            return answer
    rows = LevelLimit.objects.seen_by(person).filter(level__in=levels).select_related("set_by").in_order()
    rows = rows.prefetch_related(None).open(at)
    found = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    named = Level.objects.with_names().in_bulk([row.level_id for row in found])
    for row in found:
        row.level = named[row.level_id]
    told = [(line, rules.may_set(actions.target_of(line.row.level), person)) for line in lines(found, at)]
    context = shown | {
        "form": form if may else None,
        "page": found,
        "lines": told,
        "back": back,
        "scope": target.scope,
    }
    part = "_limits" if request.headers.get("HX-Request") else "limits"
    return render(request, f"levels/{part}.html", context, status=400 if form.errors else 200)


def set_by(request: HttpRequest, form: LimitForm, target: Target, back: str) -> HttpResponse | None:
    """Sets the limit, after its author saw whom it hits; None where something is in the way, which the form tells."""
    person, at, told, meant = signed_in(request), clock.now(), form.told(), form.target_on(target)
    try:
        if "confirmed" not in request.POST and actions.is_less(
            meant, told["kind"], told["mode"], told["maximum"], at
        ):
            actions.require_usable(meant, **told, actor=person, at=at)
            return before_less(request, form, meant, back)
        made = actions.set_limit(meant, **told, actor=person, at=at)
    except Refused as refused:
        show_refusal(form, refused)
        return None
    messages.success(request, f"The limit of {made.level} counts within a second.")
    return redirect(back)


def before_less(request: HttpRequest, form: LimitForm, meant: Target, back: str) -> HttpResponse:
    """Whom a limit hits that refuses what is not refused so far."""
    told = form.told()
    met = import_string(settings.LIMIT_MET)(meant, told["kind"], told["maximum"], clock.now())
    return ask_first(
        request, f"Allow {Level(**meant.named)} {limit_words(told['kind'], told['maximum'])} at most?",
        toll_of("level", meant), button="Set it", words=f"Every gateway refuses what is more within a second. {met}", back=back,
        send={name: str(value) for name, value in request.POST.items() if name in form.fields} | {"confirmed": "1"},
    )  # fmt: skip


@require_POST
@login_required
def end(request: HttpRequest, number: int) -> HttpResponse:
    row = get_object_or_404(LevelLimit.objects.seen_by(signed_in(request)), pk=number)
    actions.end_limit(row.pk, actor=signed_in(request), at=clock.now())
    messages.success(request, "The limit has ended.")
    back = request.POST.get("back", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return redirect(back if safe else reverse("limits"))
