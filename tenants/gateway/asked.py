"""A call as it was asked: what every dialect must hold, and what it may cost at worst. Pure."""

from dataclasses import dataclass
from typing import Any

import orjson

from tenants.gateway.errors import GatewayError, invalid
from tenants.gateway.pictures import inline_sizes
from tenants.keys.passport import RouteRow

MOST_NAME = 300
DEFAULT_MOST_OUT = 4_096  # where the catalog does not know a model's maximum
MOST_TOKENS = 10_000_000
MOST_CHOICES = 128
PICTURE_TOKENS = 8_192  # of a picture, or a file that is named by address; no host charges more for one
TYPICAL_PICTURE = 1_024
TYPICAL_OUT = 1_024  # charged to tpm where the caller gave no maximum
BYTES_PER_TOKEN = 4
MOST_SEARCHES = 10  # by a host's own search tool, where the caller sets no maximum
# what a picture, file or sound by address is told with, in any dialect
PICTURES = (
    b'"image_url"',
    b'"file"',
    b'"input_audio"',
    b'"file_url"',
    b'"file_id"',
    b'"type":"url"',
    b'"type": "url"',
)


@dataclass(slots=True)
class Asked:
    """:ivar tokens_out: the caller's own maximum per choice, None without one.

    :ivar wants_usage: did the caller ask for the usage chunk of a stream?
    :ivar only_text: nothing says that there is sound or a picture in it, or asked for.
    :ivar searches: web searches that a host's own tool may make.
    """

    body: dict[str, Any]
    model: str
    stream: bool
    wants_usage: bool
    tokens_out: int | None
    choices: int
    tokens_in: int
    estimate_in: int
    only_text: bool = True
    searches: int = 0

    def most_out(self, route: RouteRow) -> int:
        return route.max_output_tokens or DEFAULT_MOST_OUT

    def estimate(self, route: RouteRow) -> int:
        """Tokens charged to tpm until the host reports."""
        out = self.tokens_out if self.tokens_out is not None else min(TYPICAL_OUT, self.most_out(route))
        return self.estimate_in + out * self.choices


def opened(raw: bytes) -> dict[str, Any]:
    """The body of a call, with what every dialect has in it. Raises GatewayError 400."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise invalid(f"The body is not JSON: {error}.") from error
    if not isinstance(body, dict):
        raise invalid("The body must be a JSON object.")
    model = body.get("model")
    if model is None or model == "":
        raise invalid("`model` is missing; name one as publisher/model.", "model")
    if not isinstance(model, str) or len(model) > MOST_NAME or not model.isprintable():
        raise invalid(
            f"`model` is a name such as publisher/model: text of at most {MOST_NAME} characters that can be printed.",
            "model",
        )
    if body.get("stream") not in (None, True, False):
        raise invalid("`stream` must be true or false.", "stream")
    return body


def whats_asked(raw: bytes, body: dict[str, Any], tokens_out: int | None) -> Asked:
    """:param tokens_out: the caller's own maximum. Raises GatewayError 400."""
    options = body.get("stream_options")
    shown = b"audio" in raw or b"image" in raw
    pictures = sum(map(raw.count, PICTURES)) if shown or b'"file' in raw or b'"url"' in raw else 0
    inline = inline_sizes(body) if b"image" in raw else []
    size = len(raw) - sum(inline)
    return Asked(
        body=body,
        model=body["model"],
        stream=bool(body.get("stream")),
        wants_usage=isinstance(options, dict) and options.get("include_usage") is True,
        tokens_out=tokens_out,
        choices=count(body, "n", MOST_CHOICES) or 1,
        tokens_in=size + (pictures + len(inline)) * PICTURE_TOKENS,
        estimate_in=-(-size // BYTES_PER_TOKEN) + len(inline) * TYPICAL_PICTURE,
        only_text=not (pictures or shown),
        searches=most_searches(body) if b"search" in raw else 0,
    )


def most_searches(body: dict[str, Any]) -> int:
    """Of a host's own search tools, and of xAI's search parameters."""
    tools = body.get("tools")
    named = [each for each in tools if isinstance(each, dict)] if isinstance(tools, list) else []
    found = [each.get("max_uses") for each in named if "search" in str(each.get("type"))]
    for other, most in (("web_search_options", None), ("search_parameters", "max_search_results")):
        if isinstance(told := body.get(other), dict):
            found.append(told.get(most) if most else None)
    return sum(n if isinstance(n, int) and 0 < n < MOST_TOKENS else MOST_SEARCHES for n in found)


def most_out(body: dict[str, Any], *names: str) -> int | None:
    """The largest of the ways to say a maximum, so that a hold covers whichever the host heeds."""
    told = [count(body, name, MOST_TOKENS) for name in names]
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
