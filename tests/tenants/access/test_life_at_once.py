"""Two who act at once on what happens by the clock: one of them wins, and the rows say which."""

from datetime import timedelta
from functools import partial

import pytest

from foundry.lib import clock
from tenants.access import actions, certify
from tenants.access.idle import look
from tenants.access.models import Certification, Certified, Grant, Idle, Return
from tests import make
from tests.servers import Urls
from tests.tenants.access.test_two_at_once import at_once

pytestmark = pytest.mark.slow
DAY, ROUNDS = timedelta(days=1), 10


def test_keeping_meets_the_day_on_which_it_goes_back(committed: Urls) -> None:
    now = clock.now()
    for _ in range(ROUNDS):
        grant = make.grant(at=now - 100 * DAY, ends_on=(now + 100 * DAY).date())
        owner, at = make.owner_of(grant.team), now + 15 * DAY
        held = actions.notice_idle(grant.pk, grant.starts_at, at=now)
        assert held is not None
        keep = partial(actions.keep_idle, grant.pk, reason="March.", actor=owner, at=at)
        back = partial(actions.take_back, held.pk, at=at)
        at_once([lambda keep=keep: keep() and None, *[lambda back=back: back() and None for _ in range(3)]])  # type: ignore[misc]
        row = Idle.objects.get(pk=held.pk)
        went = Return.objects.filter(grant=grant).count()
        assert (row.kept_at is not None, went) in {(True, 0), (False, 1)}
        assert (Grant.objects.get(pk=grant.pk).revoked_at is not None) == (went == 1)


def test_two_looks_at_once_tell_and_begin_once(committed: Urls) -> None:
    now = clock.now()
    grant = make.grant(of=make.team(at=now - 200 * DAY), at=now - 100 * DAY, ends_on=(now + 100 * DAY).date())
    at_once([*[lambda: look(now) and None] * 3, *[lambda: certify.look(now) and None] * 3])  # type: ignore[list-item]
    assert Idle.objects.get().grant == grant
    assert Certification.objects.get().team == grant.team


def test_of_two_answers_for_one_grant_the_first_stays(committed: Urls) -> None:
    for _ in range(ROUNDS):
        grant = make.grant(at=clock.now() - DAY)
        owner, boss = make.owner_of(grant.team), make.admin()
        review = actions.open_certification(grant.team, actor=owner, at=clock.now())
        say = partial(actions.certify, review.pk, grant.pk, at=clock.now())
        raised = at_once(
            [
                lambda say=say, owner=owner: say(answer="keep", actor=owner) and None,  # type: ignore[misc]
                lambda say=say, boss=boss: say(answer="give_back", actor=boss) and None,  # type: ignore[misc]
            ]
        )
        assert sum(error is None for error in raised) == 1
        said = Certified.objects.get(grant=grant)
        assert Return.objects.filter(grant=grant).exists() == (said.answer == "give_back")
