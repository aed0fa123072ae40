"""Keys: list, make, change, rotate, revoke; and the first call of a grant, which turns green when it came."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from foundry.lib import clock
from foundry.lib.errors import Invalid
from foundry.people.access import signed_in
from foundry.people.models import User
from foundry.web.confirm import ask_first, toll_of
from tenants.access.models import Grant
from tenants.access.views import team_choices
from tenants.keys import actions
from tenants.keys.first_call import first_call
from tenants.keys.forms import DAY_S, OVERLAPS, ChangeKeyForm, KeyForm, RevokeForm, RotateForm
from tenants.keys.models import ApiKey, CallerPause
from tenants.keys.rules import may_revoke, require_revoker
from tenants.teams import rules as team_rules
from tenants.teams.models import Membership

PER_PAGE = 25
UNUSED = [("7", "7 days"), ("30", "30 days"), ("90", "90 days")]


@require_http_methods(["GET", "POST"])
@login_required
def keys(request: HttpRequest) -> HttpResponse:
    """The list, and the form. A new secret is shown once, in the answer to the form that made it."""
    person = signed_in(request)
    form = KeyForm(person, request.POST or None, initial={"application": request.GET.get("application")})
    made = None
    if request.method == "POST" and form.is_valid():
        try:
            made = issue(form, person)
        except Invalid as error:
            wrong(form, error)
        else:
            form = KeyForm(person)
    return page(request, person, form, made)


def wrong(form: Form, error: Invalid) -> None:
    """Beside the field that it is about, or above all."""
    field = next((name for name in error.errors if name in form.fields), None)
    form.add_error(field, f"{error} {error.remedy}")


def issue(form: KeyForm, person: User) -> dict[str, Any]:
    key, secret = actions.issue_key(
        application=form.cleaned_data["application"],
        name=form.cleaned_data["name"],
        networks=form.cleaned_data["networks"],
        personal=form.cleaned_data["personal"],
        expires_at=form.expires_at(),
        actor=person,
        at=clock.now(),
    )
    return {"key": key, "secret": secret}


def page(request: HttpRequest, person: User, form: KeyForm, made: dict[str, Any] | None) -> HttpResponse:
    now = clock.now()
    rows = ApiKey.objects.seen_by(person).with_names().select_related("use").distinct()
    if team := request.GET.get("team"):
        rows = rows.filter(application__team__slug=team)
    unused = request.GET.get("unused", "")
    if unused in dict(UNUSED):
        rows = rows.unused(now, int(unused))
    elif request.GET.get("state", "live") == "live":
        rows = rows.live(now)
    listed = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    mine = set(Membership.objects.filter(user=person).values_list("team_id", flat=True))
    is_admin = person.is_any("admin")
    held = CallerPause.objects.holding(list(listed), now)
    shown = [
        {
            "key": key,
            "paused": held.get(key.pk),
            "state": key.state(now),
            "unused_days": key.unused_days(now),
            "may_revoke": is_admin or key.application.team_id in mine,
            "may_rotate": key.application.team_id in mine and key.person_id in {None, person.pk},
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
        "unused": unused,
        "unused_choices": UNUSED,
        "teams": team_choices(person),
        "may_make": bool(mine),
        "gateway": settings.GATEWAY_URL,
        "curl": curl(made),
    }
    return render(request, "keys/keys.html", context, status=400 if form.errors else 200)


def curl(made: dict[str, Any] | None) -> str:
    """A call with the new key: what it may call, asked from the gateway."""
    if made is None:
        return ""
    return f'curl -s {settings.GATEWAY_URL}/v1/models -H "Authorization: Bearer {made["secret"]}"'


@require_http_methods(["GET", "POST"])
@login_required
def one(request: HttpRequest, number: int) -> HttpResponse:
    """What one key opens, from where and until when; its team's members change that."""
    person, at = signed_in(request), clock.now()
    seen = ApiKey.objects.seen_by(person).with_names().prefetch_related("grants__offer__model").distinct()
    key = get_object_or_404(seen, pk=number)
    form = ChangeKeyForm(key, at, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            change(key, form, person)
        except Invalid as error:
            wrong(form, error)
        else:
            messages.success(request, f"{key.prefix}… is changed; every gateway follows within a second.")
            return redirect("key", key.pk)
    context = {
        "key": key,
        "state": key.state(at),
        "unused_days": key.unused_days(at),
        "form": form,
        "rotating": RotateForm(initial={"overlap_s": DAY_S}),
        "may_change": team_rules.is_member(key.application.team, person)
        and key.person_id in {None, person.pk},
        "may_revoke": may_revoke(key, person),
    }
    return render(request, "keys/key.html", context, status=400 if form.errors else 200)


def change(key: ApiKey, form: ChangeKeyForm, person: User) -> None:
    actions.change_key(
        key.pk,
        name=form.cleaned_data["name"],
        grants=list(form.cleaned_data["grants"]),
        networks=form.cleaned_data["networks"],
        expires_at=form.expires_at(),
        actor=person,
        at=clock.now(),
    )


@require_POST
@login_required
def rotate(request: HttpRequest, number: int) -> HttpResponse:
    """A new secret beside the old one, which goes on for a day unless another time is chosen."""
    person = signed_in(request)
    key = get_object_or_404(ApiKey.objects.seen_by(person).distinct(), pk=number)
    form = RotateForm(request.POST)
    overlap_s = int(form.cleaned_data["overlap_s"]) if form.is_valid() else DAY_S
    new, secret = actions.rotate_key(key.pk, overlap_s=overlap_s, actor=person, at=clock.now())
    lasts = f"goes on for {dict(OVERLAPS)[overlap_s]}" if overlap_s else "is revoked"
    messages.success(request, f"The old key {key.prefix}… {lasts}.")
    return page(request, person, KeyForm(person), {"key": new, "secret": secret})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def revoke(request: HttpRequest, number: int) -> HttpResponse:
    """First whom it hits, then the act."""
    person = signed_in(request)
    key = get_object_or_404(ApiKey.objects.seen_by(person).with_names().distinct(), pk=number)
    if request.method != "POST":
        require_revoker(key, person)
        return ask_first(
            request, f"Revoke {key.name} of {key.application}?", toll_of("keys", [key.pk]), button="Revoke now",
            words="Every gateway refuses it within a second, for good. Rotate it instead to change without a break.",
            back=reverse("key", args=[key.pk]), form=RevokeForm(),
        )  # fmt: skip
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
