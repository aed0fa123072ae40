"""`explain/` and `caller-pauses/`."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from catalog.asked import Asked
from catalog.pause_api import ImpactSerializer, NewPauseSerializer, end_of
from catalog.rules import require_operator
from foundry.api.auth import needs_scope
from foundry.api.body import read
from foundry.lib import clock
from foundry.lib.errors import Invalid
from tenants.calling import shapes
from tenants.calling.explaining import BY_NAME, answer
from tenants.keys import actions
from tenants.keys.models import ApiKey, CallerPause
from tenants.teams.models import Team
from tenants.usage.impact import of_caller

ASKED = [
    OpenApiParameter("key", int, required=True, description="The id of a key that you may see."),
    OpenApiParameter("model", str, required=True, description="publisher/model, or host:publisher/model."),
    OpenApiParameter(
        "dialect", str, enum=list(BY_NAME), description="How it would be asked; chat unless said."
    ),
]


class ExplainView(Asked, viewsets.ViewSet):
    """Why a key can, or cannot, call a model now: the gateway's own checks in its own order."""

    @extend_schema(parameters=ASKED, responses=shapes.ExplainedSerializer, operation_id="explain")
    def list(self, request: Request) -> Response:
        asked = shapes.AskedSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        fields = asked.validated_data
        key = get_object_or_404(ApiKey.objects.seen_by(self.person).with_names().distinct(), pk=fields["key"])
        return Response(shapes.told(answer(key, fields["model"], BY_NAME[fields["dialect"]], clock.now())))


class NewCallerPauseSerializer(NewPauseSerializer):
    """Of a team, by slug, or of a key, by id."""

    team = serializers.CharField(required=False, max_length=50)
    key = serializers.IntegerField(required=False, min_value=1, max_value=2**62)


class CallerPauseView(Asked, viewsets.ReadOnlyModelViewSet[CallerPause]):
    """Teams and keys whose calls were, are or will be refused for a while, newest first."""

    serializer_class = shapes.CallerPauseSerializer
    queryset = CallerPause.objects.none()
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[CallerPause]:
        if self.nobody:
            return CallerPause.objects.none()
        return CallerPause.objects.seen_by(self.person).with_names().distinct()

    @needs_scope("admin")
    @extend_schema(request=NewCallerPauseSerializer, responses={201: shapes.CallerPauseSerializer})
    def create(self, request: Request) -> Response:
        """Refuse its calls for a set time; it ends by itself."""
        require_operator(self.person, "pause teams and keys")
        at, body = clock.now(), read(NewCallerPauseSerializer, request)
        starts_at = body.get("starts_at", at)
        told = {"reason": body["reason"], "starts_at": starts_at, "ends_at": end_of(body, starts_at)}
        row = actions.pause_caller(named(body), **told, actor=self.person, at=at)
        return Response(shapes.CallerPauseSerializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        parameters=[OpenApiParameter("team", str), OpenApiParameter("key", int)],
        responses=ImpactSerializer,
        filters=False,
    )
    @action(detail=False, methods=["get"])
    def impact(self, request: Request) -> Response:
        """Whom a pause of a team or key would hit; changes nothing."""
        require_operator(self.person, "pause teams and keys")
        asked = shapes.CallerSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        return Response(ImpactSerializer(of_caller(named(asked.validated_data), clock.now())).data)

    @needs_scope("admin")
    @extend_schema(request=None, responses=shapes.CallerPauseSerializer)
    @action(detail=True, methods=["post"])
    def lift(self, request: Request, pk: str) -> Response:
        """End it now, or call off one that is planned."""
        row = self.get_object()
        row = actions.lift_caller_pause(row.pk, actor=self.person, at=clock.now())
        return Response(shapes.CallerPauseSerializer(row).data)


def named(body: dict[str, Any]) -> Team | ApiKey:
    """The team or key of a body. Raises Invalid unless it is exactly one; Http404."""
    if ("team" in body) == ("key" in body):
        raise Invalid(
            "pause.of", "Name a team or a key.", remedy="Send `team` (its slug) or `key` (its id), one of the two.",
            errors={"team": "This or `key`."},
        )  # fmt: skip
    if "team" in body:
        return get_object_or_404(Team, slug=body["team"])
    return get_object_or_404(ApiKey.objects.with_names(), pk=body["key"])


def routes(router: BaseRouter) -> None:
    router.register("explain", ExplainView, basename="explain")
    router.register("caller-pauses", CallerPauseView, basename="caller-pause")
