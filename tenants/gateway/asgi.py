"""The little of HTTP that a raw ASGI application needs."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, MutableMapping
from typing import Any, cast

import orjson

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]
WATCH_AFTER_S = 1.0


class TooLarge(Exception):
    """The body has more bytes than are taken."""


class Gone(Exception):
    """The caller hung up before the body was whole."""


class Caller:
    """Is whoever called still there? Watched from the first second on; a stream watches at once.

    :param on_gone: called when they have left while they were watched.
    """

    def __init__(self, receive: Receive, on_gone: Callable[[], None]) -> None:
        self.receive, self.on_gone = receive, on_gone
        self.task: asyncio.Task[Message] | None = None
        self.timer = asyncio.get_running_loop().call_later(WATCH_AFTER_S, self.watch)

    def watch(self) -> None:
        if self.task is None:
            self.task = asyncio.ensure_future(self.receive())
            self.task.add_done_callback(self.leave)

    def leave(self, task: "asyncio.Task[Message]") -> None:
        if not task.cancelled():
            self.on_gone()

    @property
    def gone(self) -> bool:
        return self.task.done() if self.task is not None else self.has_left()

    def has_left(self) -> bool:
        """The body was read to its end, so all that can still come is word that the caller left; is it there already?"""
        asked = cast("Coroutine[None, None, Message]", self.receive())
        try:
            asked.send(None)
        except StopIteration:
            return True
        asked.close()
        return False

    def forget(self) -> None:
        self.on_gone = lambda: None
        self.timer.cancel()
        if self.task is not None:
            self.task.cancel()


def header(scope: Scope, name: bytes) -> str:
    """The first header of that lower-case name, empty without one. Bytes are read as Latin-1, like HTTP says."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return ""


async def read_body(receive: Receive, most: int = 32 << 20) -> bytes:
    """The whole body. Raises TooLarge beyond `most` bytes, Gone when the caller hung up."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        if len(body) > most:
            raise TooLarge
        return body
    parts, length = [], 0
    while True:
        if message["type"] == "http.disconnect":
            raise Gone
        part = message.get("body", b"")
        length += len(part)
        if length > most:
            raise TooLarge
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()


async def send_bytes(
    send: Send, status: int, body: bytes, kind: bytes = b"application/json", extra: Headers = ()
) -> None:
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body)), *extra]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def send_json(send: Send, status: int, content: Any, extra: Headers = ()) -> None:
    await send_bytes(send, status, orjson.dumps(content), extra=extra)
