"""For the home page: which models a person's teams could ask for at once, what others use most first; and what was begun."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Count
from django.urls import reverse

from catalog import prices
from catalog.models import Offer, Price
from catalog.states import Lifecycle
from foundry.people.models import User
from foundry.web.format import per_million
from tenants.access import drafts
from tenants.access.models import Draft, Grant, Request
from tenants.teams.models import Application

AT_MOST, LOOKED_AT = 5, 40


def lines(person: User, at: datetime) -> list[dict[str, Any]]:
    """At most five models that none of the person's teams holds or asks for, each led to its form. Seven queries."""
    if not Application.objects.filter(team__memberships__user=person, team__closed_at=None).exists():
        return []
    held = Grant.objects.in_force(at).filter(team__memberships__user=person)
    asked = Request.objects.open().filter(team__memberships__user=person)
    had = {pk for rows in (held, asked) for pk in rows.order_by().values_list("offer__model", flat=True)}
    teams = most_used(at)
    found = first_of_each_model(requestable(had, list(teams)))
    priced = prices.in_force([offer.pk for offer in found], at)
    return [line(offer, teams.get(offer.pk, 0), priced.get(offer.pk)) for offer in found]


def most_used(at: datetime) -> dict[int, int]:
    """The offers that most teams hold, the most used first, with how many."""
    live = Grant.objects.live(at).order_by().values("offer").annotate(teams=Count("team", distinct=True))
    return dict(live.order_by("-teams", "offer").values_list("offer", "teams")[:LOOKED_AT])


def requestable(had: set[int], first: list[int]) -> list[Offer]:
    """Offers of other models that take new use: those named first, then the newest."""
    closed = [Lifecycle.DEPRECATED, Lifecycle.RETIRED]
    offers = Offer.objects.filter(hidden=False).exclude(lifecycle__in=closed).exclude(model__in=had)
    reachable = offers.with_reach().filter(reach_rank=0).with_names()  # type: ignore[misc]  # annotated
    named = reachable.in_bulk(first)
    newest = reachable.order_by("-first_seen_at", "pk")[:LOOKED_AT]
    return [named[pk] for pk in first if pk in named] + list(newest)


def first_of_each_model(offers: Iterable[Offer]) -> list[Offer]:
    first: dict[int, Offer] = {}
    for offer in offers:
        first.setdefault(offer.model_id, offer)
    return list(first.values())[:AT_MOST]


def line(offer: Offer, teams: int, price: Price | None) -> dict[str, Any]:
    used = f"{teams} {'team uses' if teams == 1 else 'teams use'} it here. " if teams else ""
    costs = (
        f"{per_million(price.input_per_million)} per million tokens in." if price else "Its price is unknown."
    )
    return {
        "title": f"{offer.model.name} at {offer.host.name}",
        "detail": f"{used}{costs}",
        "url": form_of(offer.pk),
    }


def kept(person: User) -> list[dict[str, Any]]:
    """What this person began to ask for, the latest first. Three queries."""
    rows = list(Draft.objects.seen_by(person).with_names().order_by("-saved_at")[:AT_MOST])
    why = drafts.hindrances(rows, person)
    return [
        {
            "title": f"Your draft for {row.offer}",
            "detail": why.get(row.pk, "Not sent yet; only you see it."),
            "url": f"{reverse('requests')}#drafts" if row.pk in why else form_of(row.offer_id),
            "tone": "quiet",
            "at": row.saved_at,
            "when": "kept",
        }
        for row in rows
    ]


def form_of(offer_id: int) -> str:
    return f"{reverse('request-new')}?offer={offer_id}"
