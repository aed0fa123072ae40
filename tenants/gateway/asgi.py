"""The little of HTTP that a raw ASGI application needs."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Protocol

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


class Caller(Protocol):
    """Who called: `scope["caller"]`. :ivar gone: they hung up. :ivar on_gone: called when they do.

    :ivar peer: the address that connected to us, empty where there is none.
    """

    @property
    def peer(self) -> str: ...

    gone: bool
    on_gone: Callable[[], object] | None

    def body(self) -> bytes | None:
        """All of the request's body, where it is here and unread; None where one has to `receive`."""

    def reply(self, status: int, kind: bytes, body: bytes, extra: Headers) -> None:
        """A whole answer in one piece."""


class Patience:
    """Goes on with a call for nobody, but ends it `seconds()` after its caller left, by cancelling its task.

    :ivar over: it did.
    """

    def __init__(self, caller: Caller, seconds: Callable[[], float]) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.caller, self.seconds, self.task = caller, seconds, task
        self.timer: asyncio.TimerHandle | None = None
        self.over = False
        caller.on_gone = self.start
        if caller.gone:
            self.start()

    def start(self) -> None:
        self.timer = self.task.get_loop().call_later(self.seconds(), self.end)

    def end(self) -> None:
        self.over = True
        self.task.cancel()

    def stop(self) -> None:
        self.caller.on_gone = None
        if self.timer is not None:
            self.timer.cancel()


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
