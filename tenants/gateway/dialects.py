"""The ways of asking that are passed on: OpenAI's three and Anthropic's. Pure.

Nothing is translated: a call goes only to a host that speaks its dialect, as it was asked, but for the model's
name, a maximum where the caller gave none, and the wish to be told the usage.
"""

import re
from typing import Any, ClassVar

import orjson

from tenants.gateway.asgi import Scope, header
from tenants.gateway.asked import MOST_TOKENS, Asked, count, most_out, opened, whats_asked
from tenants.gateway.errors import GatewayError, invalid
from tenants.gateway.events import ChatEvents, Events, MessageEvents, ResponseEvents
from tenants.gateway.meter import report, report_embedding, report_message
from tenants.keys.passport import RouteRow
from tenants.usage.charge import Tokens

# What each kind of host speaks; the others speak the two that everybody has copied.
SPOKEN = {
    "openai": ("chat", "responses", "embeddings"),
    "azure": ("chat", "responses", "embeddings"),
    "xai": ("chat", "responses"),
    "anthropic": ("chat", "messages"),
    "deepseek": ("chat",),
}
COMMON = ("chat", "embeddings")
PLAIN = re.compile(r"[A-Za-z0-9_.,\- ]{1,400}")


class Dialect:
    """:cvar path: ours. :cvar way: what a host's calling address ends in."""

    name: ClassVar[str]
    path: ClassVar[str]
    way: ClassVar[str]

    def read(self, raw: bytes) -> Asked:
        """Raises GatewayError 400 for what cannot be such a call."""
        raise NotImplementedError

    def for_host(self, asked: Asked, route: RouteRow, tokens_out: int) -> bytes:
        raise NotImplementedError

    def is_answer(self, content: dict[str, Any]) -> bool:
        raise NotImplementedError

    def tokens(self, content: dict[str, Any]) -> Tokens | None:
        """What a whole answer reports; None where that makes no sense."""
        raise NotImplementedError

    def events(self, asked: Asked) -> Events:
        raise NotImplementedError

    def error(self, error: GatewayError) -> dict[str, Any]:
        return error.body()

    def error_event(self, error: GatewayError) -> bytes:
        return b"data: %b\n\n" % orjson.dumps(self.error(error))

    def heard(self, scope: Scope) -> dict[str, str]:
        """The caller's headers that go on to the host. Raises GatewayError 400."""
        return {}

    def headers(self, told: dict[str, str]) -> dict[str, str]:
        """What the host is told beside our credential. :param told: as `heard`."""
        return told

    def spoken_by(self, route: RouteRow) -> bool:
        return (route.is_sandbox or self.name in SPOKEN.get(route.connector, COMMON)) and route.address(
            self.way
        ) is not None


class Chat(Dialect):
    """OpenAI's chat completions."""

    name, path, way = "chat", "/v1/chat/completions", "chat/completions"

    def read(self, raw: bytes) -> Asked:
        body = opened(raw)
        messages = body.get("messages")
        if (
            not isinstance(messages, list)
            or not messages
            or not all(isinstance(each, dict) for each in messages)
        ):
            raise invalid("`messages` must be a list of at least one message object.", "messages")
        return whats_asked(raw, body, most_out(body, "max_completion_tokens", "max_tokens"))

    def for_host(self, asked: Asked, route: RouteRow, tokens_out: int) -> bytes:
        body = asked.body | {"model": route.host_model_id}
        if asked.tokens_out is None:
            body["max_completion_tokens" if route.publisher == "openai" else "max_tokens"] = tokens_out
        if asked.stream:
            options = body.get("stream_options")
            body["stream_options"] = (options if isinstance(options, dict) else {}) | {"include_usage": True}
        return orjson.dumps(body)

    def is_answer(self, content: dict[str, Any]) -> bool:
        return isinstance(content.get("choices"), list)

    def tokens(self, content: dict[str, Any]) -> Tokens | None:
        return report(content.get("usage"))

    def events(self, asked: Asked) -> Events:
        return ChatEvents(swallow_usage=not asked.wants_usage)


class Responses(Dialect):
    """OpenAI's responses. What another call stored cannot be referred to: its owner and its size are unknown here."""

    name, path, way = "responses", "/v1/responses", "responses"
    ELSEWHERE = ("previous_response_id", "conversation", "prompt")

    def read(self, raw: bytes) -> Asked:
        body = opened(raw)
        if not isinstance(body.get("input"), str | list) or not body["input"]:
            raise invalid("`input` must be a text or a list of items.", "input")
        for name in self.ELSEWHERE:
            if body.get(name) is not None:
                raise invalid(f"`{name}` refers to what a host stored; send the whole input instead.", name)
        if body.get("background"):
            raise invalid("`background` is not passed on: a call ends with its answer.", "background")
        return whats_asked(raw, body, most_out(body, "max_output_tokens"))

    def for_host(self, asked: Asked, route: RouteRow, tokens_out: int) -> bytes:
        body = asked.body | {"model": route.host_model_id, "store": False}
        if asked.tokens_out is None:
            body["max_output_tokens"] = tokens_out
        return orjson.dumps(body)

    def is_answer(self, content: dict[str, Any]) -> bool:
        return isinstance(content.get("output"), list)

    def tokens(self, content: dict[str, Any]) -> Tokens | None:
        return report(content.get("usage"))

    def events(self, asked: Asked) -> Events:
        return ResponseEvents()

    def error_event(self, error: GatewayError) -> bytes:
        told = {"type": "error", "code": error.code, "message": error.message, "param": error.param}
        return b"event: error\ndata: %b\n\n" % orjson.dumps(told)


class Embeddings(Dialect):
    """OpenAI's embeddings: tokens in, none out."""

    name, path, way = "embeddings", "/v1/embeddings", "embeddings"

    def read(self, raw: bytes) -> Asked:
        body = opened(raw)
        if not isinstance(body.get("input"), str | list) or not body["input"]:
            raise invalid("`input` must be a text or a list of texts or tokens.", "input")
        if body.get("stream"):
            raise invalid("Embeddings do not stream.", "stream")
        return whats_asked(raw, body | {"stream": None}, 0)

    def for_host(self, asked: Asked, route: RouteRow, tokens_out: int) -> bytes:
        body = asked.body | {"model": route.host_model_id}
        body.pop("stream")
        return orjson.dumps(body)

    def is_answer(self, content: dict[str, Any]) -> bool:
        return isinstance(content.get("data"), list)

    def tokens(self, content: dict[str, Any]) -> Tokens | None:
        return report_embedding(content.get("usage"))


class Messages(Dialect):
    """Anthropic's messages."""

    name, path, way = "messages", "/v1/messages", "messages"
    TYPES: ClassVar = {
        400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
        405: "invalid_request_error", 413: "request_too_large", 429: "rate_limit_error", 503: "overloaded_error",
    }  # fmt: skip

    def read(self, raw: bytes) -> Asked:
        body = opened(raw)
        messages = body.get("messages")
        if (
            not isinstance(messages, list)
            or not messages
            or not all(isinstance(each, dict) for each in messages)
        ):
            raise invalid("`messages` must be a list of at least one message object.", "messages")
        return whats_asked(raw, body, count(body, "max_tokens", MOST_TOKENS))

    def for_host(self, asked: Asked, route: RouteRow, tokens_out: int) -> bytes:
        body = asked.body | {"model": route.host_model_id}
        if asked.tokens_out is None:
            body["max_tokens"] = tokens_out
        return orjson.dumps(body)

    def is_answer(self, content: dict[str, Any]) -> bool:
        return content.get("type") == "message"

    def tokens(self, content: dict[str, Any]) -> Tokens | None:
        return report_message(content.get("usage"))

    def events(self, asked: Asked) -> Events:
        return MessageEvents()

    def error(self, error: GatewayError) -> dict[str, Any]:
        told = error.body()["error"]
        return {"type": "error", "error": told | {"type": self.TYPES.get(error.status, "api_error")}}

    def error_event(self, error: GatewayError) -> bytes:
        return b"event: error\ndata: %b\n\n" % orjson.dumps(self.error(error))

    def heard(self, scope: Scope) -> dict[str, str]:
        found = {name: header(scope, name.encode()) for name in ("anthropic-version", "anthropic-beta")}
        for name, value in found.items():
            if value and not PLAIN.fullmatch(value):
                raise invalid(f"The header {name} makes no sense.", name)
        return {name: value for name, value in found.items() if value}

    def headers(self, told: dict[str, str]) -> dict[str, str]:
        return {"anthropic-version": "2023-06-01"} | told


CHAT, RESPONSES, EMBEDDINGS, MESSAGES = Chat(), Responses(), Embeddings(), Messages()
DIALECTS: tuple[Dialect, ...] = (CHAT, RESPONSES, EMBEDDINGS, MESSAGES)
BY_PATH = {dialect.path: dialect for dialect in DIALECTS}


def spoken_to(route: RouteRow) -> list[str]:
    """Our addresses at which a route can be called."""
    return [dialect.path for dialect in DIALECTS if dialect.spoken_by(route)]
