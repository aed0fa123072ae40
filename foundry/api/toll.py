"""Whom an act would hit that takes something away, as the API tells it."""

from typing import Any

from rest_framework import serializers

from foundry.lib.units import usd_text


class NanosField(serializers.CharField):
    """Nano-dollars as decimal USD."""

    def to_representation(self, value: Any) -> str:
        return usd_text(value)


class TollKeySerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    prefix = serializers.CharField()
    name = serializers.CharField()
    last_used_at = serializers.DateTimeField(source="use.last_used_at")


class TollHitSerializer(serializers.Serializer[Any]):
    team = serializers.CharField(source="application.team.slug")
    application = serializers.CharField(source="application.slug")
    environment = serializers.CharField(source="application.environment")
    keys = TollKeySerializer(many=True, help_text="Used in the last 7 days.")
    calls = serializers.IntegerField(help_text="In the last 30 days, without what Foundry refused.")
    cost_usd = NanosField(source="cost_nanos", help_text="Decimal USD, of the last 30 days.")
    unknown_cost_calls = serializers.IntegerField(source="unknown")


class TollSerializer(serializers.Serializer[Any]):
    """Applications, the most calls first, and all of them together."""

    live_keys = serializers.IntegerField(help_text="Keys that open less afterwards.")
    calls = serializers.IntegerField()
    cost_usd = NanosField(source="cost_nanos")
    unknown_cost_calls = serializers.IntegerField(source="unknown")
    hits = TollHitSerializer(many=True)
