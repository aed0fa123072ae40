"""HTTP/1.1 to hosts, and no more of it than calls need: one request at a time on a kept connection, the answer as it comes.

A general client spends most of a call's time on what a gateway never uses (docs/decisions/0031). Parsing is
llhttp's, through httptools. Redirects are not followed, nothing is decompressed, nothing is retried.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import httptools

HIGH, LOW = 256 << 10, 64 << 10  # bytes that wait for the caller before the host is told to wait
MOST_HEAD = 64 << 10
MOST_MUTE = (
    256 << 10
)  # bytes that bring neither a status nor a part of the body: an endless head, an endless trailer
END_S = 0.5
SAFE = "/%:@!$&'()*+,;=~-._"


class NotSent(OSError):
    """The host could not be reached: it has seen nothing of the call."""


class Broken(OSError):
    """The connection ended or made no sense after the call was sent."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes. :ivar path: with its query, as it is sent. :ivar authority: the `host` header."""

    tls: bool
    host: str
    port: int
    path: str
    authority: str

    @classmethod
    def of(cls, url: str) -> "Target":
        """Raises ValueError for what is no address."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"no address of a host: {url[:200]}")
        tls = parts.scheme == "https"
        host = parts.hostname.encode("idna").decode() if not parts.hostname.isascii() else parts.hostname
        shown = f"[{host}]" if ":" in host else host
        path = quote(parts.path or "/", safe=SAFE) + (
            f"?{quote(parts.query, safe=SAFE + '?')}" if parts.query else ""
        )
        port = parts.port or (443 if tls else 80)
        usual = port == (443 if tls else 80)
        return cls(tls, host, port, path, shown if usual else f"{shown}:{port}")


class Connection(asyncio.Protocol):
    """One connection and the answer that is read from it now.

    :param first_s: the longest until an answer begins. :param silence_s: the longest between its bytes.
    :ivar complete: the answer is whole. :ivar usable: another call may follow on it.
    """

    transport: asyncio.Transport

    def __init__(self, first_s: float, silence_s: float) -> None:
        self.loop = asyncio.get_running_loop()
        self.first_s, self.silence_s = first_s, silence_s
        self.parser = httptools.HttpResponseParser(self)
        self.closed = False
        self.timer: asyncio.TimerHandle | None = None
        self.reset()

    def reset(self) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.parts: list[bytes] = []
        self.size = self.head_size = self.mute = 0
        self.busy = self.complete = self.usable = self.paused = False
        self.error: Exception | None = None
        self.waiter: asyncio.Future[None] | None = None

    def send(self, data: list[bytes], call_s: float) -> None:
        self.reset()
        self.busy = True
        self.heard = self.loop.time()
        self.deadline = self.heard + call_s
        if self.timer is None:
            self.watch()
        self.transport.writelines(data)

    def watch(self) -> None:
        """End a call whose host is silent or slow for too long. One timer outlasts many calls: it looks again when due."""
        self.timer = None
        if not self.busy or self.complete:
            return
        due = min(self.heard + (self.silence_s if self.status else self.first_s), self.deadline)
        if self.loop.time() >= due:
            self.fail(TimeoutError())
        else:
            self.timer = self.loop.call_at(due, self.watch)

    async def wait(self) -> None:
        """Return when something came. Raises Broken, TimeoutError."""
        if self.error is not None:
            raise self.error
        self.waiter = self.loop.create_future()
        try:
            await self.waiter
        finally:
            self.waiter = None
        if self.error is not None:
            raise self.error

    async def answered(self) -> "Answer":
        """When the head of the answer is there."""
        while self.status == 0:
            await self.wait()
        return Answer(self)

    def wake(self) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    def fail(self, error: Exception) -> None:
        if self.busy and not self.complete and self.error is None:
            self.error = error
            self.wake()
        self.close()

    def close(self) -> None:
        self.closed = True
        self.stop_watching()
        self.transport.close()

    def stop_watching(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def take(self) -> list[bytes]:
        parts, self.parts, self.size = self.parts, [], 0
        if self.paused and not self.closed:
            self.paused = False
            self.transport.resume_reading()
        return parts

    # asyncio
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        if not self.busy or self.complete:
            self.close()  # nobody asked
            return
        self.heard = self.loop.time()
        self.mute += len(data)
        try:
            self.parser.feed_data(data)
            if self.mute > MOST_MUTE:
                self.fail(Broken("a head or a trailer without an end"))
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.fail(
                Broken(f"no HTTP: {type(error).__name__}")
            )  # an answer that is whole by then stays whole

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True
        self.stop_watching()
        until_end = (
            self.status and b"content-length" not in self.headers and b"transfer-encoding" not in self.headers
        )
        if self.busy and not self.complete and until_end and error is None:
            self.complete = True
            self.wake()
        elif self.busy and not self.complete and self.error is None:
            self.error = Broken("the host ended the connection")
            self.wake()

    # httptools
    def on_message_begin(self) -> None:
        if self.complete:
            raise Broken("two answers for one question")

    def on_header(self, name: bytes, value: bytes) -> None:
        self.head_size += len(name) + len(value)
        if self.head_size > MOST_HEAD:
            raise Broken("the head of the answer is too large")
        self.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        status = self.parser.get_status_code()
        if status < 200:
            self.headers = {}
            return
        self.status, self.mute = status, 0
        self.wake()

    def on_body(self, body: bytes) -> None:
        self.parts.append(body)
        self.size += len(body)
        self.mute = 0
        if self.size > HIGH and not self.paused:
            self.paused = True
            self.transport.pause_reading()
        self.wake()

    def on_message_complete(self) -> None:
        if self.status:
            self.complete, self.usable = True, self.parser.should_keep_alive()
            self.wake()


class Answer:
    """A host's answer whose body is still to come."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.status, self.headers = connection.status, connection.headers

    @property
    def content_type(self) -> str:
        return self.header(b"content-type").partition(";")[0].strip().lower()

    def header(self, name: bytes) -> str:
        """By its lower-case name; empty without one."""
        return self.headers.get(name, b"").decode("latin-1")

    async def parts(self) -> AsyncIterator[bytes]:
        """The body as it comes. Raises Broken, TimeoutError."""
        connection = self.connection
        while True:
            if connection.parts:
                parts = connection.take()
                yield parts[0] if len(parts) == 1 else b"".join(parts)
            elif connection.complete:
                return
            else:
                await connection.wait()

    async def read(self, most: int) -> bytes | None:
        """All of it, or None where it is larger than `most` bytes."""
        connection, found, length = self.connection, list[bytes](), 0
        while True:
            length += connection.size
            if length > most:
                return None
            found += connection.take()
            if connection.complete:
                return found[0] if len(found) == 1 else b"".join(found)
            await connection.wait()

    async def finish(self) -> None:
        """Nothing of the body is needed any more; its end, when it comes soon, keeps the connection."""
        with contextlib.suppress(OSError):
            async with asyncio.timeout(END_S):
                async for _ in self.parts():
                    pass


class Wire:
    """Kept connections to one host's addresses.

    :param connect: opens a socket to a target, or refuses. :param idle_s: shorter than hosts keep silent connections.
    """

    def __init__(
        self, connect: Callable[[Target], Awaitable[Connection]], call_s: float, idle_s: float
    ) -> None:
        self.connect, self.call_s, self.idle_s = connect, call_s, idle_s
        self.idle: dict[tuple[bool, str, int], list[tuple[float, Connection]]] = {}

    async def post(self, target: Target, head: bytes, body: bytes, spent_s: float = 0.0) -> Answer:
        """Send a request; return when the answer's head is there. Raises NotSent, Broken, TimeoutError.

        :param spent_s: of the call's time, by earlier tries.
        """
        connection = self.kept(target) or await self.connect(target)
        if connection.closed:
            raise NotSent("the host ended the connection, or spoke, before it was asked")
        connection.send([head, body], self.call_s - spent_s)
        try:
            return await connection.answered()
        except BaseException:
            connection.close()
            raise

    def kept(self, target: Target) -> Connection | None:
        waiting = self.idle.get((target.tls, target.host, target.port))
        while waiting:
            since, connection = waiting.pop()
            if not connection.closed:
                if connection.loop.time() - since < self.idle_s:
                    return connection
                connection.close()
        return None

    def release(self, target: Target, answer: Answer) -> None:
        """The call is over: keep the connection where its answer was read to the end."""
        connection = answer.connection
        if connection.closed:
            return
        if not (connection.complete and connection.usable) or connection.paused:
            connection.close()
            return
        connection.busy = False
        connection.take()
        key = (target.tls, target.host, target.port)
        self.idle.setdefault(key, []).append((connection.loop.time(), connection))

    def close(self) -> None:
        for waiting in self.idle.values():
            for _, connection in waiting:
                connection.close()
        self.idle.clear()


def tls_context() -> ssl.SSLContext:
    made = ssl.create_default_context()
    made.set_alpn_protocols(["http/1.1"])
    return made
