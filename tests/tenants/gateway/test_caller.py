"""The gateway's server against callers that are slow, many, hasty, gone or no HTTP."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tenants.gateway import caller
from tenants.gateway.asgi import Patience, Receive, Scope, Send, read_body, send_bytes
from tenants.gateway.server import Lifespan, Server

App = Callable[[Scope, Receive, Send], Awaitable[None]]
GET = b"GET /a?b=%41 HTTP/1.1\r\nhost: x\r\n\r\n"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Says what it was asked, and which headers beside `host` came."""
    body = await read_body(receive)
    names = b",".join(name for name, _ in scope["headers"] if name != b"host")
    told = f"{scope['method']} {scope['path']} {scope['query_string'].decode()} ".encode()
    await send_bytes(send, 200, told + names + b" " + body, b"text/plain")


@asynccontextmanager
async def talking(
    app: App = echo,
) -> AsyncIterator[tuple[Server, asyncio.StreamReader, asyncio.StreamWriter]]:
    """A server, and one connection to it."""
    server = Server(app)
    listening = await server.loop.create_server(lambda: caller.Connection(server), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
    try:
        yield server, reader, writer
    finally:
        writer.close()
        listening.close()


async def answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Head and body of one answer that tells its length."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return head, await reader.readexactly(length)


def talk(data: bytes, app: App = echo, *, answers: int = 1) -> list[tuple[bytes, bytes]]:
    """Send this on one connection; so many answers."""

    async def run() -> list[tuple[bytes, bytes]]:
        async with talking(app) as (_, reader, writer):
            writer.write(data)
            return [await asyncio.wait_for(answer(reader), 5) for _ in range(answers)]

    return asyncio.run(run())


def until_closed(data: bytes, app: App = echo) -> bytes:
    """Send this; everything that comes until the server closes the connection."""

    async def run() -> bytes:
        async with talking(app) as (_, reader, writer):
            writer.write(data)
            return await asyncio.wait_for(reader.read(), 5)

    return asyncio.run(run())


def test_requests_that_come_at_once_are_answered_in_turn() -> None:
    """The first is the slowest, and its body comes with it."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.05 if scope["path"] == "/a" else 0)
        await echo(scope, receive, send)

    data = (
        b"POST /a HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc"
        + GET.replace(b"/a", b"/b")
        + GET.replace(b"/a", b"/c")
    )
    said = [body for _, body in talk(data, app, answers=3)]
    assert said == [b"POST /a  content-length abc", b"GET /b b=%41  ", b"GET /c b=%41  "]


def test_a_request_may_come_byte_by_byte() -> None:
    async def run() -> bytes:
        async with talking() as (_, reader, writer):
            for (
                byte
            ) in b"POST /%61 HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n":
                writer.write(bytes([byte]))
                await asyncio.sleep(0)
            return (await asyncio.wait_for(answer(reader), 5))[1]

    assert asyncio.run(run()) == b"POST /a  transfer-encoding hello"


def test_a_trailer_is_no_header_of_the_next_request() -> None:
    """Behind a proxy the next request may be another caller's."""
    data = (
        b"POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\nauthorization: Bearer mine\r\n\r\n" + GET
    )
    assert [body for _, body in talk(data, answers=2)] == [b"POST /a  transfer-encoding ", b"GET /a b=%41  "]


@pytest.mark.parametrize(
    "data",
    [
        b"hello\r\n\r\n",
        b"POST /a HTTP/1.1\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /a HTTP/1.1\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
        b"GET /a HTTP/1.1\r\nx: " + b"y" * (70 << 10) + b"\r\n\r\n",
        b"GET /a HTTP/1.1\r\n" + b"x: y\r\n" * 300 + b"\r\n",
        b"GET http:// HTTP/1.1\r\n\r\n",
    ],
)  # fmt: skip
def test_what_is_no_request_or_two_in_one_is_refused_and_nothing_after_it_is_read(data: bytes) -> None:
    said = until_closed(data + GET)
    assert said.startswith(b"HTTP/1.1 400 ")
    assert said.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "start",
    [b"GET /a HTTP/1.1\r\nx: ", b"POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: "],
    ids=["head", "trailer"],
)
def test_a_line_without_an_end_ends_the_connection(start: bytes) -> None:
    async def run() -> None:
        async with talking() as (server, reader, writer):
            writer.write(start + b"y" * (1 << 20))
            with contextlib.suppress(ConnectionError):  # it is closed on what nobody read any more
                await asyncio.wait_for(reader.read(), 5)
            await asyncio.sleep(0.05)
            assert not server.connections

    asyncio.run(run())


def test_who_waits_to_be_told_to_go_on_is_told() -> None:
    async def run() -> tuple[bytes, bytes]:
        async with talking() as (_, reader, writer):
            writer.write(b"POST /a HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n")
            told = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            writer.write(b"hi")
            return told, (await answer(reader))[1]

    told, body = asyncio.run(run())
    assert told == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert body.endswith(b" hi")


def test_an_old_caller_a_last_request_and_an_offer_to_upgrade_close_the_connection() -> None:
    for data in (
        b"GET /a HTTP/1.0\r\n\r\n",
        GET.replace(b"host: x", b"connection: close"),
        GET.replace(b"host: x", b"connection: upgrade, http2-settings\r\nupgrade: h2c"),
    ):
        said = until_closed(data)
        assert said.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"GET /a" in said


def test_head_is_answered_without_a_body() -> None:
    said = until_closed(b"HEAD /a HTTP/1.1\r\nconnection: close\r\n\r\n")
    assert said.endswith(b"\r\n\r\n")
    assert b"content-length: 20\r\n" in said


def test_an_answer_before_the_body_is_whole_leaves_the_connection_usable() -> None:
    async def hasty(scope: Scope, receive: Receive, send: Send) -> None:
        await (send_bytes(send, 401, b"no") if scope["method"] == "POST" else echo(scope, receive, send))

    async def run() -> list[bytes]:
        async with talking(hasty) as (_, reader, writer):
            writer.write(b"POST /a HTTP/1.1\r\ncontent-length: 900000\r\n\r\n")
            first = await answer(reader)
            writer.write(b"x" * 900_000 + GET)
            return [first[1], (await asyncio.wait_for(answer(reader), 5))[1]]

    assert asyncio.run(run()) == [b"no", b"GET /a b=%41  "]


def test_a_header_with_a_line_break_never_leaves() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send_bytes(send, 200, b"", extra=[(b"x", b"y\r\nset-cookie: z")])

    said = until_closed(GET, app)
    assert said.startswith(b"HTTP/1.1 500 ")
    assert b"set-cookie" not in said


def test_an_answer_that_breaks_off_does_not_look_whole() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise RuntimeError("as planned")

    said = until_closed(GET, app)
    assert said.endswith(b"transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n")


def test_a_caller_who_leaves_is_noticed_at_once_and_the_call_goes_on_for_a_while() -> None:
    async def run() -> list[Any]:
        seen: list[Any] = []

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await read_body(receive)
            patience = Patience(scope["caller"], lambda: 0.1)
            began = time.monotonic()
            try:
                await asyncio.sleep(5)
            except asyncio.CancelledError:
                seen.extend([patience.over, scope["caller"].gone, time.monotonic() - began])
            finally:
                patience.stop()

        async with talking(app) as (server, _, writer):
            writer.write(GET)
            while not server.running:
                await asyncio.sleep(0.01)
            writer.close()
            while server.running:
                await asyncio.sleep(0.01)
        return seen

    over, gone, seconds = asyncio.run(run())
    assert (over, gone) == (True, True)
    assert 0.1 <= seconds < 2


def test_a_caller_who_does_not_read_is_not_written_to_without_end() -> None:
    async def run() -> tuple[int, int]:
        written = 0

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            nonlocal written
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for _ in range(1_000):
                await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})
                written += 100_000
            await send({"type": "http.response.body"})

        async with talking(app) as (_, reader, writer):
            writer.write(GET)
            await asyncio.sleep(0.5)
            before, read = written, 0
            while data := await reader.read(1 << 20):
                read += len(data)
                if data.endswith(b"\r\n0\r\n\r\n"):
                    break
            return before, read

    before, read = asyncio.run(run())
    assert before < 20_000_000
    assert read > 100_000_000


def test_a_body_that_nobody_reads_is_not_taken_without_end() -> None:
    async def run() -> tuple[int, bytes]:
        go = asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await go.wait()
            await send_bytes(send, 200, b"%d" % len(await read_body(receive, 64 << 20)))

        async with talking(app) as (server, reader, writer):
            writer.write(b"POST /a HTTP/1.1\r\ncontent-length: 50000000\r\n\r\n" + b"x" * 50_000_000)
            await asyncio.sleep(0.5)
            (connection,) = server.connections
            assert connection.last is not None
            held = connection.last.size
            go.set()
            return held, (await asyncio.wait_for(answer(reader), 20))[1]

    held, body = asyncio.run(run())
    assert held < 2_000_000
    assert body == b"50000000"


def test_connections_that_nobody_uses_and_requests_that_do_not_end_are_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(caller, "SLOW_S", 0.05)

    async def run(data: bytes, idle_s: float) -> bool:
        monkeypatch.setattr(caller, "IDLE_S", idle_s)
        async with talking() as (server, reader, writer):
            writer.write(data)
            await asyncio.sleep(0.2)
            for connection in list(server.connections):
                connection.look(time.monotonic())
            await asyncio.sleep(0)
            if server.connections and not next(iter(server.connections)).closing:
                return False
            await asyncio.wait_for(reader.read(), 5)
            return True

    assert asyncio.run(run(b"GET /a HTTP/1.1\r\nx: ", 60))
    assert asyncio.run(run(b"POST /a HTTP/1.1\r\ncontent-length: 9\r\n\r\nx", 60))
    assert asyncio.run(run(GET, 0.05))
    assert not asyncio.run(run(GET, 60))


def test_who_is_being_answered_when_the_server_stops_gets_the_whole_answer() -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.2)
        await echo(scope, receive, send)

    async def run() -> tuple[bytes, bytes]:
        async with talking(slow) as (server, reader, writer):
            writer.write(GET)
            while not server.running:
                await asyncio.sleep(0.01)
            await server.finish()
            return (await answer(reader))[1], await reader.read()

    assert asyncio.run(run()) == (b"GET /a b=%41  ", b"")


def test_an_application_that_cannot_start_says_why() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        raise OSError("no database")

    async def run() -> None:
        async with Lifespan(broken):
            raise AssertionError("it did start")

    with pytest.raises(OSError, match="no database"):
        asyncio.run(run())
