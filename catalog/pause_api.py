"""`pauses/`, and `pause/` and `resume/` of hosts and offers."""

from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from catalog import actions, pauses
from catalog.asked import Asked
from catalog.models import Host, Offer, Pause
from catalog.models.pauses import TimedPause
from catalog.rules import require_operator
from foundry.api.auth import needs_scope
from foundry.api.body import read
from foundry.lib import clock
from foundry.lib.errors import Conflict, Invalid

Timed = TypeVar("Timed", bound=TimedPause)
# What every pause tells, beside whom it is of.
LASTS = ("state", "reason", "by", "starts_at", "ends_at", "lifted_at", "lifted_by")


class TimedPauseSerializer(serializers.ModelSerializer[Timed]):
    state = serializers.SerializerMethodField(help_text="planned, paused, lifted or ended")
    by = serializers.CharField(source="by.name")
    lifted_by = serializers.CharField(source="lifted_by.name", default=None, allow_null=True)

    def get_state(self, row: Timed) -> str:
        return row.state(clock.now())


class PauseSerializer(TimedPauseSerializer[Pause]):
    host = serializers.CharField(source="host.slug", default=None, allow_null=True)
    offer = serializers.IntegerField(source="offer_id", allow_null=True)

    class Meta:
        model = Pause
        fields = ("id", "host", "offer", *LASTS)


class NewPauseSerializer(serializers.Serializer[Any]):
    """Until `ends_at`, or for so many seconds: one of the two."""

    reason = serializers.CharField(max_length=300, help_text="Callers read it.")
    ends_at = serializers.DateTimeField(required=False)
    for_s = serializers.IntegerField(required=False, min_value=60, max_value=30 * 86_400)
    starts_at = serializers.DateTimeField(required=False, help_text="Now where it is left out.")


class LongerSerializer(serializers.Serializer[Any]):
    ends_at = serializers.DateTimeField()


class HitSerializer(serializers.Serializer[Any]):
    team = serializers.CharField(source="application.team.slug")
    application = serializers.CharField(source="application.slug")
    keys = serializers.IntegerField()
    calls_day = serializers.IntegerField(help_text="In the last 24 hours.")
    calls_week = serializers.IntegerField(help_text="In the last 7 days.")
    most_in_an_hour = serializers.IntegerField(help_text="In the busiest hour of those 7 days.")


class ImpactSerializer(serializers.Serializer[Any]):
    """Whom a pause would hit: teams with live grants, their applications, keys and calls."""

    teams = serializers.IntegerField()
    keys = serializers.IntegerField()
    calls_an_hour = serializers.FloatField(help_text="On average in the last 24 hours.")
    calls_an_hour_in_the_week = serializers.FloatField()
    most_in_an_hour = serializers.IntegerField()
    hits = HitSerializer(many=True)


class Pausable(Asked):
    """For views of hosts and of offers: `pause/` tells whom it would hit, and does it; `resume/` lifts it."""

    def thing(self) -> Host | Offer:
        view: Any = self
        view.filter_backends = []  # one row is named by its address, not filtered
        found: Host | Offer = view.get_object()
        return found

    @extend_schema(responses=ImpactSerializer, filters=False)
    @action(detail=True, methods=["get"])
    def pause(self, request: Request, **named: str) -> Response:
        """Whom a pause would hit; changes nothing."""
        require_operator(self.person, "pause hosts and offers")
        return Response(ImpactSerializer(pauses.impact(self.thing(), clock.now())).data)

    @needs_scope("admin")
    @extend_schema(request=NewPauseSerializer, responses={201: PauseSerializer})
    @pause.mapping.post
    def start_pause(self, request: Request, **named: str) -> Response:
        """Refuse its calls for a set time; it ends by itself."""
        require_operator(self.person, "pause hosts and offers")
        at, body = clock.now(), read(NewPauseSerializer, request)
        starts_at = body.get("starts_at", at)
        told = {"reason": body["reason"], "starts_at": starts_at, "ends_at": end_of(body, starts_at)}
        row = actions.pause(self.thing(), **told, actor=self.person, at=at)
        return Response(PauseSerializer(row).data, status=status.HTTP_201_CREATED)

    @needs_scope("admin")
    @extend_schema(request=None, responses=PauseSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, **named: str) -> Response:
        """Lift the pause that is in force, or the next that is planned."""
        require_operator(self.person, "lift pauses")
        at, what = clock.now(), self.thing()
        held = pauses.open_of(what, at)
        if not held:
            raise Conflict("pause.none", f"{what} is not paused.", remedy="Nothing is left to do.")
        return Response(PauseSerializer(actions.lift_pause(held[0].pk, actor=self.person, at=at)).data)


def end_of(body: dict[str, Any], starts_at: datetime) -> datetime:
    """When the pause ends, by one of the two ways to say it. Raises Invalid."""
    if ("ends_at" in body) == ("for_s" in body):
        raise Invalid(
            "pause.unusable",
            "Say until when, or for how long.",
            remedy="Send one of ends_at and for_s.",
            errors={"ends_at": "One of ends_at and for_s."},
        )
    end: datetime = body["ends_at"] if "ends_at" in body else starts_at + timedelta(seconds=body["for_s"])
    return end


class PauseView(Asked, viewsets.ReadOnlyModelViewSet[Pause]):
    """What was, is and will be out of use, newest first."""

    serializer_class = PauseSerializer
    queryset = Pause.objects.none()
    filterset_fields = {"host__slug": ["exact"], "offer": ["exact"]}

    def get_queryset(self) -> QuerySet[Pause]:
        return Pause.objects.none() if self.nobody else Pause.objects.seen_by(self.person).with_names()

    @needs_scope("admin")
    @extend_schema(request=LongerSerializer, responses=PauseSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Let it end later."""
        row, body = self.get_object(), read(LongerSerializer, request)
        row = actions.prolong_pause(row.pk, ends_at=body["ends_at"], actor=self.person, at=clock.now())
        return Response(PauseSerializer(row).data)
