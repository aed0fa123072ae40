"""A provider's listing at two dates: exactly what changed becomes a change, applied or waiting as the policy says."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from catalog.models import Change, Host, Offer, Price, SyncRun
from tests.catalog import syncing
from tests.catalog.test_real_payloads import PATIENT, host, real
from tests.fakes.listing import payload
from tests.fakes.provider import Provider, Reply, always, serve, told

pytestmark = pytest.mark.django_db
MARCH, MAY = payload("openrouter", "listing_2026-03"), payload("openrouter", "listing_2026-05")
Found = dict[tuple[str, str], tuple[str, str]]

APPLIED = {
    ("x-ai/grok-4.3", "new"),
    ("anthropic/claude-3.7-sonnet", "gone"),
    ("x-ai/grok-3", "retirement_date"),
    ("openai/gpt-oss-20b", "price"),
    ("mistralai/mistral-large", "price"),
    ("qwen/qwen3-32b", "context"),
    ("qwen/qwen3-32b", "capability"),
    ("meta-llama/llama-3.3-70b-instruct", "capability"),
}
WAITING = {
    ("x-ai/grok-4", "retirement_date"): "the retirement date moved closer",
    ("deepseek/deepseek-chat", "price"): "input price up 60 %",
    ("openai/gpt-oss-20b:free", "price"): "input price up from 0 to 0.01",
    ("google/gemini-2.5-flash", "price"): "the price is no longer told; new calls would have no known cost",
}


@pytest.fixture
def provider() -> Iterator[Provider]:
    with serve(always(told(MARCH))) as serving:
        yield serving


def changes(run: SyncRun) -> Found:
    found = Change.objects.filter(run=run).exclude(kind="terms")
    return {(change.key, change.kind): (change.state, change.why_risky) for change in found}


def march_then_may(provider: Provider, at: Host) -> SyncRun:
    assert syncing.run(at).new == len(MARCH["data"])
    provider.script = always(told(MAY))
    return syncing.run(at)


def test_two_months_of_changes_are_these_and_no_others(provider: Provider) -> None:
    run = march_then_may(provider, host("openrouter", provider.url))
    expected = dict.fromkeys(APPLIED, ("applied", ""))
    expected |= {change: ("waiting", why) for change, why in WAITING.items()}
    assert changes(run) == expected
    assert (run.state, run.new, run.gone, run.rejected) == ("succeeded", 1, 1, 0)


def test_what_waits_is_not_taken_and_what_applies_is(provider: Provider) -> None:
    march_then_may(provider, host("openrouter", provider.url))
    offers = {offer.key: offer for offer in Offer.objects.all()}
    assert str(offers["x-ai/grok-3"].retires_at) == "2026-05-15 00:00:00+00:00"
    assert str(offers["x-ai/grok-4"].retires_at) == "2026-09-30 00:00:00+00:00"
    assert offers["anthropic/claude-3.7-sonnet"].gone_at is not None
    assert (offers["qwen/qwen3-32b"].context_tokens, offers["qwen/qwen3-32b"].max_output_tokens) == (
        131_072,
        16_384,
    )
    assert history("deepseek/deepseek-chat") == ["0.2"]
    assert history("google/gemini-2.5-flash") == ["0.3"]
    assert history("openai/gpt-oss-20b") == ["0.03", "0.029"]
    assert history("mistralai/mistral-large") == ["2", "2.1"]


def history(key: str) -> list[str]:
    """The prices of input that ever counted, oldest first."""
    rows = Price.objects.filter(offer__key=key).order_by("starts_at")
    return [f"{row.input_per_million.normalize():f}" for row in rows]


def test_a_third_listing_that_says_the_same_asks_nothing_again(provider: Provider) -> None:
    at = host("openrouter", provider.url)
    march_then_may(provider, at)
    waiting = Change.objects.filter(state="waiting").count()
    run = syncing.run(at)
    assert (changes(run), run.changed) == ({}, 0)
    assert Change.objects.filter(state="waiting").count() == waiting == len(WAITING)


def test_a_listing_that_goes_back_leaves_nothing_waiting(provider: Provider) -> None:
    at = host("openrouter", provider.url)
    march_then_may(provider, at)
    provider.script = always(told(MARCH))
    run = syncing.run(at)
    assert not Change.objects.filter(state="waiting").exclude(run=run).exists()
    assert changes(run)["anthropic/claude-3.7-sonnet", "back"] == ("applied", "")
    assert changes(run)["x-ai/grok-4.3", "gone"] == ("applied", "")
    assert changes(run)["x-ai/grok-3", "retirement_date"] == ("waiting", "the retirement date was taken back")


def test_a_wide_policy_takes_dearer_prices_and_a_narrow_one_lets_news_wait(provider: Provider) -> None:
    at = host("openrouter", provider.url)
    at.price_rise_percent, at.waits_for = 100, ["gone", "context"]
    at.save()
    found = changes(march_then_may(provider, at))
    assert found["deepseek/deepseek-chat", "price"] == ("applied", "")
    assert found["qwen/qwen3-32b", "context"][0] == "waiting"
    assert found["anthropic/claude-3.7-sonnet", "gone"][0] == "waiting"
    assert found["google/gemini-2.5-flash", "price"][0] == "waiting"


def test_the_real_listing_of_march_and_what_is_made_of_it() -> None:
    """346 real models; then seven are left out, every tenth of the rest is a little cheaper, two end soon."""
    content: Any = json.loads(real("openrouter/models_2026-03-10.json"))
    rows = content["data"]
    left_out, kept = rows[:7], rows[7:]
    cheaper = [row for row in kept[::10] if row["pricing"]["prompt"] not in {"0", "-1"}]
    ending = [row for row in kept if row["id"] in {"x-ai/grok-4", "x-ai/grok-3"}]
    with serve(always(Reply(json.dumps(content).encode()))) as provider:
        at = host("openrouter", provider.url)
        assert syncing.run(at, bounds=PATIENT).new == 346
        for row in cheaper:
            row["pricing"]["prompt"] = less(row["pricing"]["prompt"])
        for row in ending:
            row["expiration_date"] = "2026-05-15"
        provider.script = always(Reply(json.dumps({"data": kept}).encode()))
        run = syncing.run(at, bounds=PATIENT)
    expected = {(row["id"], "gone"): ("applied", "") for row in left_out}
    expected |= {(row["id"], "price"): ("applied", "") for row in cheaper}
    expected |= {(row["id"], "retirement_date"): ("applied", "") for row in ending}
    assert len(ending) == 2
    assert len(cheaper) > 25
    assert changes(run) == expected


def less(price: str) -> str:
    """The same price, lower in a digit after its last."""
    return f"{Decimal(price) - Decimal(1).scaleb(-len(price)):f}"
