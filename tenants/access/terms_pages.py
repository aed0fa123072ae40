"""Who has acknowledged terms, and the one click that does it."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Exists, OuterRef, Prefetch, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from catalog.models import Terms
from foundry.lib import clock
from foundry.lib.errors import Conflict
from foundry.people.access import signed_in
from foundry.people.models import User
from tenants.access import actions
from tenants.access.models import Acknowledgement, Grant
from tenants.teams import rules as team_rules
from tenants.teams.models import Team

AT_MOST = 50


@require_safe
@login_required
def acknowledgements(request: HttpRequest, slug: str) -> HttpResponse:
    """Teams with a grant under these terms or an acknowledgement of them; one's own can acknowledge."""
    person, at = signed_in(request), clock.now()
    newest = Terms.objects.newest().filter(slug=slug).first()
    if newest is None:
        raise Http404
    held = Grant.objects.in_force(at).filter(offer__terms__slug=slug)
    told = Acknowledgement.objects.filter(terms__slug=slug).order_by("-terms__version")
    teams = (
        Team.objects.seen_by(person)
        .filter(Q(pk__in=held.values("team")) | Q(pk__in=told.values("team")))
        .annotate(held=Count("grants", filter=Q(grants__in=held), distinct=True))
        .prefetch_related(Prefetch("acknowledgements", told.select_related("terms", "by"), to_attr="told"))
        .order_by("name")
    )
    mine = set(person.memberships.values_list("team", flat=True))
    rows = [acknowledged(team, newest, mine) for team in teams[:AT_MOST]]
    context = {
        "terms": newest,
        "rows": rows,
        "more": max(0, teams.count() - AT_MOST) if len(rows) == AT_MOST else 0,
    }
    return render(request, "access/_acknowledgements.html", context)


def acknowledged(team: Any, newest: Terms, mine: set[int]) -> dict[str, Any]:
    last = team.told[0] if team.told else None
    done = last is not None and last.terms_id == newest.pk
    return {
        "team": team,
        "last": last,
        "done": done,
        "may": not done and team.pk in mine and not team.closed_at,
    }


@require_POST
@login_required
def acknowledge(request: HttpRequest, slug: str) -> HttpResponse:
    """A member accepts, for the named team, the version that was read."""
    version = request.POST.get("version", "")
    known = version.isascii() and version.isdigit() and len(version) < 9
    terms = get_object_or_404(Terms, slug=slug, version=version if known else 0)
    team = get_object_or_404(Team.objects.seen_by(signed_in(request)), slug=request.POST.get("team", ""))
    actions.acknowledge(team, terms, actor=signed_in(request), at=clock.now())
    messages.success(request, f"{team} acknowledged {terms}.")
    return redirect("terms", slug)


@require_POST
@login_required
def grant_acknowledge(request: HttpRequest, number: int) -> HttpResponse:
    """The grant's team accepts the terms that its offer has now."""
    row = get_object_or_404(
        Grant.objects.seen_by(signed_in(request)).select_related("team", "offer__terms"), pk=number
    )
    if row.offer.terms is None:
        raise Conflict("terms.none", "This offer comes without terms.", remedy="Nothing is left to do.")
    actions.acknowledge(row.team, row.offer.terms, actor=signed_in(request), at=clock.now())
    messages.success(request, f"{row.team} acknowledged {row.offer.terms}.")
    return redirect("grant", number)


def open_terms(grant: Grant, person: User, at: datetime) -> dict[str, Any] | None:
    """What a grant's page says of terms that its team has not acknowledged; None where there is nothing to say."""
    terms = grant.offer.terms
    if terms is None or grant.team.acknowledgements.filter(terms=terms).exists():
        return None
    since = grant.offer.terms_from
    return {
        "terms": terms,
        "due": since if since and since > at else None,
        "may": team_rules.is_member(grant.team, person),
        "ruled_out": not terms.allow(grant.data_class),
    }


def terms_waiting(person: User, at: datetime) -> list[dict[str, Any]]:
    """A line for the home page for each of one's teams and terms that it has to acknowledge."""
    done = Acknowledgement.objects.filter(team=OuterRef("team"), terms=OuterRef("offer__terms"))
    rows = Grant.objects.in_force(at).filter(
        ~Exists(done), team__memberships__user=person, offer__terms__isnull=False
    )
    names = (
        "team__name",
        "offer__terms__slug",
        "offer__terms__title",
        "offer__terms__version",
        "offer__terms_from",
    )
    lines = []
    for row in rows.order_by().values(*names).annotate(grants=Count("pk")).order_by(*names)[:6]:
        since = row["offer__terms_from"]
        later = since is not None and since > at
        count = f"{row['grants']} grant{'s' if row['grants'] > 1 else ''}"
        lines.append(
            {
                "title": f"{row['team__name']} has to acknowledge {row['offer__terms__title']} v{row['offer__terms__version']}",
                "detail": f"Calls under {count} need it."
                if later
                else f"Calls under {count} are refused until then.",
                "url": reverse("terms", args=[row["offer__terms__slug"]]),
                "tone": "warn" if later else "bad",
                "at": since if later else None,
                "when": "from" if later else "",
            }
        )
    return lines
