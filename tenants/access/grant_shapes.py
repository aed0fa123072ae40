"""What grants, and what stops, prolongs or reviews them, look like in the API."""

from datetime import datetime
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from tenants.access import blocks
from tenants.access.amounts import speak_limits
from tenants.access.models import Block, Grace, Grant, Idle, LifeRules
from tenants.access.shapes import LimitsField, LimitsShape


class RunningRaiseSerializer(serializers.Serializer[Any]):
    """A raise that counts at the moment asked for; `limits` of the grant hold it already."""

    id = serializers.IntegerField()
    kind = serializers.CharField(help_text="raise or break_glass")
    limits = LimitsField()
    ends_at = serializers.DateTimeField()


class ReasonSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="grant, team or terms")
    why = serializers.CharField()
    since = serializers.DateTimeField(allow_null=True)
    by = serializers.CharField()
    block = serializers.IntegerField(allow_null=True, help_text="What to lift; null for overdue terms.")


class LiftSerializer(serializers.Serializer[Any]):
    block = serializers.IntegerField(default=None, allow_null=True, help_text="Where several reasons stand.")


class NewBlockSerializer(serializers.Serializer[Any]):
    team = serializers.CharField(help_text="The team whose every grant is blocked.")
    reason = serializers.CharField()


class BlockSerializer(serializers.ModelSerializer[Block]):
    team = serializers.CharField(source="team.slug")
    grant = serializers.IntegerField(source="grant_id", allow_null=True)
    kind = serializers.CharField()
    by = serializers.CharField(default=None, allow_null=True)
    ended_by = serializers.CharField(default=None, allow_null=True)

    class Meta:
        model = Block
        fields = ["id", "team", "grant", "kind", "why", "since", "by", "until", "ended_by"]


class GraceSerializer(serializers.ModelSerializer[Grace]):
    until = serializers.DateTimeField(
        source="ends_at", help_text="At the latest; its renewal's decision ends it."
    )

    class Meta:
        model = Grace
        fields = ["request", "until"]


class IdleSerializer(serializers.ModelSerializer[Idle]):
    class Meta:
        model = Idle
        fields = ["since", "noticed_at", "due_at"]


class AskAgainSerializer(serializers.Serializer[Any]):
    days = serializers.IntegerField(
        required=False, default=90, min_value=1, max_value=366, help_text="From today."
    )


class LifeRulesSerializer(serializers.ModelSerializer[LifeRules]):
    class Meta:
        model = LifeRules
        fields = [
            "grace_days", "idle_after_days", "idle_answer_days", "certify_every_days", "certify_within_days", "set_at",
        ]  # fmt: skip
        read_only_fields = ("set_at",)


class GrantSerializer(serializers.ModelSerializer[Grant]):
    """Everything as of the moment asked for: `state` is judged at it, `blocks` are all reasons why calls were refused."""

    team = serializers.CharField(source="team.slug")
    offer = serializers.IntegerField(source="offer_id")
    offer_name = serializers.CharField(source="offer.call_name")
    model = serializers.CharField(source="offer.model.__str__")
    applications = serializers.SerializerMethodField()
    data_class = serializers.CharField(source="then.data_class")
    state = serializers.CharField(source="state_then")
    limits = serializers.SerializerMethodField()
    ends_at = serializers.DateTimeField(source="then.ends_at")
    grace = GraceSerializer(
        source="grace_then",
        allow_null=True,
        help_text="Set while it goes on past its end; a renewal is undecided.",
    )
    idle = IdleSerializer(
        source="idle_then", allow_null=True, help_text="Set while its owners are asked whether it is needed."
    )
    blocks = ReasonSerializer(source="blocks_then", many=True)
    suspended_at = serializers.SerializerMethodField()
    suspended_why = serializers.SerializerMethodField()
    revoked_at = serializers.SerializerMethodField()
    revoked_why = serializers.SerializerMethodField()
    terms_version = serializers.IntegerField(source="then.terms.version", default=None, allow_null=True)
    request = serializers.IntegerField(source="request_id")
    decided_by = serializers.CharField(source="then.decision.actor")
    raises = RunningRaiseSerializer(source="raises_then", many=True)

    class Meta:
        model = Grant
        fields = [
            "id", "state", "team", "offer", "offer_name", "model", "applications", "data_class", "limits", "starts_at", "ends_at",
            "grace", "idle", "blocks", "suspended_at", "suspended_why", "revoked_at", "revoked_why", "terms_version", "request",
            "decided_by", "raises",
        ]  # fmt: skip

    @property
    def moment(self) -> datetime:
        moment: datetime = self.context["at"]
        return moment

    @extend_schema_field({"type": "array", "items": {"type": "string"}})
    def get_applications(self, grant: Grant) -> list[str]:
        return [row.application.slug for row in grant.named.all()]

    @extend_schema_field({"type": ["string", "null"], "format": "date-time"})
    def get_suspended_at(self, grant: Grant) -> datetime | None:
        return min((each.since for each in grant.blocks_then if each.since), default=None)

    @extend_schema_field(OpenApiTypes.STR)
    def get_suspended_why(self, grant: Grant) -> str:
        return blocks.words(grant.blocks_then)

    def is_revoked(self, grant: Grant) -> bool:
        return grant.revoked_at is not None and grant.revoked_at <= self.moment

    @extend_schema_field({"type": ["string", "null"], "format": "date-time"})
    def get_revoked_at(self, grant: Grant) -> datetime | None:
        return grant.revoked_at if self.is_revoked(grant) else None

    @extend_schema_field(OpenApiTypes.STR)
    def get_revoked_why(self, grant: Grant) -> str:
        return grant.revoked_why if self.is_revoked(grant) else ""

    @extend_schema_field(LimitsShape)
    def get_limits(self, grant: Grant) -> dict[str, int | str]:
        return speak_limits({limit.kind: limit.maximum for limit in grant.limits_then})
