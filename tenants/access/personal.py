"""What views of the API stand on: the caller, and rows that a body names."""

from typing import Any

from rest_framework import viewsets

from catalog.models import Offer
from foundry.people.access import signed_in
from foundry.people.models import User
from tenants.access.shapes import unknown
from tenants.teams.models import Application, Team

LARGEST_ID = 2**63 - 1


def team_called(slug: str, person: User) -> Team:
    team = Team.objects.seen_by(person).filter(slug=slug).first()
    if team is None:
        raise unknown("team", "team")
    return team


def offer_numbered(number: int, person: User) -> Offer:
    offer = Offer.objects.seen_by(person).with_names().filter(pk=number).first()
    if offer is None:
        raise unknown("offer", "offer")
    return offer


def application_called(name: int | str, team: Team) -> Application:
    """By id, or by slug within the team."""
    named = {"slug": name} if isinstance(name, str) else {"pk": min(name, LARGEST_ID)}
    application = team.applications.filter(**named).first()
    if application is None:
        raise unknown("application", f"application of {team.slug}")
    return application


class PersonalView(viewsets.ReadOnlyModelViewSet[Any]):
    """Rows that the caller may see; `required_scope` of an action is what a token needs for it."""

    required_scope: str | None = None
    lookup_value_regex = "[0-9]{1,18}"

    @property
    def person(self) -> User:
        return signed_in(self.request._request)

    @property
    def is_schema(self) -> bool:
        return getattr(self, "swagger_fake_view", False)
