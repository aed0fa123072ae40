"""Whose own keys end when they leave, and which keys of applications go on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q

from foundry.people.models import User
from tenants.keys.models import ApiKey, ApiKeyQuerySet
from tenants.teams.models import Application, Membership, Team


@dataclass(frozen=True, slots=True)
class Fate:
    """:param end: their own keys. :param go_on: keys of applications that they made or answer for."""

    end: Sequence[ApiKey]
    go_on: Sequence[ApiKey]


def within(team: Team | None, at: datetime) -> ApiKeyQuerySet:
    rows = ApiKey.objects.live(at).with_names()
    return rows if team is None else rows.filter(application__team=team)


def fate(person: User, team: Team | None, at: datetime) -> Fate:
    """What their leaving does to keys; `team` None is every team. Two queries."""
    rows = within(team, at)
    knows = Q(created_by=person) | Q(application__owner=person)
    return Fate(list(rows.filter(person=person)), list(rows.filter(knows, person=None)))


def left(person: User, team: Team | None, at: datetime) -> dict[str, Any]:
    """Revoke their own keys. Inside the leaving transaction; every gateway refuses them within a second."""
    keys = fate(person, team, at)
    why = "Its person was switched off." if team is None else "Its person left the team."
    ended = ApiKey.objects.filter(person=person, revoked_at=None)
    if team is not None:
        ended = ended.filter(application__team=team)
    ended.update(revoked_at=at, revoked_why=why)
    return {"keys": [key.prefix for key in keys.end], "keys_that_go_on": [key.prefix for key in keys.go_on]}


def of_application(application: Application, at: datetime) -> list[ApiKey]:
    """Its live keys with `maker_is_here`, the unknown makers' first. One query."""
    there = Membership.objects.filter(
        team=application.team, user=OuterRef("created_by"), user__is_active=True
    )
    rows = ApiKey.objects.live(at).filter(application=application).with_names()
    return list(rows.annotate(maker_is_here=Exists(there)).order_by("maker_is_here", "pk"))
