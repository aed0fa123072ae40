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
    person = serializers.CharField(
        source="person.name",
        default=None,
        allow_null=True,
        help_text="Whose own key it is; null is the application's.",
    )
    last_used_at = serializers.DateTimeField(allow_null=True)
    networks = serializers.ListField(
        child=serializers.CharField(), help_text="Where calls may come from; empty is anywhere."
    )
    unused_days = serializers.SerializerMethodField(
        help_text="Whole days since its last use, or since it was made."
    )

    class Meta:
        model = ApiKey
        fields = [
            "id", "prefix", "name", "team", "application", "grants", "networks", "state", "created_by", "person",
            "created_at", "expires_at", "last_used_at", "unused_days", "revoked_at", "revoked_why",
        ]  # fmt: skip

    def get_state(self, key: ApiKey) -> str:
        return key.state(self.context["at"])

    def get_unused_days(self, key: ApiKey) -> int:
        return key.unused_days(self.context["at"])


class LimitsOfKeySerializer(serializers.Serializer[Any]):
    """What a key opens, from where and until when."""

    grants = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        required=False,
        max_length=50,
        help_text="Empty: every grant of the application.",
    )
    networks = serializers.ListField(
        child=serializers.CharField(max_length=50),
        required=False,
        max_length=50,
        help_text="In CIDR form, like 10.20.0.0/16; empty is anywhere.",
    )
    expires_at = serializers.DateTimeField(required=False, allow_null=True)


class ChangedKeySerializer(LimitsOfKeySerializer):
    name = serializers.CharField(max_length=80, required=False)


class NewKeySerializer(LimitsOfKeySerializer):
    team = serializers.CharField(max_length=50)
    application = serializers.CharField(max_length=50, help_text="Its slug.")
    name = serializers.CharField(max_length=80, required=False, default="api")
    personal = serializers.BooleanField(
        required=False, default=False, help_text="Your own: it ends when you leave the team."
    )


class RotateSerializer(serializers.Serializer[Any]):
    overlap_s = serializers.IntegerField(min_value=0, max_value=604_800, required=False, default=0)


class RevokeSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=200, required=False, default="Revoked by API.")


class IssuedSerializer(serializers.Serializer[Any]):
    """The only answer that ever holds the secret."""

    id = serializers.IntegerField()
    prefix = serializers.CharField()
    secret = serializers.CharField()
