"""Server-sent events from a host to a caller. The caller may leave; the host is read to its end and paid."""

from tenants.gateway import settle
from tenants.gateway.asgi import Caller, Send
from tenants.gateway.call import Call
from tenants.gateway.errors import GatewayError
from tenants.gateway.headers import HeaderList
from tenants.gateway.heard import Heard
from tenants.gateway.runtime import Runtime
from tenants.gateway.trouble import failed_midway, malformed
from tenants.gateway.wire import Answer

MOST_EVENT = 8 << 20


async def relay(
    runtime: Runtime, call: Call, answer: Answer, send: Send, headers: HeaderList, caller: Caller
) -> None:
    """Pass events on as they come; settle before the last one. Raises what the connection raises, after that."""
    assert call.asked is not None
    if answer.content_type != "text/event-stream":
        raise malformed(runtime, call, "something that is no stream")
    kind = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store"), *headers]
    await send({"type": "http.response.start", "status": 200, "headers": kind})
    call.answering = True
    events = call.dialect.events(call.asked)
    heard = None
    if call.route is not None and call.route.cancels_at_once:
        heard = call.heard = Heard(events)
    async for part in answer.parts():
        ready = events.feed(part)
        if len(events.rest) > MOST_EVENT:
            raise malformed(runtime, call, f"an event of more than {MOST_EVENT >> 20} MB")
        if heard is not None:
            heard.add(ready)
        if ready and not caller.gone:
            await send({"type": "http.response.body", "body": ready, "more_body": True})
        if events.error is not None or events.done:
            break
    if not events.done and events.error is None and events.rest.strip():
        await send({"type": "http.response.body", "body": events.feed(b"\n\n"), "more_body": True})
    if events.error is not None:
        raise failed_midway(runtime, call, events.error, events.tokens)
    if not events.done and events.tokens is None:
        raise malformed(runtime, call, "a stream that has no end and no usage")
    settle.reported(runtime, call, events.tokens, cancelled=caller.gone)
    await send({"type": "http.response.body", "body": events.rest + events.last})
    await answer.finish()


async def send_error(send: Send, call: Call, error: GatewayError) -> None:
    """An error after the answer has begun: one last event."""
    await send({"type": "http.response.body", "body": call.dialect.error_event(error)})
