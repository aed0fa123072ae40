"""What hosts really report, kind by kind, and what they themselves say it costs."""

import json
from pathlib import Path
from typing import Any

import pytest

from tenants.gateway.asked import most_searches
from tenants.gateway.dialects import CHAT, MESSAGES
from tenants.gateway.meter import report, report_message
from tenants.usage.charge import Tokens
from tenants.usage.envelope import KINDS

PAYLOADS = Path(__file__).resolve().parents[4] / "shared" / "payloads" / "usage"


def kinds(**counts: int) -> tuple[int, ...]:
    return tuple(counts.get(kind, 0) for kind in KINDS)


def block(into: int, out: int, **more: Any) -> dict[str, Any]:
    return {"prompt_tokens": into, "completion_tokens": out, **more}


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        # OpenAI and Azure: sound in chat, and a cache that is written by itself
        (block(81, 72, prompt_tokens_details={"audio_tokens": 69, "cached_tokens": 0, "text_tokens": 12}),
         Tokens(81, 72, kinds=kinds(audio_input=69))),
        (block(10, 90, completion_tokens_details={"audio_tokens": 80}), Tokens(10, 90, kinds=kinds(audio_output=80))),
        (block(4020, 4, prompt_tokens_details={"cache_write_tokens": 4012, "cached_tokens": 0}),
         Tokens(4020, 4, kinds=kinds(cache_write=4012))),
        # cached sound: no text is left that could have been cached
        (block(100, 1, prompt_tokens_details={"audio_tokens": 80, "cached_tokens": 60}),
         Tokens(100, 1, 60, kinds=kinds(audio_input=40, audio_cached_input=40))),
        # OpenAI's responses
        ({"input_tokens": 45, "input_tokens_details": {"cached_tokens": 4}, "output_tokens": 1719,
          "output_tokens_details": {"reasoning_tokens": 1408}, "total_tokens": 1764}, Tokens(45, 1719, 4, 1408)),
        # Gemini's and Bedrock's OpenAI-compatible endpoints: thoughts only in the total
        (block(13, 10, total_tokens=84), Tokens(13, 71)),
        (block(33, 1780, completion_tokens_details={"image_tokens": 1120}, total_tokens=2342),
         Tokens(33, 2309, kinds=kinds(image_output=1120))),
        # xAI: reasoning beside the completion, sources, and its own cost in ticks of 1e-10 USD
        (block(100, 9, total_tokens=309, completion_tokens_details={"reasoning_tokens": 200}, num_sources_used=3,
               cost_in_usd_ticks=37_756_005), Tokens(100, 209, 0, 200, kinds(web_search=3), 3_775_601)),
        (block(5, 9, completion_tokens_details={"reasoning_tokens": 200}), Tokens(5, 209, 0, 200)),
        # DeepSeek, Mistral, Hugging Face: what was cached
        (block(563, 116, prompt_cache_hit_tokens=512, prompt_cache_miss_tokens=51), Tokens(563, 116, 512)),
        (block(70, 12, num_cached_tokens=69), Tokens(70, 12, 69)),
        (block(19, 29, cached_tokens=3), Tokens(19, 29, 3)),
        # OpenRouter: its own cost, to which the maker's is added where the caller pays the maker
        (block(900, 69, cost=0.0160614), Tokens(900, 69, told_nanos=16_061_400)),
        (block(326, 91, cost=0, is_byok=True, cost_details={"upstream_inference_cost": 0.0003253}),
         Tokens(326, 91, told_nanos=325_300)),
        (block(1, 1, cost=1e-9), Tokens(1, 1, told_nanos=1)),
    ],
)  # fmt: skip
def test_each_host_is_read_in_its_own_words(usage: dict[str, Any], tokens: Tokens) -> None:
    assert report(usage) == tokens


@pytest.mark.parametrize("cost", [-1, True, "0.5", float("nan"), float("inf"), 10**9, None, {}, [1]])
def test_a_cost_that_makes_no_sense_is_no_cost(cost: object) -> None:
    assert report(block(1, 1, cost=cost)) == Tokens(1, 1)


@pytest.mark.parametrize("ticks", [-1, True, "5", 1.5, 10**17, None])
def test_ticks_that_make_no_sense_are_no_cost(ticks: object) -> None:
    assert report(block(1, 1, cost_in_usd_ticks=ticks)) == Tokens(1, 1)


@pytest.mark.parametrize("junk", [-1, True, "5", 1.5, 10**13, None, [], {"a": 1}])
def test_a_part_that_makes_no_sense_is_left_out(junk: object) -> None:
    parts = {"audio_tokens": junk, "cached_tokens": junk, "image_tokens": junk, "cache_write_tokens": junk}
    assert report(block(9, 9, prompt_tokens_details=parts, completion_tokens_details=junk)) == Tokens(9, 9)
    assert report_message(
        {"input_tokens": 9, "output_tokens": 9, "cache_creation": junk, "server_tool_use": junk}
    ) == Tokens(9, 9)


def recorded() -> list[dict[str, Any]]:
    path = PAYLOADS / "usage_blocks_half_of_shapes.json"
    if not path.exists():
        pytest.skip("not run: payloads absent")
    found: list[dict[str, Any]] = json.loads(path.read_text())
    return found


def test_every_recorded_report_of_our_dialects_is_read_and_adds_up() -> None:
    read = 0
    for each in recorded():
        usage = each.get("usage") or {}
        anthropic = "cache_creation_input_tokens" in usage
        tokens = report_message(usage) if anthropic else report(usage)
        if tokens is None:
            assert not {"prompt_tokens", "input_tokens"} & set(usage), each
            continue
        read += 1
        told = usage.get("total_tokens")
        assert told is None or tokens.total >= told, each
        cost = usage.get("cost")
        assert (tokens.told_nanos is None) == (cost is None), each
    assert read > 20


def test_searches_are_held_as_the_caller_bounds_them() -> None:
    assert (
        most_searches({"tools": [{"type": "web_search_20250305", "max_uses": 3}, {"type": "function"}]}) == 3
    )
    assert most_searches({"tools": [{"type": "web_search"}]}) == 10
    assert most_searches({"search_parameters": {"max_search_results": 5}}) == 5
    assert most_searches({"tools": "search", "web_search_options": {}}) == 10
    plain = CHAT.read(b'{"model": "a/b", "messages": [{"content": "x"}]}')
    assert (plain.only_text, plain.searches) == (True, 0)
    sound = CHAT.read(b'{"model": "a/b", "messages": [{"content": "x"}], "modalities": ["text", "audio"]}')
    assert not sound.only_text
    found = MESSAGES.read(
        b'{"model": "a/b", "messages": [{"content": "x"}], "tools": [{"type": "web_search_20250305", "max_uses": 2}]}'
    )
    assert found.searches == 2
