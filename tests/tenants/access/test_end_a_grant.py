"""To revoke, suspend and resume; and that dates alone end a grant."""

from datetime import timedelta

import pytest
from django.db import connection

from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden, Invalid
from tenants.access import actions
from tenants.access.models import Grant
from tests import make

pytestmark = pytest.mark.django_db


def live(grant: Grant) -> bool:
    return Grant.objects.live(clock.now()).filter(pk=grant.pk).exists()


def test_an_admin_or_an_owner_revokes_at_once() -> None:
    for who in ("admin", "owner"):
        grant = make.grant()
        actor = make.admin() if who == "admin" else make.owner_of(grant.team)
        actions.revoke(grant.pk, reason="Leaked.", actor=actor, at=clock.now())
        grant.refresh_from_db()
        assert not live(grant)
        assert grant.state(clock.now()) == "revoked"


def test_members_and_other_roles_may_not_revoke() -> None:
    grant = make.grant()
    for person in (make.person(), make.person(roles=("ops", "security")), make.owner_of(make.team())):
        with pytest.raises(Forbidden):
            actions.revoke(grant.pk, reason="No.", actor=person, at=clock.now())
    assert live(grant)


def test_after_a_revocation_the_same_can_be_asked_and_granted_anew() -> None:
    grant = make.grant()
    application = grant.named.get().application
    actions.revoke(grant.pk, reason="Leaked.", actor=make.admin(), at=clock.now())
    again = make.grant(of=grant.team, offer=grant.offer, app=application)
    connection.check_constraints()
    assert live(again)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201])
def test_a_revocation_needs_a_short_reason(reason: str) -> None:
    grant = make.grant()
    with pytest.raises(Invalid):
        actions.revoke(grant.pk, reason=reason, actor=make.admin(), at=clock.now())
    assert live(grant)


def test_what_is_revoked_or_ended_stays_so() -> None:
    old, revoked = make.grant(at=clock.now() - timedelta(days=90)), make.grant()
    actions.revoke(revoked.pk, reason="Leaked.", actor=make.admin(), at=clock.now())
    for grant, code in ((old, "grant.ended"), (revoked, "grant.revoked")):
        with pytest.raises(Conflict) as refused:
            actions.revoke(grant.pk, reason="Again.", actor=make.admin(), at=clock.now())
        assert refused.value.code == code


def test_a_suspended_grant_allows_nothing_until_it_is_resumed() -> None:
    grant, boss = make.grant(), make.admin()
    actions.suspend(grant.pk, reason="Terms.", actor=boss, at=clock.now())
    assert not live(grant)
    with pytest.raises(Conflict):
        actions.suspend(grant.pk, reason="Terms.", actor=boss, at=clock.now())
    actions.resume(grant.pk, actor=boss, at=clock.now())
    assert live(grant)
    with pytest.raises(Conflict):
        actions.resume(grant.pk, actor=boss, at=clock.now())


def test_only_an_admin_suspends_and_resumes() -> None:
    grant = make.grant()
    with pytest.raises(Forbidden):
        actions.suspend(grant.pk, reason="No.", actor=make.owner_of(grant.team), at=clock.now())
    with pytest.raises(Forbidden):
        actions.resume(grant.pk, actor=make.owner_of(grant.team), at=clock.now())


def test_a_grant_ends_at_its_second_without_anybody_doing_anything() -> None:
    grant = make.grant()
    before, at = grant.ends_at - timedelta(microseconds=1), grant.ends_at
    assert Grant.objects.live(before).filter(pk=grant.pk).exists()
    assert not Grant.objects.live(at).filter(pk=grant.pk).exists()
    assert (grant.state(before), grant.state(at)) == ("live", "ended")
