"""What a team moves between its grants counts at the gateway within a second, for both."""

import pytest

from foundry.lib import clock
from tenants.access import actions as access
from tests import make
from tests.tenants.gateway.conftest import World
from tests.tenants.gateway.traffic import URL_PATH, question, within

pytestmark = pytest.mark.slow


def test_a_move_is_seen_within_a_second_by_both_grants(world: World) -> None:
    giver = make.grant(offer=world.offer, limits={"tokens_per_day": 2_000_000})
    taker = make.grant(of=giver.team, offer=world.offer, limits={"tokens_per_day": 1})
    (_, gives), (_, takes) = make.key(giver), make.key(taker)

    def status(secret: str) -> int:
        return world.gateway.post(URL_PATH, question(), secret)[0]

    assert (status(gives), status(takes)) == (200, 429)
    access.move_allocation(
        giver.pk, to=taker.pk, kind="tokens_per_day", amount=1_999_999, reason="More batch.",
        actor=make.owner_of(giver.team), at=clock.now(),
    )  # fmt: skip
    assert within(1, lambda: (status(gives), status(takes)) == (429, 200))
    (told,) = world.gateway.get("/v1/quota", takes)[1]["data"]
    by = {row["kind"]: (row["set_by"], row["decision"]) for row in told["limits"]}
    assert by["tokens_per_day"] == (make.owner_of(giver.team).name, taker.decision_id), (
        "who moved it, under which decision"
    )
