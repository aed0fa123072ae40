"""The other ends of the gateway's bench: a host that answers at once, and a bare aiohttp proxy to compare with."""

import argparse
import asyncio
import json
from typing import cast

import aiohttp
import uvloop
from aiohttp import web

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


async def proxy(port: int, upstream: str) -> None:
    """Pass on, both ways, and nothing else."""
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def forward(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {"content-type": "application/json", "accept-encoding": "identity"}
        async with session.post(upstream + request.path, data=body, headers=headers) as answer:
            if answer.content_type == "application/json":
                return web.Response(body=await answer.read(), content_type="application/json")
            out = web.StreamResponse(headers={"content-type": answer.headers["content-type"]})
            await out.prepare(request)
            async for part in answer.content.iter_any():
                await out.write(part)
            await out.write_eof()
            return out

    application = web.Application()
    application.router.add_post("/{path:.*}", forward)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=4096).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["host", "proxy"])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream", default="")
    asked = parser.parse_args()
    uvloop.run(host(asked.port) if asked.kind == "host" else proxy(asked.port, asked.upstream))
