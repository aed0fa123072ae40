"""What a person's own teams have of the offers on a catalog page."""

from collections.abc import Collection
from typing import Any

from django.db.models import Count
from django.urls import reverse

from foundry.lib import clock
from foundry.people.models import User
from tenants.access.models import Grant, Request
from tenants.access.periods import last_day
from tenants.teams.models import Team

USERS_AT_MOST = 12


def askers(person: User) -> list[tuple[str, str]]:
    """(slug, name) of the person's own teams that are active."""
    return list(Team.objects.filter(memberships__user=person, closed_at=None).values_list("slug", "name"))


def my_access(offer_ids: Collection[int], person: User, team: str = "") -> dict[int, dict[str, str]]:
    """For each offer that the person's teams hold or ask for: word, tone, url. Two queries.

    :param team: the slug of the one team to speak of; empty speaks of all of them.
    """
    told: dict[int, dict[str, str]] = {}
    of_team = {"team__slug": team} if team else {}
    asked = Request.objects.open().filter(offer__in=offer_ids, team__memberships__user=person, **of_team)
    for request in asked.select_related("team").order_by("pk"):
        told[request.offer_id] = {
            "word": f"Asked for by {request.team.name}",
            "tone": "info",
            "url": reverse("request", args=[request.pk]),
        }
    at = clock.now()
    held = (
        Grant.objects.in_force(at)
        .judged(at)
        .filter(offer__in=offer_ids, team__memberships__user=person, **of_team)
    )
    for grant in held.select_related("team").order_by("ends_at"):
        told[grant.offer_id] = said_of(grant)
    return told


def said_of(grant: Any) -> dict[str, str]:
    """The grant that lasts longest is told last and stays."""
    url = reverse("grant", args=[grant.pk])
    if grant.state_then == "suspended":
        return {"word": f"Suspended for {grant.team.name}", "tone": "warn", "url": url}
    until = f"{grant.team.name} until {last_day(grant.ends_at):%Y-%m-%d}"
    return {"word": until, "tone": "good", "url": url}


def users(offer_ids: Collection[int], person: User) -> dict[str, Any]:
    """Teams with live grants to these offers: the first own ones (of all, for who sees all), the rest as counts.

    :returns: `rows`, by team; `more` with `url`, how many further grants a list shows; `others`, how many teams the
        person does not see. Five queries whatever their number.
    """
    live = Grant.objects.live(clock.now()).filter(offer__in=offer_ids)
    seen = live.filter(team__in=Team.objects.seen_by(person).values("pk"))
    others = live.exclude(team__in=Team.objects.seen_by(person).values("pk"))
    named = seen.select_related("team", "offer__model__publisher").prefetch_related("named__application")
    shown = list(named.order_by("team__name", "pk")[:USERS_AT_MOST])
    rows = [
        {
            "offer_id": grant.offer_id,
            "team": grant.team.name,
            "url": reverse("grant", args=[grant.pk]),
            "applications": [each.application.name for each in grant.named.all()],
            "until": last_day(grant.ends_at),
        }
        for grant in shown
    ]
    return {
        "rows": rows,
        "more": seen.count() - len(rows),
        "url": f"{reverse('grants')}?state=live&model={shown[0].offer.model}" if shown else "",
        "others": others.aggregate(teams=Count("team", distinct=True))["teams"],
    }
