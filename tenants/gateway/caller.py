"""HTTP/1.1 from callers, and no more of it than a gateway needs. Parsing is llhttp's, through httptools.

Kept connections whose requests are answered in turn, bodies as they come, a caller who is told to wait or waits for
us, and word at once when they hang up. No TLS, HTTP/2, WebSockets or files: those are a load balancer's.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

import httptools

from tenants.gateway.asgi import Headers, Message, Scope, TooLarge

if TYPE_CHECKING:
    from tenants.gateway.server import Server

log = logging.getLogger(__name__)

HIGH = 256 << 10  # bytes of a body that wait to be read before the caller is told to wait
MOST_HEAD, MOST_LINES, MOST_WAITING = 64 << 10, 200, 16
MOST_MUTE = HIGH + MOST_HEAD  # bytes that bring neither a whole head nor a part of a body
SLOW_S, IDLE_S = 30.0, 75.0  # without a byte in the middle of a request; between requests
STATUS = {each.value: b"HTTP/1.1 %d %b\r\n" % (each, each.phrase.encode()) for each in HTTPStatus}
NO_HTTP = b"This is no HTTP request."
BROKEN = b"The gateway failed."


@lru_cache(256)
def place(url: bytes) -> tuple[str, bytes]:
    """Path and query of what was asked for. Raises HttpParserInvalidURLError."""
    parts = httptools.parse_url(url)
    return unquote_to_bytes(parts.path or b"/").decode("utf-8", "replace"), parts.query or b""


class Exchange:
    """One request and its answer. :ivar gone: the caller hung up. :ivar on_gone: called when they do.

    :ivar keep: the connection may serve another request. :ivar size: bytes of the body that wait to be read.
    """

    __slots__ = (
        "bare", "chunked", "connection", "continues", "ended", "gone", "head", "keep", "on_gone", "parts", "size", "started",
        "task", "told", "waiter", "whole",
    )  # fmt: skip

    def __init__(self, connection: "Connection", *, keep: bool, bare: bool, continues: bool) -> None:
        self.connection, self.keep, self.bare, self.continues = connection, keep, bare, continues
        self.parts: list[bytes] = []
        self.size, self.head = 0, b""
        self.whole = self.told = self.started = self.ended = self.gone = self.chunked = False
        self.on_gone: Callable[[], None] | None = None
        self.waiter: asyncio.Future[None] | None = None
        self.task: asyncio.Task[None] | None = None

    @property
    def peer(self) -> str:
        """The address that connected; empty where the connection has none any more."""
        found = self.connection.transport.get_extra_info("peername")
        return str(found[0]) if isinstance(found, tuple) and found else ""

    async def receive(self) -> Message:
        """The next part of the body; after the last one only word that the caller left."""
        while not (self.gone or self.parts or (self.whole and not self.told)):
            if self.continues:
                self.continues = False
                self.connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.waiter = asyncio.get_running_loop().create_future()
            await self.waiter
        if self.gone:
            return {"type": "http.disconnect"}
        body = self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)
        self.parts, self.size, self.told = [], 0, self.whole
        self.connection.listen()
        return {"type": "http.request", "body": body, "more_body": not self.whole}

    def body(self) -> bytes | None:
        """All of the body where all of it is here and nobody has read of it; None where one has to `receive`."""
        if self.gone or self.told or not self.whole:
            return None
        body = self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)
        self.parts, self.size, self.told = [], 0, True
        self.connection.listen()
        return body

    def reply(self, status: int, kind: bytes, body: bytes, extra: Headers) -> None:
        """A whole answer, in one piece; without a word where the caller left. Raises ValueError as `start`."""
        if self.gone or self.ended:
            return
        self.start(status, [(b"content-type", kind), (b"content-length", b"%d" % len(body)), *extra])
        self.add(body, more=False)

    async def send(self, message: Message) -> None:
        """Heads leave at once, but for those that tell a length: theirs leave with the body."""
        if self.gone or self.ended:
            return
        if not self.started:
            self.start(message["status"], message["headers"])
        else:
            self.add(message.get("body", b""), more=message.get("more_body", False))
            if self.connection.full is not None:
                await self.connection.full

    def start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Raises ValueError for a header that would be two."""
        lines = [STATUS[status], *[b"%b: %b\r\n" % header for header in headers]]
        sized = b"content-length" in [name for name, _ in headers]
        if not sized and self.keep:
            self.chunked = True
            lines.append(b"transfer-encoding: chunked\r\n")
        if not self.keep:
            lines.append(b"connection: close\r\n")
        head = b"".join(lines)
        if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines):
            raise ValueError("a header of the answer has a line break in it")
        self.head, self.started = head + b"\r\n", True
        if not sized:
            self.add(b"", more=True)

    def add(self, body: bytes, *, more: bool) -> None:
        if self.bare:
            body = b""
        elif self.chunked:
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (b"" if more else b"0\r\n\r\n")
        if data := self.head + body:
            self.head = b""
            self.connection.write(data)
        if not more:
            self.ended = True
            self.connection.answered(self)

    def wake(self) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    def leave(self) -> None:
        self.gone = True
        self.wake()
        if self.on_gone is not None:
            self.on_gone()


class Connection(asyncio.Protocol):
    """One caller's connection.

    :ivar current: whose answer is under way. :ivar last: whose body is read. :ivar full: set while the caller reads
        slower than we write. :ivar since: when something last came or was answered, monotonic seconds.
    :ivar came: bytes that are read now. :ivar mute: those before, since a head was whole or a part of a body came.
    """

    transport: asyncio.Transport

    def __init__(self, server: "Server") -> None:
        self.server = server
        self.parser = httptools.HttpRequestParser(self)
        self.waiting: deque[tuple[Exchange, Scope]] = deque()
        self.current: Exchange | None = None
        self.last: Exchange | None = None
        self.full: asyncio.Future[None] | None = None
        self.begun = self.heading = self.deaf = self.closing = False
        self.came = self.mute = 0
        self.since = time.monotonic()

    # asyncio
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.server.connections.add(self)

    def data_received(self, data: bytes) -> None:
        if self.closing:
            return
        self.since = time.monotonic()
        self.came = len(data)
        try:
            self.parser.feed_data(data)
            self.mute += self.came
            if self.mute > MOST_MUTE:
                self.refuse()
        except httptools.HttpParserUpgrade:  # answered as if nothing else had been offered
            if self.last is not None:
                self.last.keep = False
        except (httptools.HttpParserError, TooLarge):
            self.refuse()

    def connection_lost(self, error: Exception | None) -> None:
        self.closing = True
        self.server.connections.discard(self)
        for exchange in (self.current, self.last):
            if exchange is not None and not (exchange.ended or exchange.gone):
                exchange.leave()
        self.waiting.clear()
        self.resume_writing()

    def pause_writing(self) -> None:
        self.full = self.server.loop.create_future()

    def resume_writing(self) -> None:
        full, self.full = self.full, None
        if full is not None and not full.done():
            full.set_result(None)

    # httptools
    def on_message_begin(self) -> None:
        if len(self.waiting) > MOST_WAITING:
            raise TooLarge
        self.begun, self.heading, self.url, self.mute = True, True, b"", 0
        self.headers: list[tuple[bytes, bytes]] = []

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.heading:  # what follows a body is no header of anything
            self.headers.append((name.lower(), value))

    def weigh(self) -> None:
        """Raises TooLarge for a head that is. Its bytes are counted only where what came with it could be too much."""
        if len(self.headers) > MOST_LINES:
            raise TooLarge
        if self.mute + self.came > MOST_HEAD:
            size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            if size > MOST_HEAD:
                raise TooLarge

    def on_headers_complete(self) -> None:
        self.weigh()
        self.heading, self.mute = False, 0
        parser, headers = self.parser, self.headers
        path, query = place(self.url)
        method = parser.get_method().decode("latin-1")
        exchange = self.last = Exchange(
            self,
            keep=parser.should_keep_alive() and parser.get_http_version() == "1.1",
            bare=method == "HEAD",
            continues=(b"expect", b"100-continue") in headers,
        )
        scope = {
            "type": "http", "method": method, "headers": headers, "caller": exchange, "query_string": query, "path": path,
        }  # fmt: skip
        if self.current is None:
            self.run(exchange, scope)
        else:
            self.waiting.append((exchange, scope))
            self.quiet()

    def on_body(self, body: bytes) -> None:
        self.mute = 0
        exchange = self.last
        if exchange is None or exchange.ended:
            return
        exchange.parts.append(body)
        exchange.size += len(body)
        if exchange.size > HIGH:
            self.quiet()
        exchange.wake()

    def on_message_complete(self) -> None:
        self.begun = False
        if self.last is not None:
            self.last.whole = True
            self.last.wake()
            if self.last.ended:
                self.go_on(self.last)

    # in turn
    def run(self, exchange: Exchange, scope: Scope) -> None:
        self.current = exchange
        exchange.task = self.server.loop.create_task(self.answer(exchange, scope))

    async def answer(self, exchange: Exchange, scope: Scope) -> None:
        running = self.server.running
        running.add(exchange)
        try:
            await self.server.application(scope, exchange.receive, exchange.send)
        except Exception:
            log.exception("a request was not answered")
        finally:
            running.discard(exchange)
            exchange.task = None
        if exchange.ended or exchange.gone:
            return
        if not exchange.started:
            exchange.keep = False
            exchange.start(500, [(b"content-length", b"%d" % len(BROKEN)), (b"content-type", b"text/plain")])
            exchange.add(BROKEN, more=False)
        self.close()  # an answer that broke off must not look whole

    def answered(self, exchange: Exchange) -> None:
        """Its answer has left. What is still to come of its body is read and thrown away."""
        self.current = None
        self.since = time.monotonic()
        if exchange.whole:
            self.go_on(exchange)
        else:
            self.listen()

    def go_on(self, exchange: Exchange) -> None:
        if not exchange.keep or self.server.stopping:
            self.close()
        elif self.waiting:
            self.run(*self.waiting.popleft())
            self.listen()

    def write(self, data: bytes) -> None:
        if not self.closing:
            self.transport.write(data)

    def quiet(self) -> None:
        if not (self.deaf or self.closing):
            self.deaf = True
            self.transport.pause_reading()

    def listen(self) -> None:
        if self.deaf and not (self.waiting or self.closing):
            self.deaf = False
            self.transport.resume_reading()

    def refuse(self) -> None:
        """What came is no HTTP, or too much: say so, unless an answer is under way."""
        if self.current is None:
            exchange = Exchange(self, keep=False, bare=False, continues=False)
            exchange.start(400, [(b"content-length", b"%d" % len(NO_HTTP)), (b"content-type", b"text/plain")])
            exchange.add(NO_HTTP, more=False)
        self.close()

    def close(self) -> None:
        if not self.closing:
            self.closing = True
            self.transport.close()

    def look(self, now: float) -> None:
        """Close a connection that nobody uses, and one whose request does not come to its end."""
        waits = self.begun or self.current is None
        if waits and not self.deaf and now - self.since > (SLOW_S if self.begun else IDLE_S):
            self.close()
