"""`teams/`: teams, their members and applications."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from foundry.api.body import read
from foundry.lib import clock
from foundry.people.access import signed_in
from foundry.people.models import User
from tenants.teams import actions, rules
from tenants.teams.models import Application, Environment, Membership, Team

APPLICATION_ID = OpenApiParameter("application_id", int, OpenApiParameter.PATH)
USER_ID = OpenApiParameter("user_id", int, OpenApiParameter.PATH)


class TeamSerializer(serializers.ModelSerializer[Team]):
    cost_centre = serializers.CharField(source="cost_centre.code")

    class Meta:
        model = Team
        fields = ["slug", "name", "cost_centre", "created_at", "closed_at"]


class NewTeamSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField(max_length=50)
    name = serializers.CharField(max_length=120)
    cost_centre = serializers.CharField(max_length=20, help_text="Finance's code; an unknown one is added.")
    owner = serializers.EmailField(help_text="The first owner's address.")


class MemberSerializer(serializers.ModelSerializer[Membership]):
    id = serializers.IntegerField(source="user_id")
    email = serializers.EmailField(source="user.email")
    name = serializers.CharField(source="user.name")
    role = serializers.CharField(help_text="owner or member")

    class Meta:
        model = Membership
        fields = ["id", "email", "name", "role", "since"]


class NewMemberSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField()
    role = serializers.CharField(default=Membership.MEMBER, help_text="owner or member")


class RoleSerializer(serializers.Serializer[Any]):
    role = serializers.CharField(help_text="owner or member")


class ApplicationSerializer(serializers.ModelSerializer[Application]):
    environment = serializers.CharField()
    owner = serializers.EmailField(
        source="owner.email",
        default=None,
        allow_null=True,
        help_text="Who answers for it; null asks for somebody.",
    )

    class Meta:
        model = Application
        fields = ["id", "slug", "name", "environment", "owner", "created_at"]


class ApplicationOwnerSerializer(serializers.Serializer[Any]):
    owner = serializers.EmailField(help_text="Somebody of the team.")


class NewApplicationSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField(max_length=50)
    name = serializers.CharField(max_length=120)
    environment = serializers.CharField(help_text=", ".join(Environment.values))


class TeamView(viewsets.ReadOnlyModelViewSet[Team]):
    """Own teams; people with a site role see all. Admins set teams up, owners keep them."""

    serializer_class = TeamSerializer
    queryset = Team.objects.none()
    lookup_field = "slug"

    @property
    def person(self) -> User:
        return signed_in(self.request._request)

    def get_queryset(self) -> QuerySet[Team]:
        if getattr(self, "swagger_fake_view", False):
            return Team.objects.none()
        return Team.objects.seen_by(self.person).select_related("cost_centre")

    @extend_schema(request=NewTeamSerializer, responses={201: TeamSerializer})
    def create(self, request: Request) -> Response:
        fields = read(NewTeamSerializer, request)
        owner = rules.person_called(fields.pop("owner"), "owner")
        team = actions.create_team(**fields, owner=owner, actor=self.person, at=clock.now())
        return Response(TeamSerializer(team).data, status=status.HTTP_201_CREATED)

    def page(self, rows: QuerySet[Any], serializer: type[serializers.Serializer[Any]]) -> Response:
        return self.get_paginated_response(serializer(self.paginate_queryset(rows), many=True).data)

    @extend_schema(responses=MemberSerializer(many=True), operation_id="teams_members_list")
    @action(detail=True, methods=["get"], filter_backends=[])
    def members(self, request: Request, slug: str) -> Response:
        return self.page(self.get_object().memberships.select_related("user"), MemberSerializer)

    @extend_schema(request=NewMemberSerializer, responses={201: MemberSerializer})
    @members.mapping.post
    def add_member(self, request: Request, slug: str) -> Response:
        team, fields = self.get_object(), read(NewMemberSerializer, request)
        user = rules.person_called(fields["email"], "email")
        added = actions.add_member(team, user, fields["role"], actor=self.person, at=clock.now())
        return Response(MemberSerializer(added).data, status=status.HTTP_201_CREATED)

    @extend_schema(parameters=[USER_ID], request=RoleSerializer, responses=MemberSerializer)
    @action(detail=True, methods=["patch"], url_path=r"members/(?P<user_id>[0-9]+)", filter_backends=[])
    def member(self, request: Request, slug: str, user_id: str) -> Response:
        team, user = self.team_and_member(user_id)
        role = read(RoleSerializer, request)["role"]
        changed = actions.change_role(team, user, role, actor=self.person, at=clock.now())
        return Response(MemberSerializer(changed).data)

    @extend_schema(parameters=[USER_ID], request=None, responses={204: None})
    @member.mapping.delete
    def remove_member(self, request: Request, slug: str, user_id: str) -> Response:
        team, user = self.team_and_member(user_id)
        actions.remove_member(team, user, actor=self.person, at=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def team_and_member(self, user_id: str) -> tuple[Team, User]:
        team = self.get_object()
        return team, get_object_or_404(team.memberships.select_related("user"), user_id=user_id).user

    @extend_schema(responses=ApplicationSerializer(many=True), operation_id="teams_applications_list")
    @action(detail=True, methods=["get"], filter_backends=[])
    def applications(self, request: Request, slug: str) -> Response:
        return self.page(self.get_object().applications.select_related("owner"), ApplicationSerializer)

    @extend_schema(request=NewApplicationSerializer, responses={201: ApplicationSerializer})
    @applications.mapping.post
    def add_application(self, request: Request, slug: str) -> Response:
        team, fields = self.get_object(), read(NewApplicationSerializer, request)
        added = actions.add_application(team, **fields, actor=self.person, at=clock.now())
        return Response(ApplicationSerializer(added).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        parameters=[APPLICATION_ID], request=ApplicationOwnerSerializer, responses=ApplicationSerializer
    )
    @action(
        detail=True,
        methods=["patch"],
        url_path=r"applications/(?P<application_id>[0-9]{1,18})",
        filter_backends=[],
    )
    def application(self, request: Request, slug: str, application_id: str) -> Response:
        """Name who answers for it."""
        team = self.get_object()
        row = get_object_or_404(team.applications, pk=application_id)
        rules.require_manager(team, self.person)
        owner = rules.person_called(read(ApplicationOwnerSerializer, request)["owner"], "owner")
        named = actions.name_application_owner(row.pk, owner, actor=self.person, at=clock.now())
        return Response(ApplicationSerializer(named).data)


def routes(router: BaseRouter) -> None:
    router.register("teams", TeamView, basename="team")
