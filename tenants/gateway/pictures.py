"""Pictures that lie in a call itself. A host counts their tiles, not their letters, so that their bytes say nothing. Pure.

Only what stands where a host takes a picture counts as one: the same letters in a text, or in a tool's description, are text.
"""

from collections.abc import Iterator
from typing import Any

INLINE = "data:image/"


def inline_sizes(body: dict[str, Any]) -> list[int]:
    """The characters of each picture in the body, in any dialect."""
    return [
        size
        for turn in (*dicts(body.get("messages")), *dicts(body.get("input")))
        for block in (turn, *dicts(turn.get("content")))
        for size in sizes(block)
    ]


def sizes(block: dict[str, Any]) -> Iterator[int]:
    match block:
        case {"type": "image_url", "image_url": {"url": str(data)}} if data.startswith(INLINE):
            yield len(data)
        case {"type": "input_image", "image_url": str(data)} if data.startswith(INLINE):
            yield len(data)
        case {"type": "image", "source": {"type": "base64", "data": str(data)}}:
            yield len(data)
        case {"type": "tool_result", "content": list(inner)}:
            for each in dicts(inner):
                yield from sizes(each)


def dicts(found: Any) -> list[dict[str, Any]]:
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
