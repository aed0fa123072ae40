"""What the usage API says, in its words."""

from typing import Any

from rest_framework import serializers

from foundry.lib.units import usd_text
from tenants.usage.envelope import KINDS
from tenants.usage.models import UsageEvent
from tenants.usage.summary import Row

PERCENTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
# How a kind of the ledger is called outside.
KIND_NAMES = {kind: "web_searches" if kind == "web_search" else f"tokens_{kind}" for kind in KINDS}
CSV_COLUMNS = (
    "calls", "tokens_in", "tokens_out", "tokens_cached", "tokens_reasoning", "cost_usd",
    "unknown_cost_calls", "refused", "errors", *KIND_NAMES.values(), "told_calls", "told_usd", "told_cost_usd",
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
        **{KIND_NAMES[kind]: count for kind, count in row.by_kind.items()},
        "told_calls": row.told_calls,
        "told_usd": usd_text(row.told_nanos),
        "told_cost_usd": usd_text(row.told_cost_nanos),
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
    tokens_cache_write = serializers.IntegerField(help_text="Part of tokens_in, like the next five.")
    tokens_cache_write_1h = serializers.IntegerField(help_text="Kept by the host for an hour.")
    tokens_audio_input = serializers.IntegerField()
    tokens_audio_cached_input = serializers.IntegerField(help_text="Part of tokens_cached, too.")
    tokens_audio_output = serializers.IntegerField(help_text="Part of tokens_out.")
    tokens_image_input = serializers.IntegerField()
    tokens_image_output = serializers.IntegerField(help_text="Part of tokens_out.")
    web_searches = serializers.IntegerField()
    told_calls = serializers.IntegerField(
        help_text="Calls of known cost for which the host told a cost of its own."
    )
    told_usd = serializers.CharField(help_text="What hosts told of them.")
    told_cost_usd = serializers.CharField(help_text="What they cost by our prices.")
    latency_ms = LatencySerializer()


class SummarySerializer(serializers.Serializer[Any]):
    results = SumsSerializer(many=True)
    totals = SumsSerializer()


class EventSerializer(serializers.ModelSerializer[UsageEvent]):
    """One call. `cost_usd` is null where no price was known, `told_usd` where the host told no cost of its own."""

    cost_usd = serializers.SerializerMethodField()
    told_usd = serializers.SerializerMethodField()
    held_usd = serializers.SerializerMethodField(help_text="What was set aside; null where nothing was.")
    kinds = serializers.SerializerMethodField(help_text="Further counts by name, those that are not 0.")

    class Meta:
        model = UsageEvent
        fields = [
            "id", "call_id", "source", "started_at", "team_id", "application_id", "key_id", "grant_id", "offer_id", "model",
            "outcome", "code", "status", "streamed", "latency_ms", "first_byte_ms", "tokens_in", "tokens_out",
            "tokens_cached", "tokens_reasoning", "kinds", "cost_usd", "told_usd", "basis", "price_id",
            "held_tokens", "held_usd", "overshoot_tokens", "tag", "tries",
        ]  # fmt: skip

    def get_cost_usd(self, event: UsageEvent) -> str | None:
        return None if event.cost_nanos is None else usd_text(event.cost_nanos)

    def get_told_usd(self, event: UsageEvent) -> str | None:
        return None if event.told_nanos is None else usd_text(event.told_nanos)

    def get_held_usd(self, event: UsageEvent) -> str | None:
        return None if event.held_nanos is None else usd_text(event.held_nanos)

    def get_kinds(self, event: UsageEvent) -> dict[str, int]:
        counts = zip(KINDS, event.kinds or [], strict=False)
        return {KIND_NAMES[kind]: count for kind, count in counts if count}
