"""How long such requests took lately, as the form says it."""

from datetime import timedelta

import pytest

from foundry.lib import clock
from tenants.access import actions
from tenants.access.models import Request
from tenants.access.usual import Usual, usual_of
from tests import make
from tests.people import browser
from tests.tenants.access.test_policies import trial_request

pytestmark = pytest.mark.django_db


def decided_after(hours: int) -> Request:
    asked = make.request(at=clock.now() - timedelta(days=1))
    admin = make.person(roles=("admin",))
    actions.approve(asked.pk, actor=admin, at=asked.created_at + timedelta(hours=hours))
    asked.refresh_from_db()
    return asked


def test_the_median_of_those_with_the_same_steps_counts_and_one_slow_one_does_not_move_it() -> None:
    assert usual_of(["approver"]) is None
    roles = [[step.role for step in decided_after(hours).steps.all()] for hours in (1, 2, 20)]
    assert usual_of(roles[0]) == Usual(2 * 3600, 3, alike=True)
    assert usual_of([*roles[0], "finance"]) == Usual(2 * 3600, 3, alike=False)


def test_what_a_policy_decided_at_once_does_not_count() -> None:
    asked = trial_request()
    asked.refresh_from_db()
    assert asked.state == "approved", "by the shipped policy, at once"
    assert usual_of([]) is None


def test_the_form_says_it() -> None:
    decided_after(2)
    offer, team = make.offer(), make.team()
    make.application(team)
    page = browser(make.owner_of(team)).get(f"/requests/new/?offer={offer.pk}").text
    assert "requests with these steps took 2 h (median of 1)" in page
