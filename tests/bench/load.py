"""Callers in a process of their own: so many connections, each calling again as soon as it is answered.

`python -m tests.bench.load URL --calls N --connections C --key K [--stream]` prints seconds, answers and the
latencies' quantiles as JSON.
"""

import argparse
import asyncio
import json
import time
from typing import cast
from urllib.parse import urlsplit

import uvloop


class Caller(asyncio.Protocol):
    """One connection. Answers are told apart by content-length or by the last chunk."""

    def __init__(self, run: "Run") -> None:
        self.run = run

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.call()

    def call(self) -> None:
        if self.run.left == 0:
            self.transport.close()
            return
        self.run.left -= 1
        self.data, self.began = b"", time.perf_counter()
        self.transport.write(self.run.request)

    def data_received(self, data: bytes) -> None:
        self.data += data
        head, found, body = self.data.partition(b"\r\n\r\n")
        if not found:
            return
        lower = head.lower()
        if b"content-length:" in lower:
            whole = len(body) >= int(lower.partition(b"content-length:")[2].split(b"\r\n")[0])
        else:
            whole = body.endswith(b"0\r\n\r\n")
        if whole:
            self.run.note(head.startswith(b"HTTP/1.1 200"), time.perf_counter() - self.began)
            self.call()

    def connection_lost(self, error: Exception | None) -> None:
        self.run.ended()


class Run:
    def __init__(self, url: str, key: str, calls: int, connections: int, stream: bool) -> None:
        self.address = urlsplit(url)
        self.left, self.open, self.calls = calls, connections, calls
        self.good, self.bad, self.latencies = 0, 0, list[float]()
        self.done = asyncio.Event()
        body = json.dumps(
            {
                "model": "sandbox/echo",
                "messages": [{"role": "user", "content": "Say something."}],
                "max_tokens": 256,
            }
            | ({"stream": True} if stream else {})
        ).encode()
        self.request = (
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n"
            b"authorization: Bearer %b\r\ncontent-length: %d\r\n\r\n%b" % (key.encode(), len(body), body)
        )

    def note(self, good: bool, seconds: float) -> None:
        self.good, self.bad = self.good + good, self.bad + (not good)
        self.latencies.append(seconds)

    def ended(self) -> None:
        self.open -= 1
        if self.open == 0:
            self.done.set()

    async def go(self) -> dict[str, float]:
        loop, began = asyncio.get_running_loop(), time.perf_counter()
        host, port = self.address.hostname, self.address.port
        await asyncio.gather(
            *(loop.create_connection(lambda: Caller(self), host, port) for _ in range(self.open))
        )
        await self.done.wait()
        seconds, ordered = time.perf_counter() - began, sorted(self.latencies)
        return {
            "seconds": seconds,
            "good": self.good,
            "bad": self.bad + self.calls - len(ordered),
            "p50_ms": ordered[len(ordered) // 2] * 1000,
            "p99_ms": ordered[len(ordered) * 99 // 100] * 1000,
        }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--key", default="none")
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--stream", action="store_true")
    asked = parser.parse_args()

    async def main() -> dict[str, float]:
        return await Run(asked.url, asked.key, asked.calls, asked.connections, asked.stream).go()

    print(json.dumps(uvloop.run(main())))
