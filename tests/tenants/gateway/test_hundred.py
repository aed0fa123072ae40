"""500 callers at once on a limit for exactly 100, over three processes: never more, and exactly 100.

For each kind of limit, with callers spread evenly and with nine tenths of them at one process. Where a limit
counts tokens or money each call really uses its worst case, so that nothing flows back and the hundred is final;
`make soak` runs this many times over.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests import make, processes
from tests.tenants.gateway.conftest import World
from tests.tenants.gateway.traffic import burst, codes, early_in_the_minute, question

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
CALLERS, FITTING, MOST_OUT = 500, 100, 60
KINDS = ["rpm", "tpm", "concurrency", "tokens_per_day", "tokens_per_month", "usd_per_day", "usd_per_month"]


@pytest.fixture
def three(world: World) -> Iterator[list[str]]:
    with ExitStack() as stack:
        others = [
            stack.enter_context(processes.gateway(world.folder / name, world.urls.gateway_url))
            for name in ("second", "third")
        ]
        yield [world.gateway.url, *(other.url for other in others)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("spread", ["evenly", "nine tenths at one"])
def test_of_500_at_once_exactly_100_pass(world: World, three: list[str], kind: str, spread: str) -> None:
    body, maximum = call_of(kind)
    _, secret = make.key(make.grant(offer=world.offer, limits={kind: maximum}))
    urls = three if spread == "evenly" else [three[0]] * 18 + three[1:]
    if kind in ("rpm", "tpm"):
        early_in_the_minute(40)
    answers = burst(urls, secret, [body] * CALLERS)
    assert codes(answers) == {"": FITTING, f"limit.{kind}": CALLERS - FITTING}


def call_of(kind: str) -> tuple[dict[str, Any], int]:
    """A call that uses exactly what is set aside for it, and the limit that fits a hundred of it."""
    if kind == "rpm":
        return question(), FITTING
    if kind == "concurrency":
        return question(knobs={"delay_ms": 15_000}), FITTING
    for padding in range(5):
        body = question("x" * padding, max_tokens=MOST_OUT, knobs={"usage": "000"})
        sent, tokens_in = len(json.dumps(body)), -(-padding // 4)
        worst = sent + MOST_OUT
        if kind == "tpm":
            worst = -(-sent // 4) + MOST_OUT
        told = worst - tokens_in
        if kind.startswith("usd"):
            worst = sent * 3_000 + MOST_OUT * 15_000
            told, rest = divmod(worst - tokens_in * 3_000, 15_000)
            if rest:
                continue
        body["metadata"]["sandbox_usage"] = f"{told:03}"
        return body, worst * FITTING
    raise AssertionError("no padding makes the money even")
