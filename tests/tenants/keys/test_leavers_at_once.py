"""Leaving meets making: no own key of somebody who left is ever live; of two admins who switch each other off one stays."""

from functools import partial

import pytest

from foundry.lib import clock
from foundry.people import actions as people
from foundry.people.models import User
from tenants.access.models import Grant
from tenants.keys import actions
from tenants.keys.models import ApiKey
from tenants.teams import actions as teams
from tests import make
from tests.servers import Urls
from tests.tenants.access.test_two_at_once import ROUNDS, at_once

pytestmark = pytest.mark.slow


def make_one(grant: Grant, who: User) -> None:
    actions.issue_key(
        application=grant.applications.select_related("team").get(),
        name="mine",
        personal=True,
        actor=who,
        at=clock.now(),
    )


def remove(grant: Grant, who: User) -> None:
    teams.remove_member(grant.team, who, actor=make.owner_of(grant.team), at=clock.now())


def test_an_own_key_that_is_made_while_its_person_is_removed_is_never_live(committed: Urls) -> None:
    grant = make.grant()
    for _ in range(ROUNDS):
        mia, owner = make.person(), make.owner_of(grant.team)
        teams.add_member(grant.team, mia, "member", actor=owner, at=clock.now())
        at_once([*[partial(make_one, grant, mia) for _ in range(3)], partial(remove, grant, mia)])
        assert not ApiKey.objects.live(clock.now()).filter(person=mia).exists()
        assert not grant.team.memberships.filter(user=mia).exists()


def test_two_admins_who_switch_each_other_off_at_once_leave_one(committed: Urls) -> None:
    for _ in range(ROUNDS):
        one, other = make.admin(), make.admin()
        off = partial(people.deactivate_person, reason="Bye.", at=clock.now())
        raised = at_once(
            [lambda: off(one.pk, actor=other) and None, lambda: off(other.pk, actor=one) and None]  # noqa: B023
        )
        assert sum(error is None for error in raised) == 1
        assert User.objects.filter(pk__in=[one.pk, other.pk], is_active=True).count() == 1
