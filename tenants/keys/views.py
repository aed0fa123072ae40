"""Keys: list, make, rotate, revoke; and the first call of a grant, which turns green when it came."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from foundry.lib import clock
from foundry.people.access import signed_in
from foundry.people.models import User
from tenants.access.models import Grant
from tenants.access.views import team_choices
from tenants.keys import actions
from tenants.keys.first_call import first_call
from tenants.keys.forms import KeyForm, RevokeForm
from tenants.keys.models import ApiKey, KeyUse
from tenants.teams import rules as team_rules
from tenants.teams.models import Membership

PER_PAGE = 25
OVERLAP_S = 86_400


@require_http_methods(["GET", "POST"])
@login_required
def keys(request: HttpRequest) -> HttpResponse:
    """The list, and the form. A new secret is shown once, in the answer to the form that made it."""
    person = signed_in(request)
    form = KeyForm(person, request.POST or None, initial={"application": request.GET.get("application")})
    made = None
    if request.method == "POST" and form.is_valid():
        made = issue(form, person)
        form = KeyForm(person)
    return page(request, person, form, made)


def issue(form: KeyForm, person: User) -> dict[str, Any]:
    ends = form.cleaned_data["expires_on"]
    key, secret = actions.issue_key(
        application=form.cleaned_data["application"],
        name=form.cleaned_data["name"],
        expires_at=datetime.combine(ends + timedelta(days=1), time(), UTC) if ends else None,
        actor=person,
        at=clock.now(),
    )
    return {"key": key, "secret": secret}


def page(request: HttpRequest, person: User, form: KeyForm, made: dict[str, Any] | None) -> HttpResponse:
    now = clock.now()
    rows = ApiKey.objects.seen_by(person).with_names().select_related("use").distinct()
    if team := request.GET.get("team"):
        rows = rows.filter(application__team__slug=team)
    if request.GET.get("state", "live") == "live":
        rows = rows.live(now)
    listed = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    mine = set(Membership.objects.filter(user=person).values_list("team_id", flat=True))
    is_admin = person.is_any("admin")
    shown = [
        {
            "key": key,
            "state": key.state(now),
            "used": last_used(key),
            "may_revoke": is_admin or key.application.team_id in mine,
            "may_rotate": key.application.team_id in mine,
        }
        for key in listed
    ]
    context = {
        "form": form,
        "made": made,
        "page": listed,
        "rows": shown,
        "state": request.GET.get("state", "live"),
        "team": team,
        "teams": team_choices(person),
        "may_make": bool(mine),
        "gateway": settings.GATEWAY_URL,
        "curl": curl(made),
    }
    return render(request, "keys/keys.html", context, status=400 if form.errors else 200)


def last_used(key: ApiKey) -> datetime | None:
    use: KeyUse | None = getattr(key, "use", None)
    return use.last_used_at if use else None


def curl(made: dict[str, Any] | None) -> str:
    """A call with the new key: what it may call, asked from the gateway."""
    if made is None:
        return ""
    return f'curl -s {settings.GATEWAY_URL}/v1/models -H "Authorization: Bearer {made["secret"]}"'


@require_POST
@login_required
def rotate(request: HttpRequest, number: int) -> HttpResponse:
    """A new secret beside the old one, which goes on for a day."""
    person = signed_in(request)
    key = get_object_or_404(ApiKey.objects.seen_by(person).distinct(), pk=number)
    new, secret = actions.rotate_key(key.pk, overlap_s=OVERLAP_S, actor=person, at=clock.now())
    messages.success(request, f"The old key {key.prefix}… goes on for a day.")
    return page(request, person, KeyForm(person), {"key": new, "secret": secret})


@require_POST
@login_required
def revoke(request: HttpRequest, number: int) -> HttpResponse:
    person = signed_in(request)
    key = get_object_or_404(ApiKey.objects.seen_by(person).with_names().distinct(), pk=number)
    form = RevokeForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    actions.revoke_key(key.pk, reason=reason, actor=person, at=clock.now())
    messages.success(request, f"{key.prefix}… is revoked; every gateway refuses it within a second.")
    return redirect("keys")


@require_http_methods(["GET", "POST"])
@login_required
def grant_first_call(request: HttpRequest, number: int) -> HttpResponse:
    """Key, base URL, model and snippet; as a part of the grant's page, or a page where scripts are off.

    It polls itself until the first call came.
    """
    person = signed_in(request)
    grant = get_object_or_404(Grant.objects.seen_by(person).with_names().distinct(), pk=number)
    secret = None
    if request.method == "POST":
        application = get_object_or_404(
            grant.applications.select_related("team"), slug=request.POST.get("application", "")
        )
        _, secret = actions.issue_key(
            application=application, name=f"grant {grant.pk}", actor=person, at=clock.now()
        )
    may_make = team_rules.is_member(grant.team, person)
    context = {"grant": grant, "may_make": may_make, **first_call(grant, secret, clock.now())}
    part = "_first_call" if request.headers.get("HX-Request") else "first_call"
    return render(request, f"keys/{part}.html", context)
