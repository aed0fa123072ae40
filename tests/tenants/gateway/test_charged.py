"""From a host's report over a socket to exact amounts in the ledger, never above what was held."""

import json
from typing import Any

import pytest

from catalog.models import Price
from tenants.gateway.dialects import CHAT, MESSAGES, RESPONSES, Dialect
from tenants.usage.envelope import KINDS
from tenants.usage.models import UsageEvent
from tenants.usage.verify import verify
from tests import make
from tests.tenants.gateway.conftest import World
from tests.tenants.gateway.receiving import receiver
from tests.tenants.gateway.test_reports import PAYLOADS
from tests.tenants.gateway.traffic import booked

ANTHROPIC = {
    "type": "message", "role": "assistant", "content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn",
    "usage": {
        "input_tokens": 20, "output_tokens": 9, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 50,
        "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 40},
    },
}  # fmt: skip
XAI = {
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
    "usage": {
        "prompt_tokens": 40, "completion_tokens": 9, "total_tokens": 69, "cost_in_usd_ticks": 9_000_000,
        "completion_tokens_details": {"reasoning_tokens": 20},
    },
}  # fmt: skip


def called(world: World, connector: str, path: str, answer: dict[str, Any], **price: Any) -> UsageEvent:
    """One call of a team whose budget is in money, at a host that reports this."""
    with receiver(json.dumps(answer).encode()) as upstream:
        host = make.host(
            connector, connector=connector, calling_base_url=f"{upstream.url}/v1", is_sandbox=True
        )
        offer = make.offer(f"model-{connector}", at=host)
        Price.objects.filter(offer=offer).update(**price)
        _, secret = make.key(make.grant(offer=offer, limits={"usd_per_month": 10**10}))
        text = "Some words that make the body as long as what is reported of it. " * 6
        body = {"model": str(offer.model), "max_tokens": 64, "messages": [{"role": "user", "content": text}]}
        assert world.gateway.post(path, body, secret)[0] == 200
    [event] = booked(1, offer_id=offer.pk)
    return event


@pytest.mark.slow
def test_anthropics_caches_are_charged_by_how_long_they_are_kept(world: World) -> None:
    event = called(
        world, "anthropic", "/v1/messages", ANTHROPIC, cached_input_per_million="0.3",
        parts={"cache_write": "3.75", "cache_write_1h": "6"},
    )  # fmt: skip
    counts = dict(zip(KINDS, event.kinds or [], strict=True))
    assert (event.tokens_in, event.tokens_cached, event.tokens_out) == (170, 100, 9)
    assert (counts["cache_write"], counts["cache_write_1h"]) == (10, 40)
    # nano-dollars: 20 at $3, 100 at $0.30, 10 at $3.75, 40 at $6, 9 at $15 a million
    assert event.cost_nanos == 60_000 + 30_000 + 37_500 + 240_000 + 135_000
    assert event.held_nanos is not None
    assert event.held_nanos >= event.cost_nanos
    assert event.told_nanos is None
    assert [proof.differing for proof in verify() if proof.differing] == []


@pytest.mark.slow
def test_xais_own_cost_stands_beside_ours_which_is_charged_in_the_tier_that_was_reached(world: World) -> None:
    event = called(
        world, "xai", "/v1/chat/completions", XAI,
        parts={"request": "0.0001"}, tiers=[{"prices": {"output": "30"}, "over_input_tokens": 39}],
    )  # fmt: skip
    assert (event.tokens_in, event.tokens_out, event.tokens_reasoning) == (40, 29, 20)
    assert event.cost_nanos == 40 * 3_000 + 29 * 30_000 + 100_000
    assert (event.told_nanos, event.price_id is not None) == (900_000, True)
    assert event.held_nanos is not None
    assert event.held_nanos >= event.cost_nanos


@pytest.mark.parametrize(
    ("host", "dialect", "tokens", "told_nanos"),
    [
        ("api.openai.com", CHAT, None, None), ("api.anthropic.com", MESSAGES, None, None),
        ("bedrock-mantle.us-east-1.api.aws", RESPONSES, None, None), ("api.deepseek.com", CHAT, None, None),
        ("router.huggingface.co", CHAT, None, None), ("openrouter.ai", RESPONSES, (78, 37), 11_300),
        ("api.z.ai", CHAT, (13, 564), None),
    ],
)  # fmt: skip
def test_a_recorded_stream_is_read_to_its_usage(
    host: str, dialect: Dialect, tokens: tuple[int, int] | None, told_nanos: int | None
) -> None:
    path = PAYLOADS / "recorded_streams_sse_some_hosts.json"
    if not path.exists():
        pytest.skip("not run: payloads absent")
    raw = json.loads(path.read_text())[host]["raw"].encode()
    asked = dialect.read(b'{"model": "a/b", "messages": [{"content": "x"}], "input": "x", "stream": true}')
    events = dialect.events(asked)
    for start in range(0, len(raw), 777):
        events.feed(raw[start : start + 777])
    assert events.done
    assert events.tokens is not None
    assert events.tokens.into > 0
    assert tokens is None or (events.tokens.into, events.tokens.out) == tokens
    assert events.tokens.told_nanos == told_nanos
