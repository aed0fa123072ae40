"""Cutting a stream into events: however the bytes come, the same goes on, and the same usage is read."""

from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenants.gateway.events import ChatEvents
from tenants.gateway.meter import Tokens

USAGE = b'{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}'
WORDS = [
    b'{"choices":[{"delta":{"content":"a \\n\\n usage"}}],"usage":null}',
    b'{"choices":[{"delta":{"content":"\xc3\xa9"}}]}',
]


def sse(*data: bytes, end: bytes = b"\n\n") -> bytes:
    return b"".join(b"data: " + each + end for each in data)


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no finding
@given(cuts=st.lists(st.integers(0, 300), max_size=40), end=st.sampled_from([b"\n\n", b"\r\n\r\n"]))
def test_the_usage_chunk_and_the_end_are_kept_back_wherever_the_bytes_are_cut(
    cuts: list[int], end: bytes
) -> None:
    data = b": ping" + end + sse(*WORDS, USAGE, b"[DONE]", end=end)
    at = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    events = ChatEvents(swallow_usage=True)
    passed = b"".join(events.feed(data[a:b]) for a, b in pairwise(at))
    assert passed.replace(b"\r\n", b"\n") == b": ping\n\n" + sse(*WORDS)
    assert events.tokens == Tokens(3, 2)
    assert events.done


def test_a_usage_chunk_that_was_asked_for_goes_on_and_one_with_words_always_does() -> None:
    last = b'{"choices":[{"delta":{}}],"usage":{"prompt_tokens":3,"completion_tokens":4}}'
    assert ChatEvents(swallow_usage=False).feed(sse(USAGE)) == sse(USAGE)
    with_words = ChatEvents(swallow_usage=True)
    assert with_words.feed(sse(last)) == sse(last)
    assert with_words.tokens == Tokens(3, 4)
