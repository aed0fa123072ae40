"""A wire to a host that remembers what was sent over it, byte for byte: no host's own journal keeps all of a request."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from typing import Any

END_OF_HEAD = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Sent:
    """One request. :ivar headers: names in lower case."""

    path: str
    headers: dict[str, str]
    body: Any


@dataclass(slots=True)
class Tap:
    port: int
    lines: list[bytearray] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def sent(self, call_id: str) -> Sent:
        """The one request with that `x-client-request-id`."""
        (found,) = (each for each in self.requests() if each.headers.get("x-client-request-id") == call_id)
        return found

    def requests(self) -> Iterator[Sent]:
        for line in self.lines:
            rest = bytes(line)
            while rest:
                head, _, rest = rest.partition(END_OF_HEAD)
                first, _, told = head.partition(b"\r\n")
                headers = {
                    name.lower(): value for name, value in BytesHeaderParser().parsebytes(told).items()
                }
                length = int(headers.get("content-length", 0))
                body, rest = rest[:length], rest[length:]
                yield Sent(first.split()[1].decode(), headers, json.loads(body) if body else None)

    def serve(self, listening: socket.socket, to: tuple[str, int]) -> None:
        with suppress(OSError):  # closed in the end
            while True:
                caller, _ = listening.accept()
                self.lines.append(bytearray())
                threading.Thread(target=carry, args=(caller, to, self.lines[-1]), daemon=True).start()


def carry(caller: socket.socket, to: tuple[str, int], line: bytearray) -> None:
    with caller, socket.create_connection(to) as host:
        back = threading.Thread(target=pump, args=(host, caller, bytearray()), daemon=True)
        back.start()
        pump(caller, host, line)
        back.join()


def pump(source: socket.socket, sink: socket.socket, kept: bytearray) -> None:
    """Until one side is done; then the other is told so."""
    with suppress(OSError):
        while part := source.recv(65_536):
            kept += part
            sink.sendall(part)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def tap(host: str, port: int) -> Iterator[Tap]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        made = Tap(listening.getsockname()[1])
        thread = threading.Thread(target=made.serve, args=(listening, (host, port)), daemon=True)
        thread.start()
        yield made
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)
