"""What the sandbox answers with beside chat completions: OpenAI's responses and embeddings, Anthropic's messages."""

import hashlib
import time
from collections.abc import Iterator
from typing import Any

import orjson

from tenants.gateway.sandbox_answer import Answer, text_of, tokens_of

DIMENSIONS = 8


def event(kind: str, told: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), orjson.dumps({"type": kind} | told))


class Responses:
    """POST …/responses."""

    @staticmethod
    def question(asked: dict[str, Any]) -> dict[str, Any]:
        """As a chat completion would ask it."""
        told = asked["input"]
        items = [{"content": told}] if isinstance(told, str) else told
        return asked | {"messages": items, "max_tokens": asked.get("max_output_tokens")}

    @staticmethod
    def whole(answer: Answer) -> dict[str, Any]:
        return Responses.frame(answer, "".join(answer.pieces))

    @staticmethod
    def frame(answer: Answer, text: str | None) -> dict[str, Any]:
        """The response; without a text it has only begun."""
        cut = answer.finish == "length"
        state = "in_progress" if text is None else "incomplete" if cut else "completed"
        content: list[dict[str, Any]] = [{"type": "output_text", "text": text, "annotations": []}]
        output = [] if text is None else [
            {"id": f"msg-{answer.call_id}", "type": "message", "role": "assistant", "status": state, "content": content}
        ]  # fmt: skip
        return {
            "id": f"resp-{answer.call_id}", "object": "response", "created_at": int(time.time()), "model": answer.model,
            "status": state, "output": output, "error": None, "metadata": {}, "parallel_tool_calls": True,
            "incomplete_details": {"reason": "max_output_tokens"} if cut and text is not None else None,
            "instructions": None, "temperature": None, "tool_choice": "auto", "tools": [], "top_p": None,
            "usage": None if text is None else Responses.usage(answer),
        }  # fmt: skip

    @staticmethod
    def usage(answer: Answer) -> dict[str, Any] | None:
        told = answer.usage()
        return told and {
            "input_tokens": told["prompt_tokens"],
            "output_tokens": told["completion_tokens"],
            "total_tokens": told["total_tokens"],
            "input_tokens_details": {"cached_tokens": told["prompt_tokens_details"]["cached_tokens"]},
            "output_tokens_details": {"reasoning_tokens": 0},
        }

    @staticmethod
    def events(answer: Answer) -> Iterator[bytes]:
        last = Responses.frame(answer, "".join(answer.pieces))
        item, where = last["output"][0], {"item_id": f"msg-{answer.call_id}", "output_index": 0}
        begun = {"type": "output_text", "text": "", "annotations": []}
        told: list[tuple[str, dict[str, Any]]] = [
            ("created", {"response": Responses.frame(answer, None)}),
            (
                "output_item.added",
                {"output_index": 0, "item": item | {"status": "in_progress", "content": []}},
            ),
            ("content_part.added", where | {"content_index": 0, "part": begun}),
            *(
                ("output_text.delta", where | {"content_index": 0, "delta": piece, "logprobs": []})
                for piece in answer.pieces
            ),
            ("content_part.done", where | {"content_index": 0, "part": item["content"][0]}),
            ("output_item.done", {"output_index": 0, "item": item}),
            (last["status"], {"response": last}),
        ]
        for number, (kind, fields) in enumerate(told):
            yield event(f"response.{kind}", fields | {"sequence_number": number})


class Embeddings:
    """POST …/embeddings: numbers that depend on the text and mean nothing."""

    @staticmethod
    def question(asked: dict[str, Any]) -> dict[str, Any]:
        told = asked["input"]
        texts = (
            [told]
            if isinstance(told, str)
            else [each if isinstance(each, str) else str(each) for each in told]
        )
        return asked | {"messages": [{"content": text} for text in texts]}

    @staticmethod
    def whole(answer: Answer) -> dict[str, Any]:
        texts = [text_of(message["content"]) for message in answer.messages]
        data = [
            {"object": "embedding", "index": index, "embedding": numbers(text)}
            for index, text in enumerate(texts)
        ]
        into = sum(map(tokens_of, texts))
        return {
            "object": "list", "model": answer.model, "data": data, "usage": {"prompt_tokens": into, "total_tokens": into},
        }  # fmt: skip


def numbers(text: str) -> list[float]:
    return [byte / 255 for byte in hashlib.sha256(text.encode()).digest()[:DIMENSIONS]]


class Messages:
    """POST …/messages."""

    @staticmethod
    def question(asked: dict[str, Any]) -> dict[str, Any]:
        system = [{"content": asked["system"]}] if asked.get("system") else []
        return asked | {"messages": system + asked["messages"]}

    @staticmethod
    def whole(answer: Answer) -> dict[str, Any]:
        text = "".join(answer.pieces)
        return Messages.frame(answer) | {
            "content": [{"type": "text", "text": text, "citations": None}],
            "stop_reason": Messages.why(answer),
            "usage": Messages.usage(answer),
        }

    @staticmethod
    def why(answer: Answer) -> str:
        return "max_tokens" if answer.finish == "length" else "end_turn"

    @staticmethod
    def frame(answer: Answer) -> dict[str, Any]:
        return {
            "id": f"msg_{answer.call_id}", "type": "message", "role": "assistant", "model": answer.model, "content": [],
            "stop_reason": None, "stop_sequence": None,
        }  # fmt: skip

    @staticmethod
    def usage(answer: Answer) -> dict[str, Any] | None:
        """Anthropic counts what came from a cache beside the input."""
        told = answer.usage()
        if told is None:
            return None
        cached = told["prompt_tokens_details"]["cached_tokens"]
        return {
            "input_tokens": told["prompt_tokens"] - cached,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": cached,
            "output_tokens": told["completion_tokens"],
        }

    @staticmethod
    def events(answer: Answer) -> Iterator[bytes]:
        usage = Messages.usage(answer)
        started = Messages.frame(answer) | {"usage": None if usage is None else usage | {"output_tokens": 1}}
        yield event("message_start", {"message": started})
        block = {"type": "text", "text": ""}
        yield event("content_block_start", {"index": 0, "content_block": block})
        for piece in answer.pieces:
            yield event("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": piece}})
        yield event("content_block_stop", {"index": 0})
        ended = {"stop_reason": Messages.why(answer), "stop_sequence": None}
        told = {} if usage is None else {"usage": {"output_tokens": usage["output_tokens"]}}
        yield event("message_delta", {"delta": ended} | told)
        yield event("message_stop", {})
