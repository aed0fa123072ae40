"""500 callers at once on a limit for exactly 100, over three processes: never more, and exactly 100.

For each kind of limit, with callers spread evenly, with nine tenths of them at one process, and with all; of a grant, and of
the levels beside it: there two grants of one team share what the team, or the organisation, may use. Where a limit
counts tokens or money each call really uses its worst case, so that nothing flows back and the hundred is final;
`make soak` runs this many times over.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from foundry.lib import clock
from tenants.levels.actions import end_limit, set_limit
from tenants.levels.models import LevelLimit
from tenants.levels.rules import Target
from tenants.quotas.models import Window
from tests import make, processes
from tests.tenants.gateway.conftest import World
from tests.tenants.gateway.traffic import (
    burst,
    codes,
    early_in_the_minute,
    in_one_minute,
    nothing_held,
    question,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
CALLERS, FITTING, MOST_OUT = 500, 100, 60
ROUNDS = int(os.environ.get("ROUNDS", "1"))
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
@pytest.mark.parametrize("spread", ["evenly", "nine tenths at one", "all at one"])
def test_of_500_at_once_exactly_100_pass(world: World, three: list[str], kind: str, spread: str) -> None:
    body, maximum = call_of(kind)
    urls = {"evenly": three, "nine tenths at one": [three[0]] * 18 + three[1:], "all at one": three[:1]}[
        spread
    ]

    def asked() -> Counter[str]:
        _, secret = make.key(make.grant(offer=world.offer, limits={kind: maximum}))
        return codes(burst(urls, secret, [body] * CALLERS))

    for _ in range(ROUNDS):
        found = in_one_minute(asked) if kind in ("rpm", "tpm") else asked()
        assert found == {"": FITTING, f"limit.{kind}": CALLERS - FITTING}


def test_two_grants_share_what_their_levels_allow_to_exactly_100(world: World, three: list[str]) -> None:
    """Twenty rounds, the minute's kinds first, so that few wait for one."""
    found, wanted = {}, {}
    for round_, (kind, scope) in enumerate(LEVELS):
        body, worst = call_of(kind)
        if kind in ("rpm", "tpm"):
            early_in_the_minute(15)
        secrets, target = callers(world, scope)
        held = limited(target, kind, worst)
        spread = [three, [three[0]] * 18 + three[1:]][round_ % 2]
        found[kind, scope] = dict(codes(burst(spread, secrets, [body] * CALLERS)))
        wanted[kind, scope] = {"": FITTING, f"limit.{kind}": CALLERS - FITTING}
        end_limit(held.pk, actor=make.admin(), at=clock.now())
    assert len(LEVELS) == len(found) == 20
    assert found == wanted


BOTH, INNER = ("team", "organisation"), ("share", "key")
LEVELS = [
    *((kind, scope) for kind in KINDS[:2] for scope in (*BOTH, *INNER)),
    *((kind, scope) for kind in KINDS[2:] for scope in BOTH),
    ("tokens_per_month", "share"),
    ("usd_per_day", "key"),
]


def callers(world: World, scope: str) -> tuple[list[str], Target]:
    """Keys of two grants of one team that meet at a level, or of what is inside one grant; and that level."""
    first = make.grant(offer=world.offer, limits={"tokens_per_month": 10**12})
    key, secret = make.key(first)
    if scope == "key":
        return [secret], Target(key=key)
    if scope == "share":
        return [secret, make.key(first)[1]], Target(grant=first, application=key.application)
    second = make.grant(of=first.team, offer=world.offer, limits={"rpm": 10**6, "usd_per_day": 10**15})
    return [secret, make.key(second)[1]], Target(team=first.team if scope == "team" else None)


def limited(target: Target, kind: str, maximum: int) -> LevelLimit:
    """So much more than the level has used; what earlier rounds used of the organisation's is booked by then."""
    set_it = partial(set_limit, target, kind=kind, reason="test", actor=make.admin())
    held = set_it(maximum=10**12, at=clock.now())
    window = Window.objects.filter(holder_id=held.level.holder_id, period=kind.rpartition("_")[2])
    assert nothing_held()
    if used := window.values_list("usd_nanos_spent" if kind.startswith("usd") else "tokens_spent", flat=True):
        maximum += used[0]
    return set_it(maximum=maximum, at=clock.now())


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
