"""To the host and back. From the mark on the call ends in the ledger, whatever happens to anybody."""

from typing import Any

import aiohttp
import orjson

from tenants.gateway import settle
from tenants.gateway.asgi import Caller, Receive, Send, send_bytes
from tenants.gateway.call import Call
from tenants.gateway.errors import GatewayError
from tenants.gateway.headers import HeaderList
from tenants.gateway.meter import report
from tenants.gateway.runtime import Runtime
from tenants.gateway.stream import relay
from tenants.gateway.trouble import host_refusal, malformed
from tenants.usage.envelope import Outcome

MOST_ANSWER = 64 << 20


async def forward(runtime: Runtime, call: Call, receive: Receive, send: Send, headers: HeaderList) -> None:
    """Send the call and relay the answer. Raises GatewayError, aiohttp.ClientError, TimeoutError."""
    assert call.route is not None
    assert call.asked is not None
    assert call.held is not None
    body = call.asked.for_host(call.route, call.held.tokens_out)
    session, outward = runtime.upstreams.session(call.route), outward_headers(runtime, call)
    call.mark = runtime.spool.sending(unsettled(call))
    caller = Caller(receive)
    try:
        async with session.post(
            call.route.calling_url, data=body, headers=outward, allow_redirects=False
        ) as answer:
            call.first_byte_ms = call.elapsed_ms()
            if answer.status != 200:
                raise await host_refusal(runtime, call, answer)
            if call.asked.stream:
                await relay(runtime, call, answer, send, headers, caller)
            else:
                await whole(runtime, call, answer, send, headers, caller)
    finally:
        caller.forget()


def outward_headers(runtime: Runtime, call: Call) -> dict[str, str]:
    assert call.route is not None
    try:
        return runtime.upstreams.headers(call.route, call.id)
    except ValueError as error:
        raise GatewayError(
            503,
            "host_not_callable",
            f"The credential of {call.route.host} cannot be opened; an admin can renew it.",
        ) from error


def unsettled(call: Call) -> dict[str, Any]:
    """What the call is booked as if this process dies now."""
    return call.worst_case(Outcome.UNKNOWN, code="gateway_killed")


async def whole(
    runtime: Runtime,
    call: Call,
    answer: aiohttp.ClientResponse,
    send: Send,
    headers: HeaderList,
    caller: Caller,
) -> None:
    """Read all of it, settle, then answer: who has an answer has a line in the ledger."""
    raw = await bounded(answer)
    if raw is None:
        raise malformed(runtime, call, f"more than {MOST_ANSWER >> 20} MB")
    try:
        content = orjson.loads(raw)
    except orjson.JSONDecodeError:
        content = None
    if not isinstance(content, dict) or "choices" not in content:
        raise malformed(runtime, call, "something that is no completion")
    settle.reported(runtime, call, report(content.get("usage")), cancelled=caller.gone)
    await send_bytes(send, 200, raw, extra=headers)


async def bounded(answer: aiohttp.ClientResponse) -> bytes | None:
    """The body, or None when it is larger than anybody means."""
    if answer.content_length is not None:
        return None if answer.content_length > MOST_ANSWER else await answer.read()
    parts, length = [], 0
    async for part in answer.content.iter_any():
        length += len(part)
        if length > MOST_ANSWER:
            return None
        parts.append(part)
    return b"".join(parts)
