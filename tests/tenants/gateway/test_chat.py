"""The whole way of a call, with the unmodified `openai` client: key, answer, ledger, hours, budget."""

import time

import openai
import pytest

from tenants.quotas.models import Window
from tenants.usage.models import UsageEvent, UsageHour
from tests import make
from tests.tenants.gateway.conftest import World
from tests.tenants.gateway.traffic import nothing_held

pytestmark = pytest.mark.slow
HELLO = [{"role": "user", "content": "Hello, Foundry"}]


def client(world: World, secret: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{world.gateway.url}/v1", api_key=secret, max_retries=0)


def booked(count: int = 1) -> list[UsageEvent]:
    """The ledger's rows, when `count` of them have come."""
    deadline = time.monotonic() + 5
    while UsageEvent.objects.count() < count and time.monotonic() < deadline:
        time.sleep(0.02)
    return list(UsageEvent.objects.order_by("started_at"))


def test_a_call_is_answered_and_booked_with_the_hosts_own_numbers(world: World) -> None:
    grant = make.grant(offer=world.offer, limits={"rpm": 100, "tokens_per_month": 1_000_000})
    key, secret = make.key(grant)
    answer = client(world, secret).chat.completions.with_raw_response.create(
        model="sandbox/echo", messages=HELLO
    )
    told = answer.parse()
    (event,) = booked()
    assert told.choices[0].message.content == "Sandbox echo (no model ran): Hello, Foundry"
    assert answer.headers["x-foundry-call-id"] == event.call_id
    assert answer.headers["x-ratelimit-remaining-requests"] == "99"
    assert told.usage is not None
    assert (event.tokens_in, event.tokens_out) == (told.usage.prompt_tokens, told.usage.completion_tokens)
    assert event.cost_nanos == event.tokens_in * 3_000 + event.tokens_out * 15_000
    assert (event.outcome, event.basis, event.key_id, event.grant_id) == ("ok", "host", key.pk, grant.pk)
    (hour,) = UsageHour.objects.all()
    assert (hour.calls, hour.tokens_in, hour.tokens_out, hour.cost_nanos) == (
        1,
        event.tokens_in,
        event.tokens_out,
        event.cost_nanos,
    )
    assert sum(hour.latency) == 1
    for window in Window.objects.all():
        assert (window.tokens_spent, window.usd_nanos_spent) == (
            event.tokens_in + event.tokens_out,
            event.cost_nanos,
        )
        assert (window.tokens_held, window.usd_nanos_held) == (0, 0)
    assert Window.objects.count() == 2
    assert nothing_held()


@pytest.mark.parametrize("asks_for_usage", [True, False])
def test_a_stream_is_relayed_and_its_usage_chunk_only_to_who_asked(
    world: World, asks_for_usage: bool
) -> None:
    _, secret = make.key(make.grant(offer=world.offer, limits={"rpm": 100}))
    extra = {"stream_options": {"include_usage": True}} if asks_for_usage else {}
    chunks = list(
        client(world, secret).chat.completions.create(
            model="sandbox:sandbox/echo", messages=HELLO, stream=True, **extra
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    usages = [chunk.usage for chunk in chunks if chunk.usage]
    (event,) = booked()
    assert text == "Sandbox echo (no model ran): Hello, Foundry"
    assert len(usages) == (1 if asks_for_usage else 0)
    assert all(chunk.choices for chunk in chunks) != asks_for_usage
    assert (event.outcome, event.streamed, event.tokens_in, event.tokens_out) == ("ok", True, 4, 11)


def test_the_models_of_a_key_are_listed_by_both_names(world: World) -> None:
    _, secret = make.key(make.grant(offer=world.offer, limits={"rpm": 100}))
    assert [model.id for model in client(world, secret).models.list()] == [
        "sandbox/echo",
        "sandbox:sandbox/echo",
    ]


def test_one_model_is_told_by_either_name_and_others_are_refused_as_their_calls_are(world: World) -> None:
    _, secret = make.key(make.grant(offer=world.offer, limits={"rpm": 100}))
    for name in ("sandbox/echo", "sandbox:sandbox/echo"):
        assert client(world, secret).models.retrieve(name).id == name
    other = make.offer("grok-9", at=world.offer.host)
    for name, status, code in (
        (str(other.model), 403, "model_not_granted"), ("no/such", 404, "model_not_found"), ("%00", 404, "model_not_found"),
    ):  # fmt: skip
        found, answer = world.gateway.get(f"/v1/models/{name}", secret)
        assert (found, answer["error"]["code"]) == (status, code)


def test_a_caller_without_a_maximum_gets_what_the_budget_leaves(world: World) -> None:
    _, secret = make.key(make.grant(offer=world.offer, limits={"tokens_per_day": 300}))
    answer = client(world, secret).chat.completions.with_raw_response.create(
        model="sandbox/echo", messages=HELLO
    )
    body = len(b'{"messages":[{"role":"user","content":"Hello, Foundry"}],"model":"sandbox/echo"}')
    assert int(answer.headers["x-foundry-max-tokens"]) == 300 - body
