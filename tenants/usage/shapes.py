"""What the usage API says, in its words."""

from typing import Any

from rest_framework import serializers

from foundry.lib.units import usd_text
from tenants.usage.models import UsageEvent
from tenants.usage.summary import Row

PERCENTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
CSV_COLUMNS = (
    "calls", "tokens_in", "tokens_out", "tokens_cached", "tokens_reasoning", "cost_usd",
    "unknown_cost_calls", "refused", "errors",
)  # fmt: skip


def told(row: Row) -> dict[str, Any]:
    """A row as JSON: its keys and its sums; money as a decimal string in USD."""
    return {
        **row.keys,
        "calls": row.calls,
        "tokens_in": row.tokens_in,
        "tokens_out": row.tokens_out,
        "tokens_cached": row.tokens_cached,
        "tokens_reasoning": row.tokens_reasoning,
        "cost_usd": usd_text(row.cost_nanos),
        "unknown_cost_calls": row.unknown_cost_calls,
        "refused": row.refused,
        "errors": row.errors,
        "latency_ms": {name: row.percentile(share) for name, share in PERCENTILES.items()},
    }


class LatencySerializer(serializers.Serializer[Any]):
    p50 = serializers.IntegerField(allow_null=True)
    p95 = serializers.IntegerField(allow_null=True)
    p99 = serializers.IntegerField(allow_null=True)


class SumsSerializer(serializers.Serializer[Any]):
    """The sums of one group. Beside them stand the keys it is grouped by, as asked for in `by`."""

    calls = serializers.IntegerField()
    tokens_in = serializers.IntegerField()
    tokens_out = serializers.IntegerField()
    tokens_cached = serializers.IntegerField()
    tokens_reasoning = serializers.IntegerField()
    cost_usd = serializers.CharField(help_text="Decimal USD; calls of unknown cost are counted beside it.")
    unknown_cost_calls = serializers.IntegerField()
    refused = serializers.IntegerField()
    errors = serializers.IntegerField()  # type: ignore[assignment]  # the field's name hides the base's own attribute
    latency_ms = LatencySerializer()


class SummarySerializer(serializers.Serializer[Any]):
    results = SumsSerializer(many=True)
    totals = SumsSerializer()


class EventSerializer(serializers.ModelSerializer[UsageEvent]):
    """One call. `cost_usd` is null where no price was known."""

    cost_usd = serializers.SerializerMethodField()

    class Meta:
        model = UsageEvent
        fields = [
            "id", "call_id", "source", "started_at", "team_id", "application_id", "key_id", "grant_id", "offer_id", "model",
            "outcome", "code", "status", "streamed", "latency_ms", "first_byte_ms", "tokens_in", "tokens_out",
            "tokens_cached", "tokens_reasoning", "cost_usd", "basis", "price_id", "overshoot_tokens",
        ]  # fmt: skip

    def get_cost_usd(self, event: UsageEvent) -> str | None:
        return None if event.cost_nanos is None else usd_text(event.cost_nanos)
