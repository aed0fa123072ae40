"""The other ends of the gateway's bench: a host that answers at once, and a bare proxy to compare with."""

import argparse
import asyncio
import json
from typing import cast

import aiohttp
import uvicorn
import uvloop

from tenants.gateway.asgi import Receive, Scope, Send, read_body, send_bytes

CHUNKS = 200
USAGE = {"prompt_tokens": 12, "completion_tokens": CHUNKS, "total_tokens": 12 + CHUNKS}
WHOLE = {
    "id": "bench", "object": "chat.completion", "created": 1, "model": "echo", "usage": USAGE,
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "word " * CHUNKS}}],
}  # fmt: skip


def event(content: dict[str, object]) -> bytes:
    return b"data: " + json.dumps(content).encode() + b"\n\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def events() -> list[bytes]:
    words = {
        "id": "bench",
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": {"content": "word "}}],
    }
    return [event(words)] * CHUNKS + [
        event({"id": "bench", "choices": [], "usage": USAGE}),
        b"data: [DONE]\n\n",
    ]


BODY = json.dumps(WHOLE).encode()
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (
    len(BODY),
    BODY,
)
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
PARTS = [chunk(each) for each in events()] + [b"0\r\n\r\n"]


class Host(asyncio.Protocol):
    """Answers every request with the same bytes; streams come in parts."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.data = cast("asyncio.Transport", transport), b""

    def data_received(self, data: bytes) -> None:
        self.data += data
        head, found, body = self.data.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(body) < length:
            return
        self.data = body[length:]
        if b'"stream":true' in body or b'"stream": true' in body:
            self.transport.write(STREAM)
            self.part(0)
        else:
            self.transport.write(ANSWER)

    def part(self, number: int) -> None:
        self.transport.write(PARTS[number])
        if number + 1 < len(PARTS):
            asyncio.get_running_loop().call_soon(self.part, number + 1)


async def host(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Host, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


class Proxy:
    """Pass on, both ways, and nothing else: uvicorn (uvloop, httptools) before, aiohttp behind, as fast as they go."""

    session: aiohttp.ClientSession

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.live(receive, send)
            return
        headers = {"content-type": "application/json", "accept-encoding": "identity"}
        url, body = self.upstream + scope["path"], await read_body(receive)
        async with self.session.post(url, data=body, headers=headers) as answer:
            if answer.content_type == "application/json":
                await send_bytes(send, answer.status, await answer.read())
                return
            kind = answer.headers["content-type"].encode()
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
            async for part in answer.content.iter_any():
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})

    async def live(self, receive: Receive, send: Send) -> None:
        await receive()
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.session.close()
        await send({"type": "lifespan.shutdown.complete"})


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["host", "proxy"])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream", default="")
    asked = parser.parse_args()
    if asked.kind == "host":
        uvloop.run(host(asked.port))
    else:
        uvicorn.run(
            Proxy(asked.upstream), host="127.0.0.1", port=asked.port, loop="uvloop", http="httptools", lifespan="on", ws="none",
            access_log=False, log_level="warning", backlog=4096, server_header=False, date_header=False, proxy_headers=False,
        )  # fmt: skip
