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
    held = call.held
    if held is None:
        return []
    pieces = [each.slice for each in (held, *held.more)] if held.more else [held.slice]
    return [*least(pieces, "rpm", OF_REQUESTS), *least(pieces, "tpm", OF_TOKENS)]


def least(pieces: "list[Slice | None]", kind: str, names: tuple[bytes, ...]) -> HeaderList:
    """Maximum, rest and seconds until it begins anew of the limit of `kind` that leaves least; nothing where none is."""
    found, rest, most = None, 0, 0
    for piece in pieces:
        if piece is None or (maximum := piece.maxima.get(kind)) is None:
            continue
        used = piece.seen[0] - piece.calls.free if kind == "rpm" else piece.seen[1] - piece.rate_tokens.free
        if found is None or maximum - used < rest:
            found, rest, most = piece, maximum - used, maximum
    if found is None:
        return []
    seconds = max(1, round(found.until - time.monotonic()))
    limit, remaining, reset = names
    return [(limit, b"%d" % most), (remaining, b"%d" % max(0, rest)), (reset, b"%ds" % seconds)]


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
