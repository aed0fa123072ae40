"""What answers carry beside the host's words."""

import time
from email.utils import format_datetime

from tenants.gateway.call import Call

HeaderList = list[tuple[bytes, bytes]]


def answer_headers(call: Call, console_url: str) -> HeaderList:
    """The call's id, what is left of its minute, the maximum that was set for it, and the model's age."""
    found = [(b"x-foundry-call-id", call.id.encode())]
    assert call.asked is not None
    assert call.held is not None
    if call.asked.tokens_out is None:
        found.append((b"x-foundry-max-tokens", b"%d" % call.held.tokens_out))
    return found + rate_headers(call) + age_headers(call, console_url)


def rate_headers(call: Call) -> HeaderList:
    piece = call.held.slice if call.held else None
    if piece is None:
        return []
    seconds = b"%ds" % max(1, round(piece.until - time.monotonic()))
    calls, tokens = piece.seen
    found: HeaderList = []
    for kind, name, used in (
        ("rpm", b"requests", calls - piece.calls.free),
        ("tpm", b"tokens", tokens - piece.rate_tokens.free),
    ):
        if (most := piece.maxima.get(kind)) is not None:
            found += [
                (b"x-ratelimit-limit-" + name, b"%d" % most),
                (b"x-ratelimit-remaining-" + name, b"%d" % max(0, most - used)),
                (b"x-ratelimit-reset-" + name, seconds),
            ]
    return found


def age_headers(call: Call, console_url: str) -> HeaderList:
    route, found = call.route, HeaderList()
    assert route is not None
    if route.is_sandbox:
        found.append((b"x-foundry-sandbox", b"1"))
    if route.lifecycle in ("legacy", "deprecated"):
        found.append((b"deprecation", b"true"))
    if route.retires_at is not None:
        found.append((b"sunset", format_datetime(route.retires_at, usegmt=True).encode()))
    if route.successor is not None:
        found.append(
            (b"link", f'<{console_url}/catalog/{route.successor}/>; rel="successor-version"'.encode())
        )
    return found
