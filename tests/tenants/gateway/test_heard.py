"""What came of a stream that was cut off counts at least as many tokens as were sent, in every dialect."""

import json

import pytest

from tenants.gateway.dialects import CHAT, MESSAGES, RESPONSES, Dialect
from tenants.gateway.heard import FOLD, Heard
from tests.tenants.gateway.traffic import question

WORD = "Grüße"  # seven bytes, at most seven tokens
EVENTS = {
    CHAT: {"choices": [{"index": 0, "delta": {"content": WORD}}]},
    RESPONSES: {"type": "response.output_text.delta", "delta": WORD},
    MESSAGES: {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": WORD}},
}
BEFORE = {
    CHAT: {"choices": [{"index": 0, "delta": {}}]},
    RESPONSES: {"type": "response.created", "response": {"id": "resp_1", "output": []}},
    MESSAGES: {
        "type": "message_start",
        "message": {"id": "msg_1", "usage": {"input_tokens": 3, "output_tokens": 1}},
    },
}


def event(told: object) -> bytes:
    return b"data: " + json.dumps(told).encode() + b"\n\n"


@pytest.mark.parametrize("dialect", EVENTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("words", [1, 40, 2 * FOLD + 3])
def test_no_fewer_than_were_sent_however_the_bytes_come(dialect: Dialect, words: int) -> None:
    raw = event(BEFORE[dialect]) + event(EVENTS[dialect]) * words
    counts = set()
    for step in (1, 7, 1_000, len(raw)) if words < FOLD else (97, len(raw)):
        events = dialect.events(dialect.read(json.dumps(question(stream=True) | {"input": "x"}).encode()))
        heard = Heard(events)
        for start in range(0, len(raw), step):
            heard.add(events.feed(raw[start : start + step]))
        counts.add(heard.tokens())
    [count] = counts
    assert 7 * words <= count <= 20 * words


def test_nothing_came_is_told_from_little() -> None:
    events = CHAT.events(CHAT.read(json.dumps(question(stream=True)).encode()))
    heard = Heard(events)
    assert heard.tokens() == 0
    heard.add(events.feed(event(BEFORE[CHAT]) + b"data: {"))
    assert heard.tokens() == 0
    heard.add(events.feed(b"}\n\n" + event(EVENTS[CHAT]) + b"data: {half"))
    assert heard.tokens() == 8 + len(b"data: {half"), "a torn event counts with all its bytes"
