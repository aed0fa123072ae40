"""What can be a chat completion, and what it may need at worst; no process needed."""

import json
from typing import Any

import pytest

from tenants.gateway import asked
from tenants.gateway.dialects import CHAT, MESSAGES, RESPONSES, Dialect
from tenants.gateway.errors import GatewayError

NOT_ONE = [
    (b"", None), (b"{", None), (b"[]", None), (b'"text"', None), (b"\xff\xfe", None), (b"{}", "model"),
    (b'{"model": 3}', "model"), (b'{"model": ""}', "model"), (b'{"model": "a/b"}', "messages"),
    (b'{"model": "a/b", "messages": []}', "messages"), (b'{"model": "a/b", "messages": ["x"]}', "messages"),
    (b'{"model": "a/b", "messages": [{}], "stream": "yes"}', "stream"),
    (b'{"model": "a/b", "messages": [{}], "max_tokens": -5}', "max_tokens"),
    (b'{"model": "a/b", "messages": [{}], "max_tokens": 1e99}', "max_tokens"),
    (b'{"model": "a/b", "messages": [{}], "max_tokens": 99999999999}', "max_tokens"),
    (b'{"model": "a/b", "messages": [{}], "max_completion_tokens": true}', "max_completion_tokens"),
    (b'{"model": "a/b", "messages": [{}], "n": 0}', "n"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "param"), NOT_ONE)
def test_what_is_no_chat_completion_is_400_and_names_the_field(body: bytes, param: str | None) -> None:
    with pytest.raises(GatewayError) as refused:
        CHAT.read(body)
    assert (refused.value.status, refused.value.code, refused.value.param) == (400, "invalid_request", param)


def test_an_input_token_is_at_most_a_byte_and_a_picture_by_address_counts_extra() -> None:
    plain = CHAT.read(b'{"model": "a/b", "messages": [{"content": "\xc3\xa9"}]}')
    picture = CHAT.read(
        b'{"model": "a/b", "messages": [{"content": [{"type": "x", "image_url": {"url": "https://a"}}]}]}'
    )
    assert plain.tokens_in == len(b'{"model": "a/b", "messages": [{"content": "\xc3\xa9"}]}')
    assert picture.tokens_in > asked.PICTURE_TOKENS


PNG = "data:image/png;base64," + "A" * 900_000
PICTURED: list[tuple[Dialect, dict[str, Any]]] = [
    (CHAT, {"messages": [{"content": [{"type": "image_url", "image_url": {"url": PNG}}]}]}),
    (RESPONSES, {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": PNG}]}]}),
    (MESSAGES, {"max_tokens": 9, "messages": [{"role": "user", "content": [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}]}]}),
    (MESSAGES, {"max_tokens": 9, "messages": [{"role": "user", "content": [{"type": "tool_result", "content": [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}]}]}]}),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "body"), PICTURED, ids=["chat", "responses", "messages", "tool result"])
def test_a_picture_in_the_call_is_counted_as_one_and_not_by_its_letters(
    dialect: Dialect, body: dict[str, Any]
) -> None:
    told = dialect.read(json.dumps({"model": "a/b", **body}).encode())
    assert asked.PICTURE_TOKENS < told.tokens_in < 5 * asked.PICTURE_TOKENS
    assert asked.TYPICAL_PICTURE <= told.estimate_in < 2 * asked.TYPICAL_PICTURE
    assert not told.only_text


TEXTS = [
    {"messages": [{"content": [{"type": "text", "text": PNG}]}]},
    {"messages": [{"content": PNG}]},
    {"messages": [{"content": "Hi"}], "tools": [{"type": "image_url", "image_url": {"url": PNG}}]},
    {"messages": [{"content": [{"type": "file", "file": {"file_data": PNG}}]}]},
]


@pytest.mark.parametrize("body", TEXTS, ids=["part", "text", "tool", "file"])
def test_the_same_letters_elsewhere_are_text(body: dict[str, Any]) -> None:
    told = CHAT.read(json.dumps({"model": "a/b", **body}).encode())
    assert told.tokens_in > 900_000
    assert told.estimate_in > 225_000


def test_the_larger_of_two_maxima_is_held() -> None:
    both = CHAT.read(
        b'{"model": "a/b", "messages": [{}], "max_tokens": 5, "max_completion_tokens": 9, "n": 3}'
    )
    assert (both.tokens_out, both.choices) == (9, 3)
