"""`me/`: who calls. `people/`: everybody, for admins."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from foundry.api.body import read
from foundry.lib import clock
from foundry.people import actions
from foundry.people.access import signed_in
from foundry.people.models import ApiToken, Role, User


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


class PersonSerializer(serializers.ModelSerializer[User]):
    roles = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ["id", "email", "name", "is_active", "roles", "joined_at"]

    @extend_schema_field({"type": "array", "items": {"type": "string"}})
    def get_roles(self, person: User) -> list[str]:
        return sorted(row.role for row in person.site_roles.all())


class DeactivateSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=200)


class PeopleView(viewsets.ReadOnlyModelViewSet[User]):
    """Everybody, for admins; empty for others."""

    serializer_class = PersonSerializer
    filter_backends = ()
    queryset = User.objects.none()
    required_scope: str | None = None
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[User]:
        if getattr(self, "swagger_fake_view", False) or not self.person.is_any(Role.ADMIN):
            return User.objects.none()
        return User.objects.prefetch_related("site_roles").order_by("-pk")

    @property
    def person(self) -> User:
        return signed_in(self.request._request)

    @extend_schema(request=DeactivateSerializer, responses=PersonSerializer)
    @action(detail=True, methods=["post"], required_scope="admin")
    def deactivate(self, request: Request, pk: str) -> Response:
        """Switch somebody off: their sessions, tokens and own keys end at once."""
        row, body = self.get_object(), read(DeactivateSerializer, request)
        actions.deactivate_person(row.pk, **body, actor=self.person, at=clock.now())
        return Response(PersonSerializer(self.get_object()).data)

    @extend_schema(request=None, responses=PersonSerializer)
    @action(detail=True, methods=["post"], required_scope="admin")
    def reactivate(self, request: Request, pk: str) -> Response:
        """Let somebody sign in again; what ended stays ended."""
        actions.reactivate_person(self.get_object().pk, actor=self.person, at=clock.now())
        return Response(PersonSerializer(self.get_object()).data)


def routes(router: BaseRouter) -> None:
    router.register("me", MeView, basename="me")
    router.register("people", PeopleView, basename="person")
