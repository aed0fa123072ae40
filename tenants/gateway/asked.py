"""A chat completion as it was asked: what must hold, what it may cost at worst, what goes to the host. Pure."""

from dataclasses import dataclass
from typing import Any

import orjson

from tenants.gateway.errors import GatewayError, invalid
from tenants.keys.passport import RouteRow

DEFAULT_MOST_OUT = 4_096  # where the catalog does not know a model's maximum
MOST_TOKENS = 10_000_000
MOST_CHOICES = 128
PICTURE_TOKENS = 8_192  # of a picture or file that is named by address; no host charges more for one
TYPICAL_OUT = 1_024  # charged to tpm where the caller gave no maximum
BYTES_PER_TOKEN = 4


@dataclass(slots=True)
class Asked:
    """:ivar tokens_out: the caller's own maximum per choice, None without one.

    :ivar wants_usage: did the caller ask for the usage chunk of a stream?
    """

    body: dict[str, Any]
    model: str
    stream: bool
    wants_usage: bool
    tokens_out: int | None
    choices: int
    tokens_in: int
    estimate_in: int

    def most_out(self, route: RouteRow) -> int:
        return route.max_output_tokens or DEFAULT_MOST_OUT

    def estimate(self, route: RouteRow) -> int:
        """Tokens charged to tpm until the host reports."""
        out = self.tokens_out if self.tokens_out is not None else min(TYPICAL_OUT, self.most_out(route))
        return self.estimate_in + out * self.choices

    def for_host(self, route: RouteRow, tokens_out: int) -> bytes:
        """The body that is sent: the host's own name of the model, a maximum in any case, usage in any case."""
        body = self.body | {"model": route.host_model_id}
        if self.tokens_out is None:
            body["max_completion_tokens" if route.publisher == "openai" else "max_tokens"] = tokens_out
        if self.stream:
            options = body.get("stream_options")
            body["stream_options"] = (options if isinstance(options, dict) else {}) | {"include_usage": True}
        return orjson.dumps(body)


def read(raw: bytes) -> Asked:
    """Raises GatewayError 400 for what cannot be a chat completion."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise invalid(f"The body is not JSON: {error}.") from error
    if not isinstance(body, dict):
        raise invalid("The body must be a JSON object.")
    model = body.get("model")
    if not isinstance(model, str) or not model or len(model) > 300:
        raise invalid("`model` is missing; name one as publisher/model.", "model")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(each, dict) for each in messages):
        raise invalid("`messages` must be a list of at least one message object.", "messages")
    stream, options = body.get("stream"), body.get("stream_options")
    if stream not in (None, True, False):
        raise invalid("`stream` must be true or false.", "stream")
    pictures = raw.count(b'"image_url"') + raw.count(b'"file"') + raw.count(b'"input_audio"')
    return Asked(
        body=body,
        model=model,
        stream=bool(stream),
        wants_usage=isinstance(options, dict) and options.get("include_usage") is True,
        tokens_out=most_out(body),
        choices=count(body, "n", MOST_CHOICES) or 1,
        tokens_in=len(raw) + pictures * PICTURE_TOKENS,
        estimate_in=-(-len(raw) // BYTES_PER_TOKEN),
    )


def most_out(body: dict[str, Any]) -> int | None:
    """The larger of the two ways to say a maximum, so that a hold covers whichever the host heeds."""
    told = [count(body, name, MOST_TOKENS) for name in ("max_completion_tokens", "max_tokens")]
    return max((each for each in told if each is not None), default=None)


def count(body: dict[str, Any], name: str, most: int) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise refusal(name, most)
    return value


def refusal(name: str, most: int) -> GatewayError:
    return invalid(f"`{name}` must be a whole number from 1 to {most:,}.", name)
