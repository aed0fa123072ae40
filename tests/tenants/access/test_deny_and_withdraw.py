"""To deny and to take back."""

import pytest

from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden, Invalid
from tenants.access import actions
from tenants.access.models import Grant
from tests import make

pytestmark = pytest.mark.django_db


def test_a_denial_says_why_and_opens_nothing() -> None:
    request = make.request()
    decision = actions.deny(request.pk, reason="Use the smaller one.", actor=make.admin(), at=clock.now())
    request.refresh_from_db()
    assert (request.state, decision.reason, decision.granted) == ("denied", "Use the smaller one.", None)
    assert not Grant.objects.exists()


def test_a_denial_without_a_reason_is_refused() -> None:
    request = make.request()
    with pytest.raises(Invalid):
        actions.deny(request.pk, reason=" ", actor=make.admin(), at=clock.now())


def test_nobody_denies_their_own_request_or_without_the_role() -> None:
    boss = make.admin()
    request = make.request(of=make.team(owner=boss))
    for person in (boss, make.person(), make.person(roles=("security",))):
        with pytest.raises(Forbidden):
            actions.deny(request.pk, reason="No.", actor=person, at=clock.now())


def test_a_later_step_can_still_deny() -> None:
    request = make.approved_step(make.request(data_class="restricted"))
    actions.deny(request.pk, reason="Not this data.", actor=make.person(roles=("security",)), at=clock.now())
    request.refresh_from_db()
    assert request.state == "denied"
    assert not Grant.objects.exists()


def test_the_requester_and_owners_may_withdraw() -> None:
    member = make.person()
    team = make.team(members=(member,))
    for person in (member, make.owner_of(team)):
        request = make.request(of=team, by=member)
        actions.withdraw(request.pk, actor=person, at=clock.now())
        request.refresh_from_db()
        assert request.state == "withdrawn"


def test_others_may_not_withdraw() -> None:
    member = make.person()
    request = make.request(of=make.team(members=(member,)))
    for person in (member, make.admin()):
        with pytest.raises(Forbidden):
            actions.withdraw(request.pk, actor=person, at=clock.now())


def test_what_was_decided_is_not_withdrawn_and_what_was_withdrawn_not_decided() -> None:
    decided, taken_back = make.approved(make.request()), make.request()
    with pytest.raises(Conflict) as refused:
        actions.withdraw(decided.pk, actor=decided.requester, at=clock.now())
    assert refused.value.code == "request.decided"
    actions.withdraw(taken_back.pk, actor=taken_back.requester, at=clock.now())
    with pytest.raises(Conflict) as refused:
        actions.approve(taken_back.pk, actor=make.admin(), at=clock.now())
    assert refused.value.code == "request.withdrawn"
