"""`health/` of hosts and offers."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.asked import Asked
from catalog.health import History, histories_of_hosts, histories_of_offers, now_of
from catalog.models import Host
from catalog.states import Health
from foundry.lib import clock


class DaySerializer(serializers.Serializer[Any]):
    day = serializers.DateField()
    tone = serializers.CharField(help_text="good, warn, bad, or quiet where nothing is known")
    words = serializers.CharField()


class HistorySerializer(serializers.Serializer[Any]):
    """Ninety days, the oldest first."""

    answered = serializers.FloatField(
        allow_null=True, help_text="Share of the calls that were answered, 0 to 1."
    )
    unknown_days = serializers.IntegerField()
    days = DaySerializer(many=True)


class IncidentSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    impact = serializers.CharField()
    since = serializers.CharField()
    url = serializers.CharField()


class HealthSerializer(HistorySerializer):
    """How a host serves: the worse of its status page and of what calls met."""

    health = serializers.CharField(source="now.health", help_text=", ".join(Health.values))
    words = serializers.CharField(source="now.words")
    since = serializers.DateTimeField(source="now.since", allow_null=True)
    page_read_at = serializers.DateTimeField(source="now.read_at", allow_null=True)
    incidents = IncidentSerializer(source="now.incidents", many=True)


class HostHealth(Asked):
    @extend_schema(responses=HealthSerializer)
    @action(detail=True, methods=["get"])
    def health(self, request: Request, **named: str) -> Response:
        """How it serves now, and on each of the last ninety days."""
        view: Any = self
        host, at = view.get_object(), clock.now()
        now, past = now_of([host], at), self.past(host)
        return Response(HealthSerializer({"now": now[host.pk], **told(past)}).data)

    def past(self, host: Host) -> History:
        counts = self.person.sees_everything
        return histories_of_hosts([host], clock.now(), counts=counts)[host.pk]


class OfferHealth(Asked):
    @extend_schema(responses=HistorySerializer, filters=False)
    @action(detail=True, methods=["get"])
    def health(self, request: Request, **named: str) -> Response:
        """How it served on each of the last ninety days."""
        view: Any = self
        view.filter_backends = []  # one row is named by its id, not filtered
        offer = view.get_object()
        past = histories_of_offers([offer], clock.now(), counts=self.person.sees_everything)
        return Response(HistorySerializer(past[offer.pk]).data)


def told(past: History) -> dict[str, Any]:
    return {"answered": past.answered, "unknown_days": past.unknown_days, "days": past.days}
