"""The other dialects, judged by the unmodified `openai` and `anthropic` clients: answers, streams, errors, the ledger."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import anthropic
import openai
import pytest

from tests import make, processes
from tests.tenants.gateway.conftest import World
from tests.tenants.gateway.test_trouble import hang_up
from tests.tenants.gateway.traffic import booked, nothing_held, question

pytestmark = pytest.mark.slow
HELLO = "Hello, Foundry"
SAID = f"Sandbox echo (no model ran): {HELLO}"
FAR = {"rpm": 100, "tokens_per_day": 10**6, "usd_per_month": 10**9}


@pytest.fixture
def secret(world: World) -> str:
    return make.key(make.grant(offer=world.offer, limits=FAR))[1]


@pytest.fixture
def clients(world: World) -> Iterator["Clients"]:
    with ExitStack() as stack:
        yield Clients(world.gateway.url, stack)


@dataclass(frozen=True, slots=True)
class Clients:
    """The SDKs as they come, each closed in the end."""

    url: str
    stack: ExitStack

    def openai(self, secret: str) -> openai.OpenAI:
        return self.stack.enter_context(
            openai.OpenAI(base_url=f"{self.url}/v1", api_key=secret, max_retries=0)
        )

    def anthropic(self, secret: str) -> anthropic.Anthropic:
        return self.stack.enter_context(anthropic.Anthropic(base_url=self.url, api_key=secret, max_retries=0))


def is_booked(tokens_in: int, tokens_out: int, *, streamed: bool = False, cached: int = 0) -> None:
    (event,) = booked(1)
    assert (event.outcome, event.basis, event.streamed) == ("ok", "host", streamed)
    assert (event.tokens_in, event.tokens_out, event.tokens_cached) == (tokens_in, tokens_out, cached)
    assert nothing_held()


def test_a_response_is_answered_and_booked(clients: Clients, secret: str) -> None:
    told = clients.openai(secret).responses.create(model="sandbox/echo", input=HELLO)
    assert told.output_text == SAID
    assert told.usage is not None
    is_booked(told.usage.input_tokens, told.usage.output_tokens)


def test_a_response_streams_to_its_last_event(clients: Clients, secret: str) -> None:
    with clients.openai(secret).responses.stream(model="sandbox/echo", input=HELLO) as stream:
        kinds = [event.type for event in stream]
        told = stream.get_final_response()
    assert (kinds[0], kinds[-1], told.output_text) == ("response.created", "response.completed", SAID)
    is_booked(4, 11, streamed=True)


def test_a_response_cannot_refer_to_what_somebody_else_stored(clients: Clients, secret: str) -> None:
    with pytest.raises(openai.BadRequestError, match="previous_response_id"):
        clients.openai(secret).responses.create(
            model="sandbox/echo", input="x", previous_response_id="resp_1"
        )


def test_embeddings_have_input_and_no_output(clients: Clients, secret: str) -> None:
    told = clients.openai(secret).embeddings.create(model="sandbox/echo", input=["one", "another"])
    assert [len(each.embedding) for each in told.data] == [8, 8]
    is_booked(told.usage.prompt_tokens, 0)


def test_a_message_is_answered_and_its_cache_is_part_of_the_input(clients: Clients, secret: str) -> None:
    extra: dict[str, Any] = {"metadata": {"sandbox_cached": "3"}}
    told = clients.anthropic(secret).messages.create(
        model="sandbox/echo", max_tokens=50, messages=[{"role": "user", "content": HELLO}], **extra
    )
    assert (told.content[0].text, told.stop_reason) == (SAID, "end_turn")  # type: ignore[union-attr]
    assert (told.usage.input_tokens, told.usage.cache_read_input_tokens) == (1, 3)
    is_booked(4, told.usage.output_tokens, cached=3)


def test_a_message_streams_and_its_usage_is_read_in_passing(clients: Clients, secret: str) -> None:
    asked = clients.anthropic(secret).messages.stream(
        model="sandbox/echo", max_tokens=50, messages=[{"role": "user", "content": HELLO}]
    )
    with asked as stream:
        assert "".join(stream.text_stream) == SAID
        assert stream.get_final_message().usage.output_tokens == 11
    is_booked(4, 11, streamed=True)


def test_errors_come_in_the_callers_own_dialect(world: World, clients: Clients, secret: str) -> None:
    asked: dict[str, Any] = {
        "model": "sandbox/echo",
        "max_tokens": 5,
        "messages": [{"role": "user", "content": "x"}],
    }
    with pytest.raises(anthropic.AuthenticationError) as no_key:
        clients.anthropic("sk-fdy-none").messages.create(**asked)
    assert no_key.value.body["error"]["code"] == "invalid_api_key"  # type: ignore[index,call-overload]
    with pytest.raises(anthropic.NotFoundError):
        clients.anthropic(secret).messages.create(**asked | {"model": "sandbox/none"})
    _, spent = make.key(make.grant(offer=world.offer, limits={"tokens_per_day": 5}))
    with pytest.raises(anthropic.RateLimitError) as limit:
        clients.anthropic(spent).messages.create(**asked)
    told: Any = limit.value.body
    assert (told["type"], told["error"]["type"], told["error"]["code"]) == (
        "error", "rate_limit_error", "limit.tokens_per_day",
    )  # fmt: skip
    broken = {"model": "sandbox/echo", "messages": [{"content": "x"}], "metadata": {"sandbox_break": "1"}}
    status, answer = world.gateway.post("/v1/messages", broken, secret)
    assert (status, answer["type"], answer["error"]["code"]) == (502, "error", "upstream_broken")


def test_what_a_host_does_not_speak_is_refused_and_says_what_it_speaks(world: World) -> None:
    host = make.host("plain", calling_base_url=f"{world.sandbox.url}/v1", connector="openai_compatible")
    offer = make.offer("echo", at=host, of=world.offer.model)
    _, secret = make.key(make.grant(offer=offer, limits={"rpm": 10}))
    asked = {"model": "plain:sandbox/echo", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}]}
    status, answer = world.gateway.post("/v1/messages", asked, secret)
    assert (status, answer["error"]["code"]) == (400, "dialect_not_spoken")
    assert "/v1/chat/completions or /v1/embeddings" in answer["error"]["message"]


@pytest.mark.parametrize("stream", [True, False])
def test_a_host_is_not_read_on_for_ever_after_a_hang_up(world: World, secret: str, stream: bool) -> None:
    """Cut off after the time that is set, the call is booked at its worst case, marked as estimated."""
    body = question(
        max_tokens=20, stream=stream, knobs={"tokens_out": 20, "delay_ms": 3_000 if stream else 30_000}
    )
    with processes.gateway(world.folder / "hasty", world.urls.gateway_url, GATEWAY_DRAIN_S="1") as hasty:
        world.gateway = hasty
        hang_up(world, secret, body, 0)
        (event,) = booked(1)
    assert (event.outcome, event.code, event.basis) == ("cancelled", "client_closed", "estimated")
    assert event.tokens_out >= 20
    assert nothing_held()
