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


class TooLarge(Exception):
    """The body has more bytes than are taken."""


class Gone(Exception):
    """The caller hung up before the body was whole."""


class Caller:
    """Is whoever called still there? A whole answer asks once, when it is ready; a stream watches."""

    def __init__(self, receive: Receive) -> None:
        self.receive = receive
        self.task: asyncio.Task[Message] | None = None
        self.left = False

    def watch(self) -> None:
        """From now on `gone` costs nothing."""
        if self.task is None:
            self.task = asyncio.ensure_future(self.receive())

    @property
    def gone(self) -> bool:
        if self.task is not None:
            return self.task.done()
        if not self.left:
            self.left = self.has_left()
        return self.left

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
