"""Each call as an OpenTelemetry span in the GenAI conventions. Imported only where an endpoint is configured.

The caller's traceparent is continued and passed on to the host; what is exported holds no content. The
exporter reads its own settings (`OTEL_…`) and works in a thread.
"""

from datetime import timedelta
from typing import Any

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from tenants.gateway.asgi import Scope, header
from tenants.gateway.call import Call
from tenants.usage.envelope import KINDS, Outcome

CARRIED = ("traceparent", "tracestate")
OPERATIONS = {"embeddings": "embeddings"}  # the other dialects are `chat`
# The conventions' names of those who serve, by our kinds of hosts; others are named by the kind.
PROVIDERS = {
    "openai": "openai", "azure": "azure.ai.openai", "anthropic": "anthropic", "xai": "x_ai", "deepseek": "deepseek",
    "mistral": "mistral_ai", "google": "gcp.gemini", "bedrock": "aws.bedrock", "groq": "groq", "cohere": "cohere",
}  # fmt: skip
FAILED = (Outcome.UPSTREAM_ERROR, Outcome.UNKNOWN)


class Tracing:
    def __init__(self, service: str) -> None:
        self.provider = TracerProvider(resource=Resource.create({SERVICE_NAME: service}))
        self.provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self.tracer = self.provider.get_tracer("foundry.gateway")
        self.words = TraceContextTextMapPropagator()

    def begin(self, call: Call, scope: Scope) -> dict[str, str]:
        """Start the call's span under the caller's. What goes on to the host, as headers."""
        heard = {name: value for name in CARRIED if (value := header(scope, name.encode()))}
        under = self.words.extract(heard, context=Context())
        start = int(call.at.timestamp() * 1e9)
        call.span = self.tracer.start_span(call.dialect.name, under, SpanKind.CLIENT, start_time=start)
        onward: dict[str, str] = {}
        self.words.inject(onward, context=set_span_in_context(call.span, under))
        return onward

    def end(self, call: Call, row: dict[str, Any]) -> None:
        operation, model = OPERATIONS.get(call.dialect.name, "chat"), row["model"]
        call.span.update_name(f"{operation} {model}".strip())
        call.span.set_attributes({"gen_ai.operation.name": operation, **attributes(call, row)})
        if row["outcome"] in FAILED:
            call.span.set_status(Status(StatusCode.ERROR, row["code"]))
        ended = call.at + timedelta(milliseconds=row["latency_ms"])
        call.span.end(end_time=int(ended.timestamp() * 1e9))

    def stop(self) -> None:
        self.provider.shutdown()


def attributes(call: Call, row: dict[str, Any]) -> dict[str, str | int]:
    """Only what is known and not nothing."""
    route, kinds = call.route, dict(zip(KINDS, row["kinds"] or (), strict=False))
    told = {
        "gen_ai.provider.name": route and PROVIDERS.get(route.connector, route.connector),
        "gen_ai.request.model": row["model"],
        "gen_ai.request.max_tokens": call.asked and call.asked.tokens_out,
        "gen_ai.usage.input_tokens": row["tokens_in"],
        "gen_ai.usage.output_tokens": row["tokens_out"],
        "gen_ai.usage.cache_read.input_tokens": row["tokens_cached"],
        "gen_ai.usage.cache_creation.input_tokens": kinds.get("cache_write", 0)
        + kinds.get("cache_write_1h", 0),
        "gen_ai.usage.reasoning.output_tokens": row["tokens_reasoning"],
        "error.type": row["code"],
        "http.response.status_code": row["status"],
        "foundry.call_id": row["call_id"],
        "foundry.outcome": row["outcome"],
        "foundry.team": call.passport.key.team,
        "foundry.application": call.passport.key.application,
        "foundry.grant_id": row["grant_id"],
        "foundry.host": route and route.host,
        "foundry.cost_nanos": row["cost_nanos"],
        "foundry.tag": row["tag"],
    }
    return {name: value for name, value in told.items() if value not in (None, "", 0)}
