"""The unmodified `openai` client and a host that nobody here wrote: through the gateway, all is as it is without it."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import openai
import pytest
from openai.types import CompletionUsage

from tests import make
from tests.foreign.both import Both, booked_call, counts
from tests.foreign.conftest import World
from tests.foreign.host import CREDENTIAL

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("foreign")]
DOT = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "people": {"type": "integer"}},
    "required": ["city", "people"],
    "additionalProperties": False,
}
WEATHER = {"name": "get_weather", "description": "Now, there.", "strict": True, "parameters": CITY}
CALLED = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "get_weather", "arguments": '{"city": "Zürich"}'},
}
CHAT: dict[str, dict[str, Any]] = {
    "text": {
        "messages": [{"role": "developer", "content": "Be brief.\n\t\u2028 "}, {"role": "user", "content": "Hello 👋"}],
        "temperature": 0.1,
        "seed": 7,
        "stop": ["\n\n"],
        "logit_bias": {"50256": -100},
        "extra_body": {"of_this_host_only": {"deep": [1, 2.50, None, True]}},
    },
    "tools": {
        "messages": [{"role": "user", "content": "The weather?"}],
        "tools": [{"type": "function", "function": WEATHER}],
        "tool_choice": "auto",
        "parallel_tool_calls": False,
    },
    "what a tool said": {
        "messages": [
            {"role": "user", "content": "The weather?"},
            {"role": "assistant", "content": None, "tool_calls": [CALLED]},
            {"role": "tool", "tool_call_id": "call_1", "content": '{"celsius": 21}'},
        ],
        "tools": [{"type": "function", "function": WEATHER}],
    },
    "a picture": {
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is in the picture?"},
                    {"type": "image_url", "image_url": {"url": DOT, "detail": "low"}},
                ],
            }
        ]
    },
    "structure": {
        "messages": [{"role": "user", "content": "Zürich as JSON"}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "city", "strict": True, "schema": CITY}},
    },
}  # fmt: skip
RESPONSES: dict[str, dict[str, Any]] = {
    "text": {"input": "Hello 👋", "instructions": "Be brief.", "reasoning": {"effort": "low"}},
    "tools": {"input": "The weather?", "tools": [{"type": "function", **WEATHER}]},
    "a picture": {
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "What is in the picture?"},
                    {"type": "input_image", "image_url": DOT, "detail": "low"},
                ],
            }
        ]
    },
    "structure": {
        "input": "Zürich as JSON",
        "text": {"format": {"type": "json_schema", "name": "city", "strict": True, "schema": CITY}},
    },
}


def client(url: str, secret: str, headers: dict[str, str]) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key=secret, max_retries=0, default_headers=headers)


@pytest.fixture
def both(world: World) -> Iterator[Both]:
    with ExitStack() as stack:
        yield Both(world, stack, client)


def test_chat_passes_through_whole(both: Both) -> None:
    told = {
        case: both.compare("chat.completions", "openai/gpt-4o", asked | {"max_completion_tokens": 900})
        for case, asked in CHAT.items()
    }
    choice = {case: answer["choices"][0] for case, answer in told.items()}
    assert choice["text"]["message"]["content"] == "Grüezi from a host that nobody here wrote."
    (tool,) = choice["tools"]["message"]["tool_calls"]
    assert tool["function"] == {"name": "get_weather", "arguments": '{"city": "Zürich", "days": [1, 2]}'}
    assert choice["tools"]["finish_reason"] == "tool_calls"
    assert choice["what a tool said"]["message"]["content"] == "21 °C in Zürich."
    assert choice["a picture"]["message"]["content"] == "A red dot."
    assert CompletionUsage.model_validate(told["text"]["usage"]).prompt_tokens == 40


def test_chat_passes_through_streaming(both: Both) -> None:
    extra = {"max_completion_tokens": 900, "stream": True, "stream_options": {"include_usage": True}}
    for asked in CHAT.values():
        both.compare("chat.completions", "openai/gpt-4o", asked | extra)


def test_a_maximum_and_the_usage_of_a_stream_are_all_that_is_added(both: Both) -> None:
    asked = CHAT["text"]
    both.compare("chat.completions", "openai/gpt-4o", asked, {"max_completion_tokens": 8_192})
    client = both.client()
    raw = client.chat.completions.with_raw_response.create(model="openai/gpt-4o", stream=True, **asked)
    chunks = list(raw.parse())
    assert [chunk for chunk in chunks if chunk.usage or not chunk.choices] == []
    assert raw.headers["x-foundry-max-tokens"] == "8192"
    call_id = raw.headers["x-foundry-call-id"]
    assert both.world.host.sent(call_id).body["stream_options"] == {"include_usage": True}
    assert counts(booked_call(call_id)) == (40, 11)


def test_parsed_structure_and_run_tools_helpers_work(both: Both) -> None:
    """The client's own helpers, which read the answer again."""
    client = both.client()
    with client.chat.completions.stream(
        model="openai/gpt-4o", messages=CHAT["structure"]["messages"], response_format=CHAT["structure"]["response_format"]
    ) as stream:  # fmt: skip
        assert (
            stream.get_final_completion().choices[0].message.content == '{"city": "Zürich", "people": 443037}'
        )
    with client.responses.stream(model="openai/gpt-4o", **RESPONSES["text"]) as events:
        assert events.get_final_response().output_text == "Grüezi from a host that nobody here wrote."


def test_responses_pass_through_whole_and_streaming(both: Both) -> None:
    for stream in (False, True):
        for asked in RESPONSES.values():
            whole = asked | {"max_output_tokens": 900, "store": False} | ({"stream": True} if stream else {})
            both.compare("responses", "openai/gpt-4o", whole)


def test_embeddings_pass_through(both: Both) -> None:
    told = both.compare(
        "embeddings", "openai/text-embedding-3-small", {"input": ["one", "two"], "dimensions": 3, "encoding_format": "float"}, {}
    )  # fmt: skip
    assert [each["embedding"] for each in told["data"]] == [[0.25, -0.5, 0.125]] * 2


def test_the_hosts_credential_goes_to_the_host_and_the_callers_key_does_not(both: Both) -> None:
    client = both.client()
    raw = client.chat.completions.with_raw_response.create(model="openai/gpt-4o", **CHAT["text"])
    headers = both.world.host.sent(raw.headers["x-foundry-call-id"]).headers
    assert headers["authorization"] == f"Bearer {CREDENTIAL}"
    assert not [value for value in headers.values() if both.world.secret in value]
    assert not [name for name in headers if name.startswith("x-stainless")]
    with pytest.raises(openai.AuthenticationError):
        both.client(both.world.secret, both.world.host.url).models.list()


def test_refusals_are_the_clients_own_errors(both: Both) -> None:
    world = both.world
    asked: dict[str, Any] = {"messages": [{"role": "user", "content": "Hello"}]}
    with pytest.raises(openai.AuthenticationError) as no_key:
        both.client("sk-fdy-none").chat.completions.create(model="openai/gpt-4o", **asked)
    assert (no_key.value.status_code, no_key.value.code) == (401, "invalid_api_key")
    grant = make.grant(offer=world.offers["gpt-4o"], limits={"rpm": 1})
    client = both.client(make.key(grant)[1])
    with pytest.raises(openai.PermissionDeniedError) as not_granted:
        client.embeddings.create(model="openai/text-embedding-3-small", input="two")
    assert (not_granted.value.status_code, not_granted.value.code) == (403, "model_not_granted")
    client.chat.completions.create(model="openai/gpt-4o", **asked)
    with pytest.raises(openai.RateLimitError) as limit:
        client.chat.completions.create(model="openai/gpt-4o", **asked)
    assert (limit.value.status_code, limit.value.code) == (429, "limit.rpm")
    assert 1 <= int(limit.value.response.headers["retry-after"]) <= 60
    with pytest.raises(openai.NotFoundError):
        both.client().chat.completions.create(model="openai/no-such-model", **asked)


def test_a_busy_host_is_told_apart_and_how_long_it_asked_to_wait(both: Both) -> None:
    with pytest.raises(openai.InternalServerError) as busy:
        both.client().chat.completions.create(
            model="openai/gpt-4o", messages=[{"role": "user", "content": "Please refuse me"}]
        )
    assert (busy.value.status_code, busy.value.code) == (502, "upstream_busy")
    assert busy.value.response.headers["retry-after"] == "7"
    event = booked_call(busy.value.response.headers["x-foundry-call-id"])
    assert (event.outcome, event.code, counts(event), event.cost_nanos) == (
        "upstream_error", "http_429", (0, 0), 0,
    )  # fmt: skip
