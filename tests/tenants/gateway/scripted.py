"""A host that answers by script over a real socket: each call names in its only message the script that it gets."""

import contextlib
import json
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

Play = Callable[[socket.socket], None]
CHUNKED = "content-type: text/event-stream\r\ntransfer-encoding: chunked"


class Scripted(socketserver.ThreadingTCPServer):
    """:ivar seen: the scripts that were asked for, in order. :ivar shown: the credentials that they came with.

    :ivar ended: the last scripts of connections that are over, as far as our side goes.
    :ivar calls: of each connection the id of the call that it carries, or carried last.
    """

    allow_reuse_address = daemon_threads = True
    request_queue_size = 256

    def __init__(self, scripts: Mapping[str, Play]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.scripts, self.seen, self.shown = scripts, list[str](), list[str]()
        self.ended: SimpleQueue[str] = SimpleQueue()
        self.calls: dict[socket.socket, str] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(socketserver.StreamRequestHandler):
    server: Scripted

    def handle(self) -> None:
        last = ""
        with contextlib.suppress(OSError):
            while (name := self.asked()) is not None:
                self.server.seen.append(last := name)
                self.server.scripts[name](self.request)
        self.server.ended.put(last)

    def asked(self) -> str | None:
        """The script that the next call on this connection names; None when the connection has ended."""
        length = 0
        while (line := self.rfile.readline()) not in (b"", b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line[15:])
            if line.lower().startswith(b"x-client-request-id:"):
                self.server.calls[self.request] = line[20:].decode().strip()
            if line.lower().startswith(b"authorization:"):
                self.server.shown.append(line[14:].decode().strip())
        raw = self.rfile.read(length)
        return str(json.loads(raw)["messages"][0]["content"]) if raw else None


@contextmanager
def scripted(scripts: Mapping[str, Play]) -> Iterator[Scripted]:
    with Scripted(scripts) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def play(*parts: bytes | float | str) -> Play:
    """Bytes are sent, a number is waited, `close` and `reset` end the connection."""

    def run(connection: socket.socket) -> None:
        for part in parts:
            if isinstance(part, bytes):
                connection.sendall(part)
            elif isinstance(part, float):
                time.sleep(part)
            else:
                end(connection, part)
                raise ConnectionAbortedError

    return run


def end(connection: socket.socket, how: str) -> None:
    if how == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    else:
        connection.shutdown(socket.SHUT_RDWR)


def forever(first: bytes, part: bytes, pause_s: float = 0.0) -> Play:
    """The same again and again, until nobody listens."""

    def run(connection: socket.socket) -> None:
        connection.sendall(first)
        while True:
            connection.sendall(part)
            time.sleep(pause_s)

    return run


def answer(body: bytes, status: str = "200 OK", head: str = "", length: int | None = None) -> bytes:
    """A whole answer; `length` is what it claims to be long."""
    lines = [f"HTTP/1.1 {status}", "content-type: application/json"]
    lines += [f"content-length: {len(body) if length is None else length}", *([head] if head else [])]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def completion(usage: Any = ..., **fields: Any) -> bytes:
    """A chat completion of 7 and 5 tokens; `usage=None` reports none."""
    message = {"role": "assistant", "content": "Hello."}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    body = {"id": "c", "object": "chat.completion", "choices": choices} | fields
    if usage is not None:
        body["usage"] = tokens(7, 5) if usage is ... else usage
    return json.dumps(body).encode()


def tokens(into: Any, out: Any) -> dict[str, Any]:
    return {"prompt_tokens": into, "completion_tokens": out}


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def event(**fields: Any) -> bytes:
    return b"data: " + json.dumps(fields).encode() + b"\n\n"


WORD = event(id="c", choices=[{"index": 0, "delta": {"content": "Hello."}}])
USAGE = event(id="c", choices=[], usage=tokens(7, 5))
DONE = b"data: [DONE]\n\n"


def stream(*events: bytes, head: str = CHUNKED, whole: bool = True) -> bytes:
    """A chunked stream of events; without `whole` its last chunk is missing."""
    return (
        f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode()
        + b"".join(map(chunk, events))
        + (b"0\r\n\r\n" if whole else b"")
    )
