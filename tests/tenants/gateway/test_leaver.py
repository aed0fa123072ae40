"""A leaver's own key is refused within a second; the application's goes on. A grace counts until its renewal is denied."""

from datetime import timedelta

import pytest

from foundry.lib import clock
from tenants.access import actions as access
from tenants.teams import actions as teams
from tests import make
from tests.tenants.gateway.conftest import World
from tests.tenants.gateway.traffic import URL_PATH, question, within

pytestmark = pytest.mark.slow
DAY = timedelta(days=1)


def test_every_gateway_refuses_a_leavers_own_key_within_a_second(world: World) -> None:
    mia = make.person()
    grant = make.grant(of=make.team(members=(mia,)), offer=world.offer)
    (_, own), (_, shared) = make.key(grant, by=mia, personal=True), make.key(grant, by=mia)

    def status(secret: str) -> int:
        return world.gateway.post(URL_PATH, question(), secret)[0]

    assert (status(own), status(shared)) == (200, 200)
    teams.remove_member(grant.team, mia, actor=make.owner_of(grant.team), at=clock.now())
    assert within(1, lambda: status(own) == 401)
    assert status(shared) == 200


def test_calls_pass_in_the_grace_and_end_with_the_denial_within_a_second(world: World) -> None:
    now = clock.now()
    grant = make.grant(offer=world.offer, at=now - 40 * DAY, ends_on=(now - DAY).date())
    owner = make.owner_of(grant.team)
    renewal = access.renew(grant.pk, actor=owner, at=now - 5 * DAY)
    _, secret = make.key(grant)

    def status() -> int:
        return world.gateway.post(URL_PATH, question(), secret)[0]

    assert status() == 200
    access.deny(renewal.pk, code="no_budget", actor=make.admin(), at=clock.now())
    assert within(1, lambda: status() == 403)
