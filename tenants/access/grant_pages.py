"""Pages of what was granted."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.module_loading import import_string
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog import pauses
from foundry.lib import clock
from foundry.people.access import signed_in
from foundry.web.confirm import ask_first, toll_of
from tenants.access import actions, blocks, grant_rules, moving_rules, raise_rules, rules
from tenants.access.actions.renewing import RENEW_DAYS, SUGGESTED, sized
from tenants.access.filters import GRANT_STATES, GrantFilter, in_state, read_moment
from tenants.access.forms import WhyForm
from tenants.access.made import made_of
from tenants.access.models import Block, Decision, Grant, in_order
from tenants.access.move_pages import moves_of
from tenants.access.periods import last_day
from tenants.access.raise_pages import raises_of
from tenants.access.terms_pages import open_terms
from tenants.access.views import page_of, team_choices
from tenants.teams import rules as team_rules
from tenants.teams.views import checked


@require_safe
@login_required
def grants(request: HttpRequest) -> HttpResponse:
    """Grants with their limits; within another page only the table."""
    person, then = signed_in(request), asked_moment(request)
    at = then or clock.now()
    seen = Grant.objects.seen_by(person)
    state = request.GET.get("state", "")
    existing = seen.in_force(at) if then else seen
    found = GrantFilter(request.GET, queryset=in_state(existing.with_everything(at), state, at))
    page = page_of(request, found.qs if found.is_valid() else seen.none())
    add_use(page.object_list, at)
    context = {"page": page, "state": state, "team": request.GET.get("team"), "then": then}
    if request.headers.get("HX-Request"):
        return render(request, "access/_grants.html", context)
    context |= {"states": GRANT_STATES, "teams": team_choices(person), "counts": counts(seen, at)}
    return render(request, "access/grants.html", context)


def asked_moment(request: HttpRequest) -> datetime | None:
    """The moment in the address, `?at=`; None means now. Raises Invalid."""
    asked = request.GET.get("at", "").strip()
    return read_moment(asked) if asked else None


def add_use(rows: Sequence[Any], at: datetime) -> None:
    """What is used of each budget, as `limits_used` of (limit, share or None), and what pauses the grant's offer."""
    used = import_string(settings.GRANT_USE)([row.pk for row in rows], at)
    held = pauses.of_offers([row.offer for row in rows], at)
    for row in rows:
        row.state_now = row.state_then
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
    person, then = signed_in(request), asked_moment(request)
    at = then or clock.now()
    rows = Grant.objects.seen_by(person).with_everything(at).select_related("decision__request")
    row = get_object_or_404(rows, pk=number)
    state = row.state_then
    alive = then is None and state not in {"revoked", "ended"}
    add_use([row], at)
    blocks.attach([row], at)
    context = {
        "grant": row,
        "state": state,
        "alive": alive,
        "then": then,
        "history": [event for event in history(row) if event["at"] <= at],
        "is_member": team_rules.is_member(row.team, person),
        "may_revoke": alive and grant_rules.may_revoke(row, person),
        "may_suspend": alive and grant_rules.may_suspend(person),
        "may_ask_again": then is None and not alive and team_rules.is_member(row.team, person),
        "renewal": renewal_of(row, at) if alive and team_rules.is_member(row.team, person) else None,
        "open_terms": open_terms(row, person, at) if alive else None,
        "may_raise": alive and state == "live" and raise_rules.may_raise(row, person),
        "may_break_glass": alive and state == "live" and raise_rules.may_break_glass(row, person),
        "may_move": alive
        and state == "live"
        and moving_rules.may_move(row, person)
        and moving_rules.takers(row, at).exists(),
        "may_end_raise": [held.pk for held in row.raises_then if raise_rules.may_end(held, person)],
    }
    return render(request, "access/grant.html", context)


def renewal_of(row: Grant, at: datetime) -> dict[str, Any]:
    """What a renewal would ask for: the size it has, the size its use calls for, or the request that is open."""
    held = list(row.limits.granted_at(at).in_order().values_list("kind", "maximum"))
    suggested = in_order(sized(row, SUGGESTED, at))
    return {
        "open": row.change_requests.open().first(),
        "same": held,
        "suggested": None if suggested == held else suggested,
        "ownerless": not team_rules.has_owner(row.team),
        "until": last_day(row.ends_at) + timedelta(days=RENEW_DAYS),
    }


def history(row: Grant) -> list[dict[str, Any]]:
    """Each decision that shaped the grant, and its end, newest first."""
    decisions = Decision.objects.filter(
        request__in=[row.request_id, *row.change_requests.values_list("pk", flat=True)]
    )
    made = made_of(row)
    events = [
        {
            "at": each.at,
            "title": f"{each.step.label}: {each.outcome} by {each.actor}",
            "detail": ". ".join(said.rstrip(".") for said in (made.get(each.pk), each.reason) if said),
            "tone": "good" if each.granted is not None else "bad",
        }
        for each in decisions.select_related("by", "on_behalf_of", "policy", "step")
    ]
    events += raises_of(row) + moves_of(row)
    for block in Block.objects.with_names().filter(Q(grant=row) | Q(grant=None, team=row.team)):
        if block.until and block.until <= row.starts_at:
            continue
        whole = "The team was suspended" if block.grant_id is None else "Suspended"
        said = f"{whole} by {block.by}" if block.by else whole
        events.append({"at": block.since, "title": said, "detail": block.why, "tone": "warn"})
        if block.until:
            lifted = f"Suspension lifted by {block.ended_by}"
            events.append({"at": block.until, "title": lifted, "detail": block.why, "tone": "good"})
    if row.revoked_at:
        events.append({"at": row.revoked_at, "title": "Revoked", "detail": row.revoked_why, "tone": "bad"})
    return sorted(events, key=lambda event: event["at"], reverse=True)


def grant_seen(request: HttpRequest, number: int) -> Grant:
    return get_object_or_404(Grant.objects.seen_by(signed_in(request)), pk=number)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def grant_revoke(request: HttpRequest, number: int) -> HttpResponse:
    row, at = grant_seen(request, number), clock.now()
    if request.method != "POST":
        rules.refuse_unless(
            grant_rules.may_revoke(row, signed_in(request)), "an admin or an owner of the team"
        )
        return before_stop(
            request, row, "Revoke", "Its next call is refused, for good. Access again needs a request."
        )
    reason = checked(WhyForm(request.POST))["reason"]
    actions.revoke(row.pk, reason=reason, actor=signed_in(request), at=at)
    messages.success(request, "The grant is revoked; its next call is refused.")
    return redirect("grant", row.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def grant_suspend(request: HttpRequest, number: int) -> HttpResponse:
    row, at = grant_seen(request, number), clock.now()
    if request.method != "POST":
        rules.refuse_unless(grant_rules.may_suspend(signed_in(request)), "an admin")
        return before_stop(
            request, row, "Suspend", "Its calls are refused until this reason is lifted; its dates go on."
        )
    reason = checked(WhyForm(request.POST))["reason"]
    actions.suspend(row.pk, reason=reason, actor=signed_in(request), at=at)
    messages.success(request, "The grant is suspended; its calls are refused until every reason is lifted.")
    return redirect("grant", row.pk)


def before_stop(request: HttpRequest, row: Grant, verb: str, words: str) -> HttpResponse:
    """The page before an act: whom it hits, why, and the button."""
    name = Grant.objects.with_names().get(pk=row.pk)
    return ask_first(
        request, f"{verb} {name.offer.model.name} for {name.team}?", toll_of("grants", [row.pk]), button=verb, words=words,
        form=WhyForm(), back=reverse("grant", args=[row.pk]),
    )  # fmt: skip


@require_POST
@login_required
def grant_resume(request: HttpRequest, number: int) -> HttpResponse:
    row, block, at = grant_seen(request, number), request.POST.get("block", ""), clock.now()
    chosen = int(block) if block.isascii() and block.isdigit() and len(block) < 19 else None
    actions.resume(row.pk, block=chosen, actor=signed_in(request), at=at)
    live = row.state(at) == "live"
    messages.success(
        request, "The grant is live again." if live else "Lifted; something else still blocks the grant."
    )
    return redirect("grant", row.pk)


@require_POST
@login_required
def grant_renew(request: HttpRequest, number: int) -> HttpResponse:
    """One click asks for more time, at the same or the suggested size."""
    row = grant_seen(request, number)
    asked = actions.renew(row.pk, size=request.POST.get("size", ""), actor=signed_in(request), at=clock.now())
    messages.success(request, "More time is asked for; this page shows who decides.")
    return redirect("request", asked.pk)
