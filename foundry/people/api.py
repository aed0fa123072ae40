"""`me/`: who calls."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from foundry.people.models import ApiToken, User


class MeTeamSerializer(serializers.Serializer[dict[str, str]]):
    slug = serializers.CharField()
    name = serializers.CharField()
    role = serializers.CharField()


class MeSerializer(serializers.Serializer[dict[str, object]]):
    email = serializers.EmailField()
    name = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())
    teams = MeTeamSerializer(many=True)
    token_scopes = serializers.ListField(child=serializers.CharField(), allow_null=True)


class MeView(viewsets.ViewSet):
    """Who I am, my site roles and teams, and what this token may do."""

    @extend_schema(responses=MeSerializer, operation_id="me")
    def list(self, request: Request) -> Response:
        person = request.user
        assert isinstance(person, User)
        teams = person.memberships.select_related("team")
        return Response(
            {
                "email": person.email,
                "name": person.name,
                "roles": sorted(person.roles),
                "teams": [{"slug": row.team.slug, "name": row.team.name, "role": row.role} for row in teams],
                "token_scopes": request.auth.scopes if isinstance(request.auth, ApiToken) else None,
            }
        )


def routes(router: BaseRouter) -> None:
    router.register("me", MeView, basename="me")
