"""Pages to raise limits for a while, to break the glass, and to review it."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundry.lib import clock
from foundry.lib.errors import Conflict, Invalid
from foundry.people.access import signed_in, with_role
from foundry.people.models import User
from foundry.web.confirm import ask_first, toll_of
from foundry.web.format import limit_words
from tenants.access import actions, deciders, raise_rules, rules
from tenants.access.actions.raising import CONCERNED, reviewers
from tenants.access.headroom import headroom
from tenants.access.models import Grant, Limit, Raise, RaiseRules, in_order
from tenants.access.policy_pages import READERS
from tenants.access.raise_forms import AboveForm, GlassForm, RaiseForm, ReviewForm, RulesForm
from tenants.access.rules_page import rules_page


def grant_to_raise(request: HttpRequest, number: int) -> Grant:
    rows = Grant.objects.seen_by(signed_in(request)).with_names().select_related("decision__request")
    return get_object_or_404(rows, pk=number)


def form_page(
    request: HttpRequest, grant: Grant, form: AboveForm, at: datetime, *, glass: bool
) -> HttpResponse:
    context: dict[str, Any] = {
        "grant": grant,
        "form": form,
        "glass": glass,
        "laid": RaiseRules.objects.current(),
        "running": grant.raises.running(at).select_related("by"),
        "headroom": headroom(grant.offer, at),
        "hearers": hearers(grant, signed_in(request)) if glass else "",
    }
    return render(request, "access/raise_form.html", context, status=400 if form.errors else 200)


def hearers(grant: Grant, but: User) -> str:
    """Everybody who is told of a broken glass, in words."""
    names = deciders.names_by_role(CONCERNED, team=grant.team, offer=grant.offer, but=but)
    return deciders.who(CONCERNED, names)


@require_http_methods(["GET", "POST"])
@login_required
def grant_raise(request: HttpRequest, number: int) -> HttpResponse:
    """For an approver of another team's grant."""
    grant, person, at = grant_to_raise(request, number), signed_in(request), clock.now()
    raise_rules.require_raiser(grant, person)
    raise_rules.require_live(grant, at)
    form = RaiseForm(request.POST or None, held=raise_rules.granted(grant))
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.raise_limits(
                grant.pk, limits=form.limits, ends_at=form.ends_at(at), reason=form.cleaned_data["reason"],
                actor=person, at=at,
            )  # fmt: skip
        except (Invalid, Conflict) as refused:
            form.tell(refused)
        else:
            messages.success(
                request, f"Raised until {made.ends_at:%Y-%m-%d %H:%M} UTC; then it falls by itself."
            )
            return redirect("grant", grant.pk)
    return form_page(request, grant, form, at, glass=False)


@require_http_methods(["GET", "POST"])
@login_required
def grant_break_glass(request: HttpRequest, number: int) -> HttpResponse:
    """For an owner of the grant's team."""
    grant, person, at = grant_to_raise(request, number), signed_in(request), clock.now()
    if not raise_rules.may_break_glass(grant, person):
        raise PermissionDenied
    laid = RaiseRules.objects.current()
    raise_rules.require_live(grant, at)
    raise_rules.require_glass(grant, laid, at)
    form = GlassForm(request.POST or None, held=raise_rules.granted(grant), laid=laid)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.break_glass(
                grant.pk, limits=form.limits, hours=form.cleaned_data["hours"], reason=form.cleaned_data["reason"],
                actor=person, at=at,
            )  # fmt: skip
        except (Invalid, Conflict) as refused:
            form.tell(refused)
        else:
            messages.success(
                request,
                f"Raised until {made.ends_at:%Y-%m-%d %H:%M} UTC. Everybody concerned is told, and it is reviewed.",
            )
            return redirect("raise", made.pk)
    return form_page(request, grant, form, at, glass=True)


def raise_seen(request: HttpRequest, number: int) -> Raise:
    rows = Raise.objects.seen_by(signed_in(request)).with_names()
    return get_object_or_404(
        rows.select_related("grant__request", "grant__decision__request", "rules"), pk=number
    )


@require_safe
@login_required
def raise_page(request: HttpRequest, number: int) -> HttpResponse:
    return one_raise(request, raise_seen(request, number))


def one_raise(request: HttpRequest, row: Raise, form: ReviewForm | None = None) -> HttpResponse:
    """What was raised, by whom and why, and the form of who may review it."""
    person, at = signed_in(request), clock.now()
    before = dict(Limit.objects.granted_at(row.at).filter(grant=row.grant).values_list("kind", "maximum"))
    glass = row.review_due_at is not None
    waits = glass and row.reviewed_at is None
    context = {
        "row": row,
        "state": row.state(at),
        "lines": [(kind, before.get(kind), maximum) for kind, maximum in in_order(row.limits)],
        "glass": glass,
        "overdue": waits and row.review_due_at is not None and row.review_due_at < at,
        "reviewers": deciders.words([user.name for user in reviewers(row)]) if waits else "",
        "may_end": row.state(at) == "running" and raise_rules.may_end(row, person),
        "form": (form or ReviewForm()) if waits and raise_rules.may_review(row, person) else None,
    }
    return render(request, "access/raise.html", context, status=400 if form is not None else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def raise_end(request: HttpRequest, number: int) -> HttpResponse:
    """First whom it hits, then the act."""
    row = raise_seen(request, number)
    if request.method != "POST":
        rules.refuse_unless(
            raise_rules.may_end(row, signed_in(request)), "who raised it, an owner, or an approver"
        )
        return ask_first(
            request, f"End the raise of {row.grant.offer.model.name} for {row.grant.team}?", toll_of("grants", [row.grant_id]),
            button="End it now", words="What was granted counts again at once; calls above it are refused.",
            back=reverse("raise", args=[number]),
        )  # fmt: skip
    actions.end_raise(row.pk, actor=signed_in(request), at=clock.now())
    messages.success(request, "Ended; what was granted counts again.")
    return redirect("grant", row.grant_id)


@require_POST
@login_required
def raise_review(request: HttpRequest, number: int) -> HttpResponse:
    """Close a broken glass as justified or not."""
    row, person, form = raise_seen(request, number), signed_in(request), ReviewForm(request.POST)
    if not raise_rules.may_review(row, person):
        raise PermissionDenied
    if not form.is_valid():
        return one_raise(request, row, form)
    actions.review(row.pk, **form.cleaned_data, actor=person, at=clock.now())
    messages.success(request, "Reviewed. The team reads what you found.")
    return redirect("raise", row.pk)


@require_http_methods(["GET", "POST"])
@with_role(*READERS)
def raise_rules_page(request: HttpRequest) -> HttpResponse:
    """What may be raised; an admin changes it."""
    form = RulesForm(RaiseRules.objects.current(), request.POST or None)
    saved = "These rules count for every raise from now on."
    return rules_page(
        request, form, actions.set_raise_rules, RaiseRules.objects.all(), saved=saved, name="raise-rules"
    )


def raises_of(grant: Grant) -> list[dict[str, Any]]:
    """A grant's raises, as its history tells them."""
    rows = grant.raises.select_related("by", "ended_by", "reviewed_by")
    return [event for held in rows for event in told(held)]


def told(held: Raise) -> list[dict[str, Any]]:
    """A raise, its early end and its review, as history tells them."""
    sizes = ", ".join(limit_words(*pair) for pair in held.limits_in_order)
    verb = "broke the glass" if held.review_due_at else "raised"
    events = [
        {
            "at": held.at,
            "title": f"{held.by} {verb}: {sizes}, until {held.ends_at:%Y-%m-%d %H:%M} UTC",
            "detail": held.reason,
            "tone": "warn" if held.review_due_at else "info",
        }
    ]
    if held.ended_at:
        by = f" by {held.ended_by}" if held.ended_by else " with the decision"
        events.append({"at": held.ended_at, "title": f"The raise ended{by}", "detail": "", "tone": "quiet"})
    if held.reviewed_at:
        word, tone = ("justified", "good") if held.justified else ("not justified", "bad")
        title = f"{held.reviewed_by} found the broken glass {word}"
        events.append({"at": held.reviewed_at, "title": title, "detail": held.finding, "tone": tone})
    return events
