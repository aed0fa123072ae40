"""Make, rotate and end keys. One function = one transaction = one audit verb."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from foundry.audit.actions import record
from foundry.lib import secrets
from foundry.lib.errors import Invalid
from foundry.people.models import User
from tenants.access.models import Grant
from tenants.keys import rules
from tenants.keys.models import ApiKey
from tenants.keys.passport import KEY_KIND
from tenants.teams.models import Application


@transaction.atomic
def issue_key(
    *,
    application: Application,
    name: str,
    grants: Sequence[Grant] = (),
    expires_at: datetime | None = None,
    actor: User,
    at: datetime,
) -> tuple[ApiKey, str]:
    """A new key and its secret, which is shown this once.

    :param grants: what it carries; none means every live grant that names the application.

    Raises Invalid, Forbidden, Conflict.
    """
    rules.require_maker(application.team, actor)
    rules.require_expiry(expires_at, at)
    rules.require_grants(application, grants, at)
    rules.require_some_grant(application, at)
    key, secret = make(application, rules.clean_name(name), grants, expires_at, actor, at)
    record("key.issue", key, actor=actor, at=at, after=told(key, grants))
    return key, secret


def make(
    application: Application,
    name: str,
    grants: Sequence[Grant],
    expires_at: datetime | None,
    actor: User,
    at: datetime,
) -> tuple[ApiKey, str]:
    issued = secrets.issue(KEY_KIND)
    key = ApiKey.objects.create(
        application=application,
        name=name,
        prefix=issued.prefix,
        digest=issued.digest,
        created_by=actor,
        created_at=at,
        expires_at=expires_at,
    )
    key.grants.set(grants)
    return key, issued.secret


def told(key: ApiKey, grants: Sequence[Grant]) -> dict[str, object]:
    """What the audit keeps of a key: everything but what opens the door."""
    return {
        "application": str(key.application),
        "name": key.name,
        "prefix": key.prefix,
        "expires_at": key.expires_at,
        "grants": [grant.pk for grant in grants] or "all of the application",
    }


@transaction.atomic
def rotate_key(key_id: int, *, overlap_s: int, actor: User, at: datetime) -> tuple[ApiKey, str]:
    """A new key that carries the same; the old one ends after `overlap_s` seconds (0 to 7 days).

    Raises Invalid, Forbidden, Conflict.
    """
    if not 0 <= overlap_s <= rules.LONGEST_OVERLAP_S:
        raise Invalid(
            "key.overlap_s",
            "The old key can stay for at most seven days.",
            remedy="Give 0 to 604,800 seconds.",
            errors={"overlap_s": "0 to 604800."},
        )
    old = locked(key_id)
    rules.require_maker(old.application.team, actor)
    rules.require_live(old, at)
    grants = list(old.grants.all())
    new, secret = make(old.application, old.name, grants, old.expires_at, actor, at)
    end_later(old, at + timedelta(seconds=overlap_s), at)
    after = told(new, grants) | {"replaces": old.prefix, "old_ends_at": old.revoked_at or old.expires_at}
    record("key.rotate", new, actor=actor, at=at, before={"prefix": old.prefix}, after=after)
    return new, secret


def end_later(key: ApiKey, ends_at: datetime, at: datetime) -> None:
    """At once it is revoked; later it expires, unless it does so sooner anyway."""
    if ends_at <= at:
        key.revoked_at, key.revoked_why = at, "Replaced by a new key."
    elif key.expires_at is None or ends_at < key.expires_at:
        key.expires_at = ends_at
    key.save(update_fields=["revoked_at", "revoked_why", "expires_at"])


@transaction.atomic
def revoke_key(key_id: int, *, reason: str, actor: User, at: datetime) -> ApiKey:
    """End a key now; every gateway refuses it within a second. Raises Invalid, Forbidden, Conflict."""
    key = locked(key_id)
    rules.require_revoker(key, actor)
    rules.require_live(key, at)
    key.revoked_at, key.revoked_why = at, rules.clean_reason(reason)
    key.save(update_fields=["revoked_at", "revoked_why"])
    record("key.revoke", key, actor=actor, at=at, after={"prefix": key.prefix, "reason": key.revoked_why})
    return key


def locked(key_id: int) -> ApiKey:
    return ApiKey.objects.select_for_update(of=("self",)).with_names().get(pk=key_id)
