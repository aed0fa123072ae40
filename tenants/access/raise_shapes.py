"""What raises look like in the API."""

from typing import Any

from rest_framework import serializers

from foundry.lib import clock
from tenants.access.models import Raise, RaiseRules
from tenants.access.shapes import LimitsField


class RaiseSerializer(serializers.ModelSerializer[Raise]):
    """`state` is judged now; what was granted counts again from `ends_at`, or from `ended_at` where that comes first."""

    kind = serializers.CharField(help_text="raise or break_glass")
    state = serializers.SerializerMethodField()
    team = serializers.CharField(source="grant.team.slug")
    offer_name = serializers.CharField(source="grant.offer.call_name")
    limits = LimitsField()
    by = serializers.CharField(source="by.name")
    reviewed_by = serializers.CharField(source="reviewed_by.name", default=None, allow_null=True)
    justified = serializers.BooleanField(allow_null=True, help_text="What the review found; null until then.")

    class Meta:
        model = Raise
        fields = [
            "id", "kind", "state", "grant", "team", "offer_name", "limits", "by", "at", "ends_at", "reason", "ended_at",
            "review_due_at", "reviewed_at", "reviewed_by", "justified", "finding",
        ]  # fmt: skip

    def get_state(self, row: Raise) -> str:
        return row.state(clock.now())


class NewRaiseSerializer(serializers.Serializer[Any]):
    limits = LimitsField(help_text="Each above what was granted; limits that are left out stay.")
    ends_at = serializers.DateTimeField()
    reason = serializers.CharField(max_length=2_000)


class NewGlassSerializer(serializers.Serializer[Any]):
    limits = LimitsField(help_text="Each above what was granted; limits that are left out stay.")
    hours = serializers.IntegerField(min_value=1, max_value=168)
    reason = serializers.CharField(max_length=2_000)


class ReviewSerializer(serializers.Serializer[Any]):
    justified = serializers.BooleanField()
    finding = serializers.CharField(max_length=2_000)


class RaiseRulesSerializer(serializers.ModelSerializer[RaiseRules]):
    class Meta:
        model = RaiseRules
        fields = [
            "days_at_most", "keeps_headroom", "glass_hours_at_most", "glass_percent_at_most", "glass_per_month",
            "review_within_days", "set_at",
        ]  # fmt: skip
        read_only_fields = ("set_at",)
