"""What answers carry beside the host's words."""

import time
from email.utils import format_datetime

from tenants.gateway.call import Call
from tenants.quotas.slices import Slice

HeaderList = list[tuple[bytes, bytes]]
OF_REQUESTS, OF_TOKENS = (
    tuple(b"x-ratelimit-%b-%b" % (what, of) for what in (b"limit", b"remaining", b"reset"))
    for of in (b"requests", b"tokens")
)


def answer_headers(call: Call, console_url: str) -> HeaderList:
    """The call's id, what is left of its minute, the maximum that was set for it, and the model's age."""
    found = call_headers(call)
    assert call.asked is not None
    assert call.held is not None
    if call.asked.tokens_out is None:
        found.append((b"x-foundry-max-tokens", b"%d" % call.held.tokens_out))
    return found + rate_headers(call) + passed_headers(call) + age_headers(call, console_url)


def passed_headers(call: Call) -> HeaderList:
    """Soft limits that are used up: the call goes on, and its caller is told."""
    if not call.levels or call.held is None:
        return []
    pieces = [held.slice for held in (call.held, *call.held.more) if held.slice is not None]
    passed = {piece.holder_id: piece.passed for piece in pieces if piece.passed}
    told = [f"{level.scope} {kind}" for level in call.levels for kind in passed.get(level.holder_id, ())]
    return [(b"x-foundry-soft-limit", "; ".join(told).encode())] if told else []


def call_headers(call: Call) -> HeaderList:
    """Its id and, where the caller gave a tag, the word under which it is counted."""
    found = [(b"x-foundry-call-id", call.id.encode())]
    return [*found, (b"x-foundry-tag", call.tag.encode())] if call.tag else found


def rate_headers(call: Call) -> HeaderList:
    """Of calls and of tokens a minute the limit that leaves least, whether it is the grant's or one beside it."""
    found: HeaderList = []
    pieces = [] if call.held is None else [each.slice for each in (call.held, *call.held.more)]
    for kind, (limit, remaining, reset) in (("rpm", OF_REQUESTS), ("tpm", OF_TOKENS)):
        least = min((left(piece, kind) for piece in pieces if piece and kind in piece.maxima), default=None)
        if least is not None:
            rest, most, seconds = least
            found += [(limit, b"%d" % most), (remaining, b"%d" % rest), (reset, b"%ds" % seconds)]
    return found


def left(piece: Slice, kind: str) -> tuple[int, int, int]:
    """What is left of a limit of a minute, its maximum, and in how many seconds it begins anew."""
    most = piece.maxima[kind]
    place, free = (0, piece.calls.free) if kind == "rpm" else (1, piece.rate_tokens.free)
    seconds = max(1, round(piece.until - time.monotonic()))
    return max(0, most - piece.seen[place] + free), most, seconds


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
