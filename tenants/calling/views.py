"""Why a key can call a model or not, whom a pause of a team or key hits, and one call to try it."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.pause_forms import PauseForm
from catalog.views.pauses import KEEPERS
from foundry.lib import clock
from foundry.lib.errors import Forbidden, Invalid, Refused
from foundry.people.access import signed_in, with_role
from tenants.access.models import Grant
from tenants.calling.explaining import BY_NAME, answer
from tenants.calling.trying import MOST_OUT, MOST_PROMPT, try_call
from tenants.gateway.dialects import CHAT
from tenants.keys import actions
from tenants.keys.models import ApiKey, CallerPause
from tenants.teams import rules as team_rules
from tenants.teams.models import Team
from tenants.usage.enforced import of_grant
from tenants.usage.impact import of_caller

PER_PAGE, MOST_KEYS = 25, 200


@require_safe
@login_required
def explain(request: HttpRequest) -> HttpResponse:
    """Of one key that the person may see; without one, only the form."""
    person, at = signed_in(request), clock.now()
    seen = ApiKey.objects.seen_by(person).with_names().distinct()
    asked = request.GET.get("key", "")
    context: dict[str, Any] = {
        "keys": seen.live(at)[:MOST_KEYS],
        "dialects": BY_NAME.values(),
        "asked_key": asked,
    }
    if asked:
        number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else 0
        key = get_object_or_404(seen, pk=number)
        model = request.GET.get("model", "").replace("\x00", "").strip()[:300]
        dialect = BY_NAME.get(request.GET.get("dialect", ""), CHAT)
        told = answer(key, model, dialect, at)
        context |= {"told": told, "listed": key in context["keys"]}
    return render(request, "calling/explain.html", context)


@require_safe
@login_required
def enforced(request: HttpRequest, number: int) -> HttpResponse:
    """Whether every gateway enforces a grant as it is; asks again by itself until they do."""
    grant = get_object_or_404(Grant.objects.seen_by(signed_in(request)).with_names().distinct(), pk=number)
    part = "_enforced" if request.headers.get("HX-Request") else "enforced"
    return render(request, f"calling/{part}.html", {"grant": grant, "enforced": of_grant(grant.pk)})


@require_safe
@login_required
def caller_pauses(request: HttpRequest) -> HttpResponse:
    """Paused teams and keys, the newest first; within the list of pauses only the table."""
    at = clock.now()
    rows = CallerPause.objects.seen_by(signed_in(request)).with_names().distinct()
    page = Paginator(rows.order_by("-starts_at", "-pk"), PER_PAGE).get_page(request.GET.get("page"))
    part = "_pauses" if request.headers.get("HX-Request") else "pauses"
    context = {"page": page, "rows": [(row, row.state(at)) for row in page]}
    return render(request, f"calling/{part}.html", context)


@require_http_methods(["GET", "POST"])
@with_role(*KEEPERS)
def pause_team(request: HttpRequest, slug: str) -> HttpResponse:
    return ask(request, get_object_or_404(Team, slug=slug))


@require_http_methods(["GET", "POST"])
@with_role(*KEEPERS)
def pause_key(request: HttpRequest, number: int) -> HttpResponse:
    return ask(request, get_object_or_404(ApiKey.objects.with_names(), pk=number))


def ask(request: HttpRequest, what: Team | ApiKey) -> HttpResponse:
    """Whom it hits is told first."""
    form, at = PauseForm(request.POST or None), clock.now()
    if request.method == "POST" and form.is_valid():
        try:
            row = actions.pause_caller(what, **form.told(at), actor=signed_in(request), at=at)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{what} is paused until {row.ends_at:%Y-%m-%d %H:%M:%S} UTC.")
            return back_to(what)
    own = {"team": what} if isinstance(what, Team) else {"key": what}
    context = {
        "form": form,
        "what": what,
        "is_team": isinstance(what, Team),
        "impact": of_caller(what, at),
        "pauses": [(row, row.state(at)) for row in CallerPause.objects.open(at).filter(**own).with_names()],
    }
    return render(request, "calling/pause.html", context, status=400 if form.errors else 200)


def back_to(what: Team | ApiKey) -> HttpResponseRedirect:
    return redirect("team", what.slug) if isinstance(what, Team) else redirect("keys")


@require_POST
@with_role(*KEEPERS)
def lift(request: HttpRequest, pause_id: int) -> HttpResponse:
    get_object_or_404(CallerPause, pk=pause_id)
    row = actions.lift_caller_pause(pause_id, actor=signed_in(request), at=clock.now())
    messages.success(request, f"{row.of} may call again.")
    return back_to(row.of)


@sensitive_post_parameters("key", "prompt")
@require_http_methods(["GET", "POST"])
@login_required
def try_it(request: HttpRequest, number: int) -> HttpResponse:
    """The form, and what one call brought. What was typed is in this answer only."""
    person = signed_in(request)
    grant = get_object_or_404(Grant.objects.seen_by(person).with_names().distinct(), pk=number)
    if not team_rules.is_member(grant.team, person):
        raise Forbidden(
            "try.member_only", f"Only members of {grant.team} try its grants.", remedy="Ask one of them."
        )
    context: dict[str, Any] = {"grant": grant, "most_prompt": MOST_PROMPT, "most_out": MOST_OUT}
    status = 200
    if request.method == "POST":
        context["prompt"] = request.POST.get("prompt", "")
        try:
            context["tried"] = try_call(grant, request.POST.get("key", "").strip(), context["prompt"], person)
        except Invalid as error:
            context["wrong"], status = str(error), 400
    part = "_try" if request.headers.get("HX-Request") else "try"
    return render(request, f"calling/{part}.html", context, status=status)
