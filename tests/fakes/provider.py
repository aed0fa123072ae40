"""A provider on loopback that answers what the test wrote: real HTTP, any answer, and it counts who came."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Reply:
    """What to send; `{HERE}` in the body becomes the server's own address, for links to itself.

    :param cut_after: send only so many bytes and hang up.
    :param drip_s: pause between single bytes.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    drip_s: float = 0


@dataclass(slots=True)
class Asked:
    path: str
    headers: dict[str, str]
    method: str = "GET"
    body: bytes = b""


def told(content: Any, **more: Any) -> Reply:
    """JSON with status 200."""
    return Reply(json.dumps(content).encode(), headers={"content-type": "application/json"}, **more)


HTML = Reply(b"<!doctype html><title>Sign in</title>", headers={"content-type": "text/html"})
Script = Callable[[str], Reply]


class Provider:
    """`script(path?query)` decides every answer; `asked` keeps what came."""

    def __init__(self, script: Script) -> None:
        self.script, self.asked = script, list[Asked]()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                headers = {k.lower(): v for k, v in self.headers.items()}
                body = self.rfile.read(int(headers.get("content-length", 0)))
                provider.asked.append(Asked(self.path, headers, self.command, body))
                send(self, provider.script(self.path))

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def paths(self) -> list[str]:
        return [urlsplit(each.path).path for each in self.asked]


def send(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    whole = reply.body.replace(b"{HERE}", f"http://{handler.headers['host']}".encode())
    handler.send_response(reply.status)
    for name, value in reply.headers.items():
        handler.send_header(name, value)
    handler.send_header("content-length", str(len(whole)))
    handler.send_header("connection", "close")
    handler.end_headers()
    body = whole if reply.cut_after is None else whole[: reply.cut_after]
    try:
        for start in range(0, len(body), 1 if reply.drip_s else max(1, len(body))):
            handler.wfile.write(body[start : start + (1 if reply.drip_s else len(body))])
            time.sleep(reply.drip_s)
    except OSError:
        return  # the client had enough
    handler.close_connection = True


@contextmanager
def serve(script: Script) -> Iterator[Provider]:
    """A provider that answers until the block ends."""
    provider = Provider(script)
    thread = threading.Thread(
        target=provider.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    )
    thread.start()
    try:
        yield provider
    finally:
        provider.server.shutdown()
        provider.server.server_close()
        thread.join(5)


def always(reply: Reply) -> Script:
    return lambda path: reply


def in_turn(*replies: Reply) -> Script:
    """One reply after the other; the last one for ever."""
    left = list(replies)
    return lambda path: left.pop(0) if len(left) > 1 else left[0]
