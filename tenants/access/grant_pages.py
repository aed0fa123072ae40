"""Pages of what was granted."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.module_loading import import_string
from django.views.decorators.http import require_POST, require_safe

from catalog import pauses
from foundry.lib import clock
from foundry.people.access import signed_in
from tenants.access import actions, rules
from tenants.access.actions.renewing import RENEW_DAYS, SUGGESTED, sized
from tenants.access.filters import GRANT_STATES, GrantFilter, in_state
from tenants.access.forms import WhyForm
from tenants.access.models import Decision, Grant, in_order
from tenants.access.periods import last_day
from tenants.access.terms_pages import open_terms
from tenants.access.views import page_of, team_choices
from tenants.teams import rules as team_rules
from tenants.teams.views import checked


@require_safe
@login_required
def grants(request: HttpRequest) -> HttpResponse:
    """Grants with their limits; within another page only the table."""
    person, at = signed_in(request), clock.now()
    seen = Grant.objects.seen_by(person)
    state = request.GET.get("state", "")
    found = GrantFilter(request.GET, queryset=in_state(seen.with_everything(at), state, at))
    page = page_of(request, found.qs if found.is_valid() else seen.none())
    add_use(page.object_list, at)
    context = {"page": page, "state": state, "team": request.GET.get("team")}
    if request.headers.get("HX-Request"):
        return render(request, "access/_grants.html", context)
    context |= {"states": GRANT_STATES, "teams": team_choices(person), "counts": counts(seen, at)}
    return render(request, "access/grants.html", context)


def add_use(rows: Sequence[Any], at: datetime) -> None:
    """What is used of each budget, as `limits_used` of (limit, share or None), and what pauses the grant's offer."""
    used = import_string(settings.GRANT_USE)([row.pk for row in rows], at)
    held = pauses.of_offers([row.offer for row in rows], at)
    for row in rows:
        row.state_now = row.state(at)
        row.pauses = held[row.offer_id]
        row.paused = pauses.in_force(row.pauses, at)
        row.limits_used = [
            (limit, used[row.pk][limit.kind] / limit.maximum if limit.kind in used[row.pk] else None)
            for limit in row.limits_then
        ]


def counts(seen: Any, at: datetime) -> dict[str, int]:
    """Live, suspended and soon ending grants, in one query each."""
    return {
        "live": seen.live(at).count(),
        "ending": in_state(seen, "ending", at).count(),
        "suspended": in_state(seen, "suspended", at).count(),
    }


@require_safe
@login_required
def grant(request: HttpRequest, number: int) -> HttpResponse:
    person, at = signed_in(request), clock.now()
    row = get_object_or_404(Grant.objects.seen_by(person).with_everything(at), pk=number)
    state = row.state(at)
    alive = state not in {"revoked", "ended"}
    add_use([row], at)
    context = {
        "grant": row,
        "state": state,
        "alive": alive,
        "history": history(row),
        "is_member": team_rules.is_member(row.team, person),
        "may_revoke": alive and rules.may_revoke(row, person),
        "may_suspend": alive and rules.may_suspend(person),
        "why": WhyForm(),
        "renewal": renewal_of(row, at) if alive and team_rules.is_member(row.team, person) else None,
        "open_terms": open_terms(row, person, at) if alive else None,
    }
    return render(request, "access/grant.html", context)


def renewal_of(row: Grant, at: datetime) -> dict[str, Any]:
    """What a renewal would ask for: the size it has, the size its use calls for, or the request that is open."""
    held = [(limit.kind, limit.maximum) for limit in row.limits_then]  # type: ignore[attr-defined]  # prefetched
    suggested = in_order(sized(row, SUGGESTED, at))
    return {
        "open": row.change_requests.open().first(),
        "same": held,
        "suggested": None if suggested == held else suggested,
        "until": last_day(row.ends_at) + timedelta(days=RENEW_DAYS),
    }


def history(row: Grant) -> list[dict[str, Any]]:
    """Each decision that shaped the grant, and its end, newest first."""
    decisions = Decision.objects.filter(
        request__in=[row.request_id, *row.change_requests.values_list("pk", flat=True)]
    )
    events = [
        {
            "at": each.at,
            "title": f"{each.step.label}: {each.outcome} by {each.actor}",
            "detail": each.reason,
            "tone": "good" if each.granted is not None else "bad",
        }
        for each in decisions.select_related("by", "on_behalf_of", "policy", "step")
    ]
    if row.suspended_at:
        events.append(
            {"at": row.suspended_at, "title": "Suspended", "detail": row.suspended_why, "tone": "warn"}
        )
    if row.revoked_at:
        events.append({"at": row.revoked_at, "title": "Revoked", "detail": row.revoked_why, "tone": "bad"})
    return sorted(events, key=lambda event: event["at"], reverse=True)


def grant_seen(request: HttpRequest, number: int) -> Grant:
    return get_object_or_404(Grant.objects.seen_by(signed_in(request)), pk=number)


@require_POST
@login_required
def grant_revoke(request: HttpRequest, number: int) -> HttpResponse:
    row = grant_seen(request, number)
    reason = checked(WhyForm(request.POST))["reason"]
    actions.revoke(row.pk, reason=reason, actor=signed_in(request), at=clock.now())
    messages.success(request, "The grant is revoked; its next call is refused.")
    return redirect("grant", row.pk)


@require_POST
@login_required
def grant_suspend(request: HttpRequest, number: int) -> HttpResponse:
    row = grant_seen(request, number)
    reason = checked(WhyForm(request.POST))["reason"]
    actions.suspend(row.pk, reason=reason, actor=signed_in(request), at=clock.now())
    messages.success(request, "The grant is suspended; its calls are refused until it is resumed.")
    return redirect("grant", row.pk)


@require_POST
@login_required
def grant_resume(request: HttpRequest, number: int) -> HttpResponse:
    row = grant_seen(request, number)
    actions.resume(row.pk, actor=signed_in(request), at=clock.now())
    messages.success(request, "The grant is live again.")
    return redirect("grant", row.pk)


@require_POST
@login_required
def grant_renew(request: HttpRequest, number: int) -> HttpResponse:
    """One click asks for more time, at the same or the suggested size."""
    row = grant_seen(request, number)
    asked = actions.renew(row.pk, size=request.POST.get("size", ""), actor=signed_in(request), at=clock.now())
    messages.success(request, "More time is asked for; this page shows who decides.")
    return redirect("request", asked.pk)
