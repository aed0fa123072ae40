"""Server-sent events of each dialect, cut out of a stream however its bytes come. Pure.

The event that says that all is over waits for the ledger: who has seen it has a line there.
"""

from typing import Any

import orjson

from tenants.gateway.meter import report, report_message
from tenants.usage.charge import Tokens

DONE = b"[DONE]"
ERROR = b'"error"'  # never inside a text: its quotes are escaped there


class Events:
    """Cuts a stream into whole events and reads the usage in passing.

    :cvar marks: an event that holds none of these is passed on unread.
    :ivar tokens: the last report, None until there is one. :ivar done: the host said that it is.
    :ivar error: what the host told in place of the rest. :ivar last: what the caller gets when the ledger has the call.
    """

    marks: tuple[bytes, ...] = ()

    def __init__(self) -> None:
        self.rest = b""
        self.tokens: Tokens | None = None
        self.done = False
        self.error: Any = None
        self.last = b""

    def feed(self, part: bytes) -> bytes:
        """What may go on to the caller now: whole events."""
        data = self.rest + part if self.rest else part
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n")
        end = data.rfind(b"\n\n")
        if end < 0:
            self.rest = data
            return b""
        ready, self.rest = data[: end + 2], data[end + 2 :]
        if ERROR not in ready and not any(mark in ready for mark in self.marks):
            return ready
        return b"".join(event + b"\n\n" for event in ready.split(b"\n\n")[:-1] if self.passes(event))

    def passes(self, event: bytes) -> bool:
        """Read one event; may it go on now?"""
        data = b"".join(line[5:].lstrip() for line in event.split(b"\n") if line.startswith(b"data:"))
        if self.error is not None or self.done:
            return False
        if ERROR in data:
            told = loads(data)
            self.error = told.get("error") or (told if told.get("type") == "error" else None)
            if self.error is not None:
                return False
        if not any(mark in data for mark in self.marks):
            return True
        return self.reads(event, data)

    def reads(self, event: bytes, data: bytes) -> bool:
        raise NotImplementedError

    def ends_with(self, event: bytes) -> bool:
        self.done, self.last = True, event + b"\n\n"
        return False


class ChatEvents(Events):
    """Chunks. :param swallow_usage: the caller did not ask for the one that holds only the usage."""

    marks = (b'"usage"', DONE)

    def __init__(self, swallow_usage: bool) -> None:
        super().__init__()
        self.swallow_usage = swallow_usage
        self.last = b"data: [DONE]\n\n"

    def reads(self, event: bytes, data: bytes) -> bool:
        if data == DONE:
            self.done = True
            return False
        chunk = loads(data)
        if not isinstance(chunk.get("usage"), dict):
            return True
        self.tokens = report(chunk["usage"]) or self.tokens
        return bool(chunk.get("choices")) or not self.swallow_usage


class ResponseEvents(Events):
    """Typed events; the usage is in the one that ends them."""

    marks = (b"response.completed", b"response.incomplete", b"response.failed")

    def reads(self, event: bytes, data: bytes) -> bool:
        told = loads(data)
        if str(told.get("type", "")).encode() not in self.marks:
            return True
        response = told.get("response")
        if isinstance(response, dict):
            self.tokens = report(response.get("usage"))
        return self.ends_with(event)


class MessageEvents(Events):
    """Anthropic's: the input is told at the start, the output in `message_delta`, as a running total."""

    marks = (b"message_start", b"message_delta", b"message_stop")

    def __init__(self) -> None:
        super().__init__()
        self.usage: dict[str, Any] = {}

    def reads(self, event: bytes, data: bytes) -> bool:
        told = loads(data)
        match told.get("type"):
            case "message_start" if isinstance(told.get("message"), dict):
                self.add(told["message"].get("usage"))
            case "message_delta":
                self.add(told.get("usage"))
                self.tokens = report_message(self.usage)
            case "message_stop":
                return self.ends_with(event)
        return True

    def add(self, usage: Any) -> None:
        if isinstance(usage, dict):
            self.usage |= {name: value for name, value in usage.items() if value is not None}


def loads(data: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
