"""What the sandbox answers one question with, and the knobs that a test turns. Pure."""

from dataclasses import dataclass
from typing import Any

TOKEN_BYTES = 4
MOST_OUT = 100_000
LABEL = "Sandbox echo (no model ran): "


def tokens_of(text: str) -> int:
    """How many tokens the sandbox counts: four bytes each, the last one begun counts."""
    return -(-len(text.encode()) // TOKEN_BYTES)


@dataclass(frozen=True, slots=True)
class Knobs:
    """What a test asks for in `metadata`."""

    tokens_out: int | None = None
    cached: int = 0
    delay_s: float = 0.0
    status: int = 200
    breaks: bool = False
    usage: str = ""

    @classmethod
    def read(cls, metadata: dict[str, str]) -> "Knobs":
        def number(name: str, default: int) -> int:
            return int(metadata.get(f"sandbox_{name}", default))

        return cls(
            tokens_out=number("tokens_out", 0) or None,
            cached=number("cached", 0),
            delay_s=number("delay_ms", 0) / 1000,
            status=number("status", 200),
            breaks="sandbox_break" in metadata,
            usage=metadata.get("sandbox_usage", ""),
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What one question is answered with: `pieces` are tokens."""

    model: str
    pieces: tuple[str, ...]
    tokens_in: int
    finish: str
    knobs: Knobs
    call_id: str
    messages: tuple[dict[str, Any], ...]
    with_usage: bool

    @classmethod
    def to(cls, asked: dict[str, Any], call_id: str) -> "Answer":
        """:param asked: as a chat completion asks."""
        knobs = Knobs.read(asked.get("metadata") or {})
        words = [text_of(message.get("content")) for message in asked["messages"]]
        text = LABEL + (words[-1] if words else "")
        wanted = knobs.tokens_out or tokens_of(text)
        raw = text.encode()
        if knobs.tokens_out:
            raw = (raw * (1 + wanted * TOKEN_BYTES // len(raw)))[: wanted * TOKEN_BYTES]
        most = min(asked.get("max_completion_tokens") or asked.get("max_tokens") or MOST_OUT, MOST_OUT)
        kept = raw[: min(wanted, most) * TOKEN_BYTES]
        pieces = tuple(
            kept[i : i + TOKEN_BYTES].decode(errors="replace") for i in range(0, len(kept), TOKEN_BYTES)
        )
        return cls(
            model=str(asked.get("model", "echo")),
            pieces=pieces,
            tokens_in=sum(map(tokens_of, words)),
            finish="length" if wanted > most else "stop",
            knobs=knobs,
            call_id=call_id,
            messages=tuple(asked["messages"]),
            with_usage=bool((asked.get("stream_options") or {}).get("include_usage")),
        )

    def usage(self) -> dict[str, Any] | None:
        told = len(self.pieces)
        if self.knobs.usage == "missing":
            return None
        if self.knobs.usage:
            told = -1 if self.knobs.usage == "negative" else int(self.knobs.usage)
        return {
            "prompt_tokens": self.tokens_in,
            "completion_tokens": told,
            "total_tokens": self.tokens_in + told,
            "prompt_tokens_details": {"cached_tokens": min(self.knobs.cached, self.tokens_in)},
        }


def text_of(content: Any) -> str:
    """The text of a message's content, in its plain form and in its form of parts."""
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""
