"""What a request would lead to, as the API asks and tells it before anything is written."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from tenants.access.amounts import speak_limits
from tenants.access.shapes import IdOrSlugField, LimitsField, StatedShape
from tenants.access.states import DataClass


class PreviewRequestSerializer(serializers.Serializer[Any]):
    offer = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    data_class = serializers.ChoiceField(choices=DataClass.choices, default=DataClass.INTERNAL)
    limits = LimitsField()
    team = serializers.CharField(max_length=50, required=False, default=None)
    application = IdOrSlugField(required=False, default=None)
    ends_on = serializers.DateField(required=False, default=None)
    stated = StatedShape(required=False, allow_null=True, default=None)
    like = serializers.IntegerField(
        required=False,
        default=None,
        allow_null=True,
        min_value=1,
        max_value=2**63 - 1,
        help_text="A grant that you may see; `suggested` is then the size that its calls call for.",
    )


class PlannedSerializer(serializers.Serializer[Any]):
    role = serializers.CharField()
    or_roles = serializers.ListField(child=serializers.CharField())
    rule = serializers.CharField()
    why = serializers.CharField()


class PreviewPriceSerializer(serializers.Serializer[Any]):
    input_per_million = serializers.CharField()
    output_per_million = serializers.CharField()
    basis = serializers.CharField()


class PreviewHeadroomSerializer(serializers.Serializer[Any]):
    unit = serializers.CharField()
    maximum = serializers.CharField(allow_null=True)
    shared_by = serializers.IntegerField()
    granted_tpm = serializers.IntegerField()
    left_tpm = serializers.IntegerField(allow_null=True)
    words = serializers.CharField()


class ObstacleSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()
    remedy = serializers.CharField()


class PeaksSerializer(serializers.Serializer[Any]):
    calls_hour = serializers.IntegerField()
    tokens_hour = serializers.IntegerField()
    tokens_day = serializers.IntegerField()
    tokens_month = serializers.IntegerField()
    refused = serializers.IntegerField()


class PreviewSerializer(serializers.Serializer[Any]):
    steps = PlannedSerializer(many=True)
    automatic = serializers.CharField(allow_null=True, help_text="The rule that would approve it at once.")
    longest_days = serializers.IntegerField(allow_null=True)
    policy = serializers.IntegerField()
    due_at = serializers.DateTimeField()
    usual_s = serializers.IntegerField(
        source="usual.seconds",
        default=None,
        allow_null=True,
        help_text="What requests with these steps took lately: the median.",
    )
    price = PreviewPriceSerializer(allow_null=True)
    cost_usd_per_month = serializers.SerializerMethodField()
    headroom = PreviewHeadroomSerializer()
    terms_version = serializers.IntegerField(source="offer.terms.version", default=None, allow_null=True)
    obstacle = ObstacleSerializer(allow_null=True)
    suggested = LimitsField(
        source="sized.limits", help_text="What `stated` or `like` calls for; empty without."
    )
    suggested_basis = serializers.CharField(source="sized.words")
    ruled_out = serializers.SerializerMethodField(
        help_text="Other offers of the model that this data may not go to."
    )
    held = LimitsField(help_text="Limits of the grant that this asks to change; empty for a first one.")
    used = PeaksSerializer(source="peaks", allow_null=True, help_text="What its calls reached in 30 days.")

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_ruled_out(self, preview: Any) -> list[int]:
        return [offer.pk for offer in preview.ruled_out]

    @extend_schema_field({"type": ["string", "null"]})
    def get_cost_usd_per_month(self, preview: Any) -> str | None:
        """Decimal USD; null where nothing bounds the month or no price is known."""
        return (
            None
            if preview.cost_nanos is None
            else str(speak_limits({"usd_per_month": preview.cost_nanos})["usd_per_month"])
        )
