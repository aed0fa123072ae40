"""The sandbox upstream: a small server that answers with what it was asked, in OpenAI's and Anthropic's ways.

`python -m tenants.gateway.sandbox --port 8200 [--log FILE]`. No model runs here and every answer says so.
Answers and token counts are exact functions of the question (a token is four UTF-8 bytes, begun ones
count), so a ledger can be checked against them. A request's `metadata` turns knobs:

sandbox_tokens_out  answer with that many tokens
sandbox_cached      say that so many input tokens came from a cache
sandbox_delay_ms    wait before the answer, and between chunks of a stream
sandbox_status      answer with this HTTP error
sandbox_break       end the connection in the middle of the answer
sandbox_usage       "missing", "negative" or a number that is told as completion_tokens
"""

import argparse
import asyncio
import os
import time
from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import parse_qs

import orjson
import uvicorn

from tenants.gateway import sandbox_listing
from tenants.gateway.asgi import Receive, Scope, Send, header, read_body, send_json
from tenants.gateway.sandbox_answer import Answer
from tenants.gateway.sandbox_speech import Embeddings, Messages, Responses


class Chat:
    """POST …/chat/completions."""

    @staticmethod
    def question(asked: dict[str, Any]) -> dict[str, Any]:
        return asked

    @staticmethod
    def whole(answer: Answer) -> dict[str, Any]:
        message = {"role": "assistant", "content": "".join(answer.pieces), "refusal": None}
        body = frame(answer, "chat.completion") | {
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": answer.finish}]
        }
        usage = answer.usage()
        return body if usage is None else body | {"usage": usage}

    @staticmethod
    def events(answer: Answer) -> Iterator[bytes]:
        for chunk in chunks(answer):
            yield b"data: %b\n\n" % orjson.dumps(chunk)
        yield b"data: [DONE]\n\n"


def chunks(answer: Answer) -> Iterator[dict[str, Any]]:
    """The chunks of a stream; the last one carries the usage where it was asked for."""
    base = frame(answer, "chat.completion.chunk")
    for number, piece in enumerate(answer.pieces):
        delta = {"role": "assistant", "content": piece} if number == 0 else {"content": piece}
        yield base | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield base | {"choices": [{"index": 0, "delta": {}, "finish_reason": answer.finish}]}
    if answer.with_usage and (usage := answer.usage()) is not None:
        yield base | {"choices": [], "usage": usage}


def frame(answer: Answer, kind: str) -> dict[str, Any]:
    return {
        "id": f"sandbox-{answer.call_id}",
        "object": kind,
        "created": int(time.time()),
        "model": answer.model,
        "system_fingerprint": "foundry-sandbox",
    }


Speech = Chat | Responses | Embeddings | Messages
SPOKEN: dict[str, type[Speech]] = {
    "/chat/completions": Chat, "/responses": Responses, "/embeddings": Embeddings, "/messages": Messages,
}  # fmt: skip


class Sandbox:
    """The ASGI application. With a log, every served call is on disk before its answer ends."""

    def __init__(self, log: str = "") -> None:
        self.log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if log else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path, method = scope["path"], scope["method"]
        speech = next((each for ending, each in SPOKEN.items() if path.endswith(ending)), None)
        if method == "POST" and speech is not None:
            await self.complete(speech, scope, receive, send)
        elif method == "GET" and (listed := listing(scope)) is not None:
            await send_json(send, 200, listed)
        else:
            await send_json(send, 404, problem(f"The sandbox has nothing at {method} {path}."))

    async def complete(self, speech: type[Speech], scope: Scope, receive: Receive, send: Send) -> None:
        began, call_id = time.time(), header(scope, b"x-client-request-id") or os.urandom(8).hex()
        try:
            asked = orjson.loads(await read_body(receive))
            answer = Answer.to(speech.question(asked), call_id)
        except (ValueError, TypeError, KeyError, AttributeError):
            await send_json(send, 400, problem("The body is no such request."))
            return
        await asyncio.sleep(answer.knobs.delay_s)
        if answer.knobs.status != 200:
            await send_json(send, answer.knobs.status, problem(f"As asked: {answer.knobs.status}."))
        elif asked.get("stream") and not issubclass(speech, Embeddings):
            await self.stream(answer, speech.events(answer), send, began)
        else:
            self.note(answer, began)
            body = orjson.dumps(speech.whole(answer))
            await start(send, b"application/json", len(body))
            if answer.knobs.breaks:
                raise ConnectionResetError("as asked")
            await send({"type": "http.response.body", "body": body})

    async def stream(self, answer: Answer, events: Iterator[bytes], send: Send, began: float) -> None:
        self.note(answer, began)
        await start(send, b"text/event-stream; charset=utf-8")
        for number, event in enumerate(events):
            await send({"type": "http.response.body", "body": event, "more_body": True})
            if answer.knobs.breaks and number == len(answer.pieces) // 2:
                raise ConnectionResetError("as asked")
            if answer.knobs.delay_s:
                await asyncio.sleep(answer.knobs.delay_s)
        await send({"type": "http.response.body", "body": b""})

    def note(self, answer: Answer, began: float) -> None:
        """One line per served call, on disk before the caller can know of it; `began` and `noted` are seconds of the epoch."""
        if self.log is None:
            return
        line = {
            "call_id": answer.call_id,
            "model": answer.model,
            "tokens_in": answer.tokens_in,
            "tokens_out": len(answer.pieces),
            "began": began,
            "noted": time.time(),
        }
        os.write(self.log, orjson.dumps(line) + b"\n")
        os.fsync(self.log)


async def start(send: Send, kind: bytes, length: int | None = None) -> None:
    headers = [(b"content-type", kind)]
    if length is not None:
        headers.append((b"content-length", b"%d" % length))
    await send({"type": "http.response.start", "status": 200, "headers": headers})


def listing(scope: Scope) -> dict[str, Any] | None:
    """What the make-believe hosts of the demo list, and the sandbox's own model."""
    path = scope["path"]
    parts = path.strip("/").split("/")
    if path == "/v1/models":
        echo = {"id": "echo", "object": "model", "created": 1767225600, "owned_by": "sandbox"}
        return {"object": "list", "data": [echo | {"context_length": 128_000, "max_output_tokens": 16_384}]}
    if path == "/status/api/v2/summary.json":
        return sandbox_listing.status_page()
    if parts[0] == "azure" and parts[-1] == "usages":
        return sandbox_listing.azure_usages()
    if parts[0] == "azure" and parts[-1] == "models" and len(parts) > 2:
        try:
            loaded = date.fromisoformat(parts[1])
            skip = int(parse_qs(scope["query_string"].decode()).get("skip", ["0"])[0])
        except ValueError:
            return None
        return sandbox_listing.azure_models(loaded, f"http://{header(scope, b'host')}{path}", skip)
    return sandbox_listing.openai_models() if path.endswith("/models") else None


def problem(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "sandbox_error", "param": None, "code": None}}


def main() -> None:
    parser = argparse.ArgumentParser(description="The sandbox upstream: echoes, counts, no model.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=int(os.environ.get("SANDBOX_PORT", "8200")))
    parser.add_argument("--log", default="", help="write every served call to this file, synced")
    asked = parser.parse_args()
    uvicorn.run(
        Sandbox(asked.log), host=asked.host, port=asked.port, log_level="warning", access_log=False, lifespan="off",
        loop="uvloop", http="httptools", backlog=4096, timeout_keep_alive=75, timeout_graceful_shutdown=2,
    )  # fmt: skip


if __name__ == "__main__":
    main()
