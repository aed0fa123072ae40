"""How much of an answer came before its call was cut off, where the host reported nothing. Pure.

Every token is at least a byte of text, so the bytes of what was sent are no fewer than its tokens.
"""

from typing import Any

from tenants.gateway.events import Events, loads

SPOKEN = ("delta", "content_block", "item", "part")  # where a dialect's event has what the model said
FOLD = 256  # pieces that are kept before they are counted


class Heard:
    """What came of one stream. Counting waits until somebody asks, or until it would take too much room."""

    def __init__(self, events: Events) -> None:
        self.events = events
        self.pieces: list[bytes] = []
        self.counted = 0

    def add(self, ready: bytes) -> None:
        """:param ready: whole events."""
        self.pieces.append(ready)
        if len(self.pieces) > FOLD:
            self.fold()

    def fold(self) -> None:
        self.counted += sum(map(tokens_at_most, b"".join(self.pieces).split(b"\n\n")))
        self.pieces.clear()

    def tokens(self) -> int:
        """At least as many as were sent; 0 where nothing of an answer came yet. A torn event counts with all its bytes."""
        self.fold()
        return self.counted + (len(self.events.rest) if self.counted else 0)


def tokens_at_most(event: bytes) -> int:
    """Of one event, and one more for what is no text."""
    data = b"".join(line[5:] for line in event.split(b"\n") if line.startswith(b"data:"))
    spoken = sum(size(value) for value in found(loads(data)))
    return spoken + 1 if spoken else 0


def found(told: Any) -> list[Any]:
    """What stands under one of SPOKEN, however deep."""
    if isinstance(told, list):
        return [each for item in told for each in found(item)]
    if not isinstance(told, dict):
        return []
    return [each for name, value in told.items() for each in ([value] if name in SPOKEN else found(value))]


def size(value: Any) -> int:
    """Bytes of every text in it."""
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, dict):
        return sum(map(size, value.values()))
    return sum(map(size, value)) if isinstance(value, list) else 0
