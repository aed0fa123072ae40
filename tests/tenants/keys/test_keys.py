"""Keys: shown once, kept as a hash, made by members only, ended at once or with an overlap."""

from datetime import timedelta

import pytest

from foundry.audit.models import Entry
from foundry.lib import clock, secrets
from foundry.lib.errors import Conflict, Forbidden, Invalid
from tenants.keys import actions
from tenants.keys.models import ApiKey
from tests import make

pytestmark = pytest.mark.django_db
DAY_S = 86_400


def test_only_the_hash_of_a_secret_is_kept() -> None:
    key, secret = make.key(make.grant())
    row = ApiKey.objects.get(pk=key.pk)
    assert bytes(row.digest) == secrets.digest(secret)
    assert secret.startswith(row.prefix)
    assert len(secret) > 40
    kept = b"".join(bytes(entry.body) for entry in Entry.objects.all())
    assert secret.encode() not in kept
    assert secret[len(row.prefix) :].encode() not in kept


def test_a_member_makes_a_key_and_an_admin_does_not() -> None:
    grant = make.grant()
    member = make.person()
    make.key(grant)
    for stranger in (member, make.admin()):
        with pytest.raises(Forbidden, match="Only members"):
            make.key(grant, by=stranger)


def test_an_application_without_a_grant_gets_no_key() -> None:
    team = make.team()
    with pytest.raises(Conflict, match="holds no grant"):
        actions.issue_key(
            application=make.application(team), name="x", actor=make.owner_of(team), at=clock.now()
        )


def test_a_key_names_only_grants_of_its_own_application() -> None:
    with pytest.raises(Conflict, match="does not carry"):
        make.key(make.grant(), only=[make.grant()])


@pytest.mark.parametrize("days", [-1, 0, 400])
def test_a_key_ends_in_the_future_within_a_year(days: int) -> None:
    with pytest.raises(Invalid, match="within a year"):
        make.key(make.grant(), expires_at=clock.now() + timedelta(days=days))


def test_a_revoked_key_stays_revoked_and_says_why() -> None:
    grant = make.grant()
    key, _ = make.key(grant)
    owner = make.owner_of(grant.team)
    actions.revoke_key(key.pk, reason="Leaked.", actor=owner, at=clock.now())
    key.refresh_from_db()
    assert (key.state(clock.now()), key.revoked_why) == ("revoked", "Leaked.")
    with pytest.raises(Conflict, match="revoked already"):
        actions.revoke_key(key.pk, reason="Again.", actor=owner, at=clock.now())


def test_an_admin_may_revoke_and_a_stranger_may_not() -> None:
    key, _ = make.key(make.grant())
    with pytest.raises(Forbidden):
        actions.revoke_key(key.pk, reason="x", actor=make.person(), at=clock.now())
    actions.revoke_key(key.pk, reason="Leaked.", actor=make.admin(), at=clock.now())


def test_rotation_with_overlap_leaves_both_keys_for_a_while() -> None:
    grant, at = make.grant(), clock.now()
    old, _ = make.key(grant)
    new, _ = actions.rotate_key(old.pk, overlap_s=DAY_S, actor=make.owner_of(grant.team), at=at)
    old.refresh_from_db()
    assert old.expires_at == at + timedelta(days=1)
    assert {key.state(at) for key in (old, new)} == {"live"}
    assert old.state(at + timedelta(days=2)) == "expired"


def test_rotation_without_overlap_ends_the_old_key_now() -> None:
    grant = make.grant()
    old, _ = make.key(grant)
    actions.rotate_key(old.pk, overlap_s=0, actor=make.owner_of(grant.team), at=clock.now())
    old.refresh_from_db()
    assert old.state(clock.now()) == "revoked"


def test_an_overlap_never_prolongs_a_key() -> None:
    grant, at = make.grant(), clock.now()
    soon = at + timedelta(hours=1)
    old, _ = make.key(grant, expires_at=soon)
    actions.rotate_key(old.pk, overlap_s=DAY_S, actor=make.owner_of(grant.team), at=at)
    old.refresh_from_db()
    assert old.expires_at == soon
