"""The unmodified `anthropic` client and a host that nobody here wrote: through the gateway, all is as it is without it."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import anthropic
import pytest

from tests import make
from tests.foreign.both import Both, booked_call, counts
from tests.foreign.conftest import World
from tests.foreign.host import CREDENTIAL

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("foreign")]
MODEL = "anthropic/claude-foreign-1"
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "people": {"type": "integer"}},
    "required": ["city", "people"],
    "additionalProperties": False,
}
WEATHER = {
    "name": "get_weather",
    "description": "Now, there.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
MESSAGES: dict[str, dict[str, Any]] = {
    "text": {
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "messages": [{"role": "user", "content": "Hello 👋"}],
        "stop_sequences": ["\n\n"],
        "metadata": {"user_id": "u-1"},
        "extra_body": {"of_this_host_only": {"deep": [1, 2.50, None, True]}},
    },
    "tools": {
        "messages": [{"role": "user", "content": "The weather?"}],
        "tools": [WEATHER],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
    },
    "what a tool said": {
        "messages": [
            {"role": "user", "content": "The weather?"},
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Zürich"}}],
            },
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "21"}]},
        ],
        "tools": [WEATHER],
    },
    "a picture": {
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": DOT}},
                    {"type": "text", "text": "What is in the picture?"},
                ],
            }
        ]
    },
    "structure": {
        "messages": [{"role": "user", "content": "Zürich as JSON"}],
        "output_config": {"format": {"type": "json_schema", "schema": CITY}},
    },
}  # fmt: skip


def client(url: str, secret: str, headers: dict[str, str]) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=url, api_key=secret, max_retries=0, default_headers=headers)


@pytest.fixture
def both(world: World) -> Iterator[Both]:
    with ExitStack() as stack:
        yield Both(world, stack, client)


def test_messages_pass_through_whole(both: Both) -> None:
    told = {
        case: both.compare("messages", MODEL, asked | {"max_tokens": 900}) for case, asked in MESSAGES.items()
    }
    assert told["text"]["content"][0]["text"] == "Grüezi from a host that nobody here wrote."
    assert told["tools"]["content"][0]["input"] == {"city": "Zürich", "days": [1, 2]}
    assert told["tools"]["stop_reason"] == "tool_use"
    assert told["what a tool said"]["content"][0]["text"] == "21 °C in Zürich."
    assert told["a picture"]["content"][0]["text"] == "A red dot."
    assert told["structure"]["content"][0]["text"] == '{"city": "Zürich", "people": 443037}'


def test_messages_pass_through_streaming(both: Both) -> None:
    for asked in MESSAGES.values():
        both.compare("messages", MODEL, asked | {"max_tokens": 900, "stream": True})


def test_the_streaming_helper_works_and_the_version_and_beta_headers_arrive(both: Both) -> None:
    client = both.client(**{"anthropic-beta": "files-api-2025-04-14"})
    asked = client.messages.stream(
        model=MODEL, max_tokens=900, messages=MESSAGES["tools"]["messages"], tools=[WEATHER]
    )
    with asked as stream:
        told = stream.get_final_message()
    assert told.content[0].input == {"city": "Zürich", "days": [1, 2]}
    call_id = stream.response.headers["x-foundry-call-id"]
    headers = both.world.host.sent(call_id).headers
    assert (headers["anthropic-version"], headers["anthropic-beta"]) == (
        client.default_headers["anthropic-version"],
        "files-api-2025-04-14",
    )
    assert headers["x-api-key"] == CREDENTIAL
    assert not [value for value in headers.values() if both.world.secret in value]
    assert counts(booked_call(call_id)) == (told.usage.input_tokens, told.usage.output_tokens)


def test_refusals_are_the_clients_own_errors(both: Both) -> None:
    asked: dict[str, Any] = {"max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}
    with pytest.raises(anthropic.AuthenticationError) as no_key:
        both.client("sk-fdy-none").messages.create(model=MODEL, **asked)
    assert no_key.value.status_code == 401
    offer = both.world.offers["claude-foreign-1"]
    granted = both.client(make.key(make.grant(offer=offer, limits={"rpm": 1}))[1])
    elsewhere = both.client(make.key(make.grant(offer=both.world.offers["gpt-4o"], limits={"rpm": 1}))[1])
    with pytest.raises(anthropic.PermissionDeniedError, match="model_not_granted"):
        elsewhere.messages.create(model=MODEL, **asked)
    granted.messages.create(model=MODEL, **asked)
    with pytest.raises(anthropic.RateLimitError, match=r"limit\.rpm") as limit:
        granted.messages.create(model=MODEL, **asked)
    assert 1 <= int(limit.value.response.headers["retry-after"]) <= 60


def test_a_busy_host_is_told_apart_and_how_long_it_asked_to_wait(both: Both) -> None:
    with pytest.raises(anthropic.InternalServerError, match="upstream_busy") as busy:
        both.client().messages.create(
            model=MODEL, max_tokens=9, messages=[{"role": "user", "content": "Please refuse me"}]
        )
    assert busy.value.response.headers["retry-after"] == "7"
    event = booked_call(busy.value.response.headers["x-foundry-call-id"])
    assert (event.outcome, event.code, counts(event), event.cost_nanos) == (
        "upstream_error",
        "http_429",
        (0, 0),
        0,
    )
