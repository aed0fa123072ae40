"""Make, rotate and end keys. One function = one transaction = one audit verb."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from catalog.actions.pauses import reason_errors, time_errors
from catalog.rules import require_operator
from foundry.audit.actions import record
from foundry.lib import secrets
from foundry.lib.errors import Conflict, Invalid
from foundry.people.models import User
from tenants.access.models import Grant
from tenants.keys import rules
from tenants.keys.models import ApiKey, CallerPause
from tenants.keys.passport import KEY_KIND
from tenants.teams.models import Application, Team


@transaction.atomic
def issue_key(
    *,
    application: Application,
    name: str,
    grants: Sequence[Grant] = (),
    networks: Sequence[str] = (),
    expires_at: datetime | None = None,
    personal: bool = False,
    actor: User,
    at: datetime,
) -> tuple[ApiKey, str]:
    """A new key and its secret, which is shown this once.

    :param grants: what it carries; none means every live grant that names the application.
    :param networks: where calls with it may come from, in CIDR form; none means anywhere.
    :param personal: the actor's own: it ends when they leave the team. Otherwise it is the application's.

    Raises Invalid, Forbidden, Conflict.
    """
    if personal:
        lock_person(actor)
    rules.require_maker(application.team, actor)
    rules.require_expiry(expires_at, at)
    rules.require_grants(application, grants, at)
    rules.require_some_grant(application, at)
    held, own = rules.clean_networks(networks), actor if personal else None
    key, secret = make(application, rules.clean_name(name), grants, held, expires_at, actor, at, own)
    record("key.issue", key, actor=actor, at=at, after=told(key, grants))
    return key, secret


def make(
    application: Application,
    name: str,
    grants: Sequence[Grant],
    networks: Sequence[str],
    expires_at: datetime | None,
    actor: User,
    at: datetime,
    person: User | None,
) -> tuple[ApiKey, str]:
    issued = secrets.issue(KEY_KIND)
    key = ApiKey.objects.create(
        application=application,
        name=name,
        prefix=issued.prefix,
        digest=issued.digest,
        networks=networks,
        created_by=actor,
        person=person,
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
        "person": key.person.email if key.person else None,
        "expires_at": key.expires_at,
        "grants": [grant.pk for grant in grants] or "all of the application",
        "networks": list(key.networks) or "anywhere",
    }


@transaction.atomic
def change_key(
    key_id: int,
    *,
    name: str,
    grants: Sequence[Grant],
    networks: Sequence[str],
    expires_at: datetime | None,
    actor: User,
    at: datetime,
) -> ApiKey:
    """What a live key is called, what it opens, from where, and until when; each as in `issue_key`.

    Raises Invalid, Forbidden, Conflict.
    """
    key = locked(key_id)
    rules.require_maker(key.application.team, actor)
    rules.require_own(key, actor)
    rules.require_live(key, at)
    if expires_at != key.expires_at:
        rules.require_expiry(expires_at, at)
    held = list(key.grants.all())
    rules.require_grants(key.application, [grant for grant in grants if grant not in held], at)
    before = told(key, held)
    key.name, key.networks, key.expires_at = (
        rules.clean_name(name),
        rules.clean_networks(networks),
        expires_at,
    )
    key.save(update_fields=["name", "networks", "expires_at"])
    key.grants.set(grants)
    record("key.change", key, actor=actor, at=at, before=before, after=told(key, grants))
    return key


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
    if ApiKey.objects.filter(pk=key_id, person__isnull=False).exists():
        lock_person(actor)
    old = locked(key_id)
    rules.require_maker(old.application.team, actor)
    rules.require_own(old, actor)
    rules.require_live(old, at)
    grants = list(old.grants.all())
    new, secret = make(old.application, old.name, grants, old.networks, old.expires_at, actor, at, old.person)
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


def lock_person(actor: User) -> None:
    """Until the transaction ends nobody leaves; taken before any key's lock, as leaving takes it."""
    User.objects.select_for_update().get(pk=actor.pk)


def locked(key_id: int) -> ApiKey:
    return ApiKey.objects.select_for_update(of=("self",)).with_names().get(pk=key_id)


@transaction.atomic
def pause_caller(
    what: Team | ApiKey,
    *,
    reason: str,
    ends_at: datetime,
    starts_at: datetime | None = None,
    actor: User,
    at: datetime,
) -> CallerPause:
    """Refuse calls of a team, or with a key, from now or `starts_at` until `ends_at`.

    Raises Forbidden, Invalid; Conflict where another pause of it falls into that time.
    """
    require_operator(actor, "pause teams and keys")
    starts_at = max(starts_at or at, at)
    if errors := time_errors(starts_at, ends_at, at) | reason_errors(reason):
        raise Invalid(
            "pause.unusable", " ".join(errors.values()), remedy="Mend these and try again.", errors=errors
        )
    kind = "team" if isinstance(what, Team) else "key"
    row = CallerPause(
        **{kind: what}, reason=" ".join(reason.split()), by=actor, starts_at=starts_at, ends_at=ends_at
    )
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Conflict(
            "pause.exists", f"{what} is paused in that time already.", remedy="Lift that pause first."
        ) from error
    record(f"{kind}.pause", what, actor=actor, at=at, after=pause_facts(row))
    return row


@transaction.atomic
def lift_caller_pause(pause_id: int, *, actor: User, at: datetime) -> CallerPause:
    """End a pause now, or call off one that is planned. Raises Forbidden; Conflict when it is over."""
    require_operator(actor, "lift pauses")
    row = CallerPause.objects.select_for_update(of=("self",)).with_names().get(pk=pause_id)
    if row.state(at) in {"lifted", "ended"}:
        raise Conflict("pause.over", f"The pause of {row.of} is over.", remedy="Nothing is left to do.")
    row.lifted_at, row.lifted_by = max(at, row.starts_at), actor
    row.save(update_fields=["lifted_at", "lifted_by"])
    kind = "team" if row.team else "key"
    record(f"{kind}.resume", row.of, actor=actor, at=at, before=pause_facts(row))
    return row


def pause_facts(row: CallerPause) -> dict[str, str]:
    return {"reason": row.reason, "from": row.starts_at.isoformat(), "until": row.ends_at.isoformat()}
