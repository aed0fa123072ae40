"""Server-sent events from a host to a caller. The caller may leave; the host is read to its end and paid."""

import aiohttp
import orjson

from tenants.gateway import settle
from tenants.gateway.asgi import Caller, Send
from tenants.gateway.call import Call
from tenants.gateway.errors import GatewayError
from tenants.gateway.headers import HeaderList
from tenants.gateway.meter import Tokens, report
from tenants.gateway.runtime import Runtime
from tenants.gateway.trouble import malformed

MOST_EVENT = 8 << 20
DONE = b"[DONE]"


class Events:
    """Cuts a stream into whole events and reads the usage in passing.

    :ivar tokens: the last report, None until there is one. :ivar done: the host said that it is.
    """

    def __init__(self, swallow_usage: bool) -> None:
        self.swallow_usage = swallow_usage
        self.rest = b""
        self.tokens: Tokens | None = None
        self.done = False

    def feed(self, part: bytes) -> bytes:
        """What may go on to the caller now: whole events, the usage chunk only where it was asked for."""
        data = self.rest + part
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n")
        end = data.rfind(b"\n\n")
        if end < 0:
            self.rest = data
            return b""
        ready, self.rest = data[: end + 2], data[end + 2 :]
        if b'"usage"' not in ready and DONE not in ready:
            return ready
        return b"".join(event + b"\n\n" for event in ready.split(b"\n\n")[:-1] if self.passes(event))

    def passes(self, event: bytes) -> bool:
        """Read one event. False for the one that only we asked for, and for the end, which waits for the ledger."""
        data = b"".join(line[5:].lstrip() for line in event.split(b"\n") if line.startswith(b"data:"))
        if data == DONE:
            self.done = True
            return False
        if b'"usage"' not in data:
            return True
        try:
            chunk = orjson.loads(data)
        except orjson.JSONDecodeError:
            return True
        if not isinstance(chunk, dict) or not isinstance(chunk.get("usage"), dict):
            return True
        self.tokens = report(chunk["usage"]) or self.tokens
        return bool(chunk.get("choices")) or not self.swallow_usage


async def relay(
    runtime: Runtime,
    call: Call,
    answer: aiohttp.ClientResponse,
    send: Send,
    headers: HeaderList,
    caller: Caller,
) -> None:
    """Pass events on as they come; settle before the last one. Raises what the connection raises, after that."""
    assert call.asked is not None
    if not answer.content_type.startswith("text/event-stream"):
        raise malformed(runtime, call, "something that is no stream")
    kind = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store"), *headers]
    await send({"type": "http.response.start", "status": 200, "headers": kind})
    call.answering = True
    caller.watch()
    events = Events(swallow_usage=not call.asked.wants_usage)
    async for part in answer.content.iter_any():
        ready = events.feed(part)
        if len(events.rest) > MOST_EVENT:
            raise malformed(runtime, call, f"an event of more than {MOST_EVENT >> 20} MB")
        if ready and not caller.gone:
            await send({"type": "http.response.body", "body": ready, "more_body": True})
        if events.done:
            break
    settle.reported(runtime, call, events.tokens, cancelled=caller.gone)
    await send({"type": "http.response.body", "body": events.rest + b"data: [DONE]\n\n"})


async def send_error(send: Send, error: GatewayError) -> None:
    """An error after the answer has begun: one last event."""
    await send({"type": "http.response.body", "body": b"data: %b\n\n" % orjson.dumps(error.body())})
