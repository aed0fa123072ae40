"""To the host and back. From the mark on the call ends in the ledger, whatever happens to anybody."""

import asyncio

import orjson

from tenants.gateway import settle
from tenants.gateway.admit import moved
from tenants.gateway.asgi import Caller, Patience, Send
from tenants.gateway.call import Call
from tenants.gateway.errors import GatewayError
from tenants.gateway.headers import HeaderList, answer_headers
from tenants.gateway.runtime import Runtime
from tenants.gateway.stream import relay
from tenants.gateway.trouble import host_refusal, left_alone, malformed
from tenants.gateway.wire import Answer, NotSent, Target

MOST_ANSWER = 64 << 20
FAILED = 500  # and above: the host says that it failed
PASSING = {429, *range(500, 600)}  # what another host may do better, before anything was answered


async def forward(runtime: Runtime, call: Call, caller: Caller, send: Send) -> None:
    """Send the call and relay the answer. Raises GatewayError, OSError, TimeoutError.

    Who hangs up is read on for, so that the host's report counts; after `drain_s`, or at once where the host is
    set so, the call is cut off and booked at what was sent by then, or its worst case.
    """
    patience = Patience(
        caller, lambda: 0.0 if call.route and call.route.cancels_at_once else runtime.config.drain_s
    )
    try:
        while not await ended(runtime, call, caller, send):
            pass
    except asyncio.CancelledError:
        if not patience.over:
            raise
        patience.task.uncancel()
        settle.given_up(runtime, call)
    finally:
        patience.stop()


async def ended(runtime: Runtime, call: Call, caller: Caller, send: Send) -> bool:
    """Call the route's host; False when it failed in a way that costs nothing and another host took the call over."""
    assert call.route is not None
    assert call.asked is not None
    assert call.held is not None
    breaker = runtime.breakers.of(call.route.host_id, call.route.host)
    if rest_s := breaker.rests_s():
        if await moved(runtime, call, "left alone"):
            return False
        raise left_alone(call.route.host, rest_s)
    body = call.dialect.for_host(call.asked, call.route, call.held.tokens_out)
    target, head = request(runtime, call, len(body))
    wire, answer = runtime.upstreams.wire(call.route), None
    mark(runtime, call)
    try:
        answer = await wire.post(target, head, body, call.elapsed_ms() / 1000)
        if answer.status < FAILED:
            breaker.answered()
        else:
            breaker.failed()
        if (
            answer.status in PASSING
            and not caller.gone
            and await moved(runtime, call, f"http_{answer.status}")
        ):
            return False
        await relayed(runtime, call, answer, send, caller)
    except NotSent:
        breaker.failed()
        if caller.gone or not await moved(runtime, call, "upstream_unreachable"):
            raise
        return False
    except OSError:  # a TimeoutError is one, too
        breaker.failed()
        raise
    finally:
        if answer is not None:
            wire.release(target, answer)
    return True


def mark(runtime: Runtime, call: Call) -> None:
    """Write down that the call goes out; its line of an earlier host says nothing any more. Raises SpoolFull."""
    made = runtime.spool.sending(call.unsettled())
    if call.mark is not None:
        call.mark.pending -= 1
    call.mark = made


async def relayed(runtime: Runtime, call: Call, answer: Answer, send: Send, caller: Caller) -> None:
    assert call.asked is not None
    call.first_byte_ms = call.elapsed_ms()
    if answer.status != 200:
        raise await host_refusal(runtime, call, answer)
    if answer.header(b"content-encoding").strip().lower() not in ("", "identity"):
        raise malformed(runtime, call, "a compressed body, which nobody asked for")
    headers = answer_headers(call, runtime.config.console_url)
    if call.asked.stream:
        await relay(runtime, call, answer, send, headers, caller)
    else:
        await whole(runtime, call, answer, headers, caller)


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


async def whole(runtime: Runtime, call: Call, answer: Answer, headers: HeaderList, caller: Caller) -> None:
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
    caller.reply(200, b"application/json", raw, headers)
