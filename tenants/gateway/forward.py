"""To the host and back. From the mark on the call ends in the ledger, whatever happens to anybody."""

import asyncio

import orjson

from tenants.gateway import settle
from tenants.gateway.asgi import Caller, Receive, Send, send_bytes
from tenants.gateway.call import Call
from tenants.gateway.errors import GatewayError
from tenants.gateway.headers import HeaderList
from tenants.gateway.runtime import Runtime
from tenants.gateway.spool import Row
from tenants.gateway.stream import relay
from tenants.gateway.trouble import host_refusal, malformed
from tenants.gateway.wire import Answer, Target
from tenants.usage.envelope import Outcome

MOST_ANSWER = 64 << 20


async def forward(runtime: Runtime, call: Call, receive: Receive, send: Send, headers: HeaderList) -> None:
    """Send the call and relay the answer. Raises GatewayError, OSError, TimeoutError.

    Who hangs up is read on for, so that the host's report counts; after `drain_s` the call is cut off and
    booked at its worst case.
    """
    assert call.route is not None
    assert call.asked is not None
    assert call.held is not None
    body = call.dialect.for_host(call.asked, call.route, call.held.tokens_out)
    target, head = request(runtime, call, len(body))
    wire = runtime.upstreams.wire(call.route)
    call.mark = runtime.spool.sending(unsettled(call))
    loop, answer = asyncio.get_running_loop(), None
    try:
        async with asyncio.timeout(None) as limit:
            caller = Caller(receive, lambda: limit.reschedule(loop.time() + runtime.config.drain_s))
            try:
                answer = await wire.post(target, head, body)
                await relayed(runtime, call, answer, send, headers, caller)
            finally:
                caller.forget()
    except TimeoutError:
        if not limit.expired():
            raise
        settle.given_up(runtime, call)
    finally:
        if answer is not None:
            wire.release(target, answer)


async def relayed(
    runtime: Runtime, call: Call, answer: Answer, send: Send, headers: HeaderList, caller: Caller
) -> None:
    assert call.asked is not None
    call.first_byte_ms = call.elapsed_ms()
    if answer.status != 200:
        raise await host_refusal(runtime, call, answer)
    if call.asked.stream:
        await relay(runtime, call, answer, send, headers, caller)
    else:
        await whole(runtime, call, answer, send, headers, caller)


def request(runtime: Runtime, call: Call, length: int) -> tuple[Target, bytes]:
    assert call.route is not None
    try:
        return runtime.upstreams.request(call.route, call.dialect, call.id, length, call.told)
    except ValueError as error:
        raise GatewayError(
            503,
            "host_not_callable",
            f"The credential of {call.route.host} cannot be opened; an admin can renew it.",
        ) from error


def unsettled(call: Call) -> Row:
    """What the call is booked as if this process dies now."""
    return call.worst_case(Outcome.UNKNOWN, code="gateway_killed")


async def whole(
    runtime: Runtime, call: Call, answer: Answer, send: Send, headers: HeaderList, caller: Caller
) -> None:
    """Read all of it, settle, then answer: who has an answer has a line in the ledger."""
    raw = await answer.read(MOST_ANSWER)
    if raw is None:
        raise malformed(runtime, call, f"more than {MOST_ANSWER >> 20} MB")
    try:
        content = orjson.loads(raw)
    except orjson.JSONDecodeError:
        content = None
    if not isinstance(content, dict) or not call.dialect.is_answer(content):
        raise malformed(runtime, call, "something that is no answer")
    settle.reported(runtime, call, call.dialect.tokens(content), cancelled=caller.gone)
    await send_bytes(send, 200, raw, extra=headers)
