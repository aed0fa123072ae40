"""What the keys API says, in its words. A secret is said once, in the answer that makes it."""

from typing import Any

from rest_framework import serializers

from tenants.keys.models import ApiKey


class KeySerializer(serializers.ModelSerializer[ApiKey]):
    """`state` is judged now; `grants` is empty where the key carries all of its application's."""

    team = serializers.CharField(source="application.team.slug")
    application = serializers.CharField(source="application.slug")
    state = serializers.SerializerMethodField()
    created_by = serializers.CharField(source="created_by.name")
    last_used_at = serializers.DateTimeField(source="use.last_used_at", default=None, allow_null=True)

    class Meta:
        model = ApiKey
        fields = [
            "id", "prefix", "name", "team", "application", "grants", "state", "created_by", "created_at", "expires_at",
            "last_used_at", "revoked_at", "revoked_why",
        ]  # fmt: skip

    def get_state(self, key: ApiKey) -> str:
        return key.state(self.context["at"])


class NewKeySerializer(serializers.Serializer[Any]):
    team = serializers.CharField(max_length=50)
    application = serializers.CharField(max_length=50, help_text="Its slug.")
    name = serializers.CharField(max_length=80, required=False, default="api")
    grants = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        required=False,
        default=list,
        max_length=50,
    )
    expires_at = serializers.DateTimeField(required=False, default=None, allow_null=True)


class RotateSerializer(serializers.Serializer[Any]):
    overlap_s = serializers.IntegerField(min_value=0, max_value=604_800, required=False, default=0)


class RevokeSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=200, required=False, default="Revoked by API.")


class IssuedSerializer(serializers.Serializer[Any]):
    """The only answer that ever holds the secret."""

    id = serializers.IntegerField()
    prefix = serializers.CharField()
    secret = serializers.CharField()
