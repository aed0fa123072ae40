"""`hits/`: whom it would hit if something ended now, as the page before such an act says it. Changes nothing."""

from collections.abc import Callable

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.models import Host, Offer
from foundry.api.toll import TollSerializer
from foundry.lib import clock
from foundry.lib.errors import Forbidden, Invalid
from foundry.people.access import signed_in
from foundry.people.models import Role, User
from tenants.access.models import Grant
from tenants.keys.models import ApiKey
from tenants.teams import rules as team_rules
from tenants.teams.models import Team
from tenants.usage import toll
from tenants.usage.toll import Toll

ASKED = [
    OpenApiParameter(
        "of", str, required=True, enum=["grant", "key", "offer", "host", "team", "member", "person"],
        description="What would end or be suspended. A member of a team is named by `team` and `id`.",
    ),
    OpenApiParameter("id", str, required=True, description="Its number; the slug of a host or team."),
    OpenApiParameter("team", str, description="The slug of the member's team."),
]  # fmt: skip


class HitsView(viewsets.ViewSet):
    """Ask it before `revoke`, `suspend`, `give-back`, `blocks/`, `deactivate`, `withdraw`, hiding, or switching off."""

    @extend_schema(parameters=ASKED, responses=TollSerializer)
    def list(self, request: Request) -> Response:
        """Whom it would hit if this ended now: applications, keys used lately, and a month of calls and cost."""
        asked = {name: request.query_params.get(name, "") for name in ("of", "id", "team")}
        found = ASKERS.get(asked["of"])
        if found is None:
            raise Invalid(
                "hits.unknown",
                f"of: there is no {asked['of']!r}.",
                remedy=f"One of {', '.join(ASKERS)}.",
                errors={"of": "Unknown."},
            )
        return Response(TollSerializer(found(asked, signed_in(request._request))).data)


def number(asked: dict[str, str]) -> int:
    """Raises Invalid."""
    if not asked["id"].isascii() or not asked["id"].isdigit() or len(asked["id"]) > 18:
        raise Invalid(
            "hits.unknown", "id: it is a number.", remedy="Send its number.", errors={"id": "A number."}
        )
    return int(asked["id"])


def of_grant(asked: dict[str, str], person: User) -> Toll:
    row = get_object_or_404(Grant.objects.seen_by(person), pk=number(asked))
    return toll.of_grants([row.pk], clock.now())


def of_key(asked: dict[str, str], person: User) -> Toll:
    row = get_object_or_404(ApiKey.objects.seen_by(person).distinct(), pk=number(asked))
    return toll.of_keys([row.pk], clock.now())


def of_offer(asked: dict[str, str], person: User) -> Toll:
    require(person, Role.ADMIN, Role.OPS)
    return toll.of_offers([get_object_or_404(Offer, pk=number(asked)).pk], clock.now())


def of_host(asked: dict[str, str], person: User) -> Toll:
    require(person, Role.ADMIN, Role.OPS)
    host = get_object_or_404(Host, slug=asked["id"])
    return toll.of_offers(list(host.offers.values_list("pk", flat=True)), clock.now())


def of_team(asked: dict[str, str], person: User) -> Toll:
    team, at = get_object_or_404(Team.objects.seen_by(person).distinct(), slug=asked["id"]), clock.now()
    return toll.of_grants(list(Grant.objects.in_force(at).filter(team=team).values_list("pk", flat=True)), at)


def of_member(asked: dict[str, str], person: User) -> Toll:
    team = get_object_or_404(Team.objects.seen_by(person).distinct(), slug=asked["team"])
    user = get_object_or_404(team.memberships.select_related("user"), user_id=number(asked)).user
    if user != person:
        team_rules.require_manager(team, person)
    left: Toll = toll.of_leaver(user, team, clock.now())["toll"]
    return left


def of_person(asked: dict[str, str], person: User) -> Toll:
    require(person, Role.ADMIN)
    left: Toll = toll.of_leaver(get_object_or_404(User, pk=number(asked)), None, clock.now())["toll"]
    return left


def require(person: User, *roles: str) -> None:
    if not person.is_any(*roles):
        raise Forbidden("hits.forbidden", f"Only {' and '.join(roles)} do that.", remedy="Ask an admin.")


ASKERS: dict[str, Callable[[dict[str, str], User], Toll]] = {
    "grant": of_grant, "key": of_key, "offer": of_offer, "host": of_host, "team": of_team, "member": of_member,
    "person": of_person,
}  # fmt: skip
