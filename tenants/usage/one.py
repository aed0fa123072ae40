"""One call as the API tells it: what its page shows."""

from typing import Any

from rest_framework import serializers

from foundry.lib.units import usd_text
from tenants.access.amounts import speak_amount
from tenants.usage.calls import CallFacts
from tenants.usage.shapes import EventSerializer


class HeldToSerializer(serializers.Serializer[Any]):
    scope = serializers.CharField(help_text="organisation, team, grant, key or share")
    of = serializers.CharField(help_text="Whose it is, in words.")
    kind = serializers.CharField()
    mode = serializers.CharField(help_text="hard, soft or shadow")
    maximum = serializers.JSONField(help_text="A number, or a decimal string in USD.")
    set_by = serializers.CharField(help_text="Empty for a policy.")
    since = serializers.DateTimeField()
    refused = serializers.BooleanField(
        allow_null=True, help_text="It refused the call; null where one of several did."
    )


class PartSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    count = serializers.IntegerField()
    usd = serializers.CharField(help_text="The price, per `per`.")
    per = serializers.CharField()
    cost_usd = serializers.CharField()


class CallSerializer(EventSerializer):
    """One call with the names behind its ids, null where it names nothing or they are gone."""

    why = serializers.CharField(help_text="Why it was refused, in words, or how it failed; else empty.")
    team = serializers.CharField(allow_null=True)
    application = serializers.CharField(allow_null=True)
    key = serializers.CharField(allow_null=True, help_text="Its prefix.")
    offer = serializers.CharField(allow_null=True)
    basis_words = serializers.CharField(help_text="Whose word the cost rests on.")
    limits = HeldToSerializer(many=True, help_text="In force when it began.")
    parts = PartSerializer(many=True, help_text="How the cost comes together, where its price is known.")

    class Meta(EventSerializer.Meta):
        fields = [
            *EventSerializer.Meta.fields, "why", "team", "application", "key", "offer", "basis_words", "limits", "parts",
        ]  # fmt: skip


def told(facts: CallFacts) -> dict[str, Any]:
    """The call as JSON: its row as the list tells it, and what stands behind it."""
    return {
        **EventSerializer(facts.event).data,
        "why": facts.why,
        "team": facts.team and facts.team.slug,
        "application": facts.application and facts.application.slug,
        "key": facts.key and facts.key.prefix,
        "offer": facts.offer and str(facts.offer),
        "basis_words": facts.basis_words,
        "limits": [
            {
                "scope": each.scope,
                "of": each.of,
                "kind": each.kind,
                "mode": each.mode,
                "maximum": speak_amount(each.kind, each.maximum),
                "set_by": each.set_by,
                "since": each.since,
                "refused": each.refused,
            }
            for each in facts.limits
        ],
        "parts": [
            {
                "kind": each.word,
                "count": each.count,
                "usd": f"{each.usd:f}",
                "per": each.unit,
                "cost_usd": usd_text(each.nanos),
            }
            for each in facts.parts
        ],
    }
