"""People, roles, tokens and one-time links."""

from datetime import datetime, timedelta

from django.db import transaction

from foundry.audit.actions import record
from foundry.lib import secrets
from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.people.leaving import leave
from foundry.people.models import ApiToken, Role, Scope, SignInLink, SiteRole, User

TOKEN_DAYS_AT_MOST, REASON_LENGTH = 365, 200


@transaction.atomic
def add_person(
    email: str,
    name: str,
    *,
    roles: tuple[str, ...] = (),
    password: str | None = None,
    actor: User | str,
    at: datetime,
) -> User:
    """A new person with site roles. Raises Conflict when the address is taken."""
    if User.objects.filter(email=email.strip().lower()).exists():
        raise Conflict(
            "person.exists", f"{email} is already here.", remedy="Give that person the roles instead."
        )
    person = User.objects.create_user(email, name, password)
    SiteRole.objects.bulk_create(SiteRole(user=person, role=Role(role)) for role in roles)
    record("person.add", person, actor=actor, at=at, after={"email": person.email, "roles": sorted(roles)})
    return person


@transaction.atomic
def issue_token(
    user: User, name: str, scopes: list[str], days: int, *, actor: User | str, at: datetime
) -> tuple[ApiToken, str]:
    """A new personal token and its secret, which is shown this once."""
    if unknown := set(scopes) - set(Scope.values):
        raise Invalid(
            "token.scopes",
            f"Unknown scopes: {', '.join(sorted(unknown))}.",
            remedy=f"Use some of {', '.join(Scope.values)}.",
        )
    if not scopes or not 1 <= days <= TOKEN_DAYS_AT_MOST:
        raise Invalid("token.days", "A token needs a scope and lives 1 to 365 days.", remedy="Give both.")
    if not name.strip():
        raise Invalid(
            "token.name", "A token needs a name.", remedy="Say what it is for.", errors={"name": "Empty."}
        )
    issued = secrets.issue("fdy_")
    token = ApiToken.objects.create(
        user=user,
        name=name.strip()[:80],
        prefix=issued.prefix,
        digest=issued.digest,
        scopes=sorted(scopes),
        expires_at=at + timedelta(days=days),
    )
    record(
        "token.issue",
        token,
        actor=actor,
        at=at,
        after={"for": user.email, "scopes": token.scopes, "days": days},
    )
    return token, issued.secret


@transaction.atomic
def revoke_token(token_id: int, *, actor: User, at: datetime) -> None:
    """End a token at once. One's own, or any for an admin."""
    token = ApiToken.objects.select_for_update().get(pk=token_id)
    if token.user_id != actor.pk and not actor.is_any(Role.ADMIN):
        raise Forbidden("token.foreign", "This token is somebody else's.", remedy="Ask an admin.")
    if token.revoked_at is None:
        token.revoked_at = at
        token.save(update_fields=["revoked_at"])
        record("token.revoke", token, actor=actor, at=at)


@transaction.atomic
def make_sign_in_link(user: User, *, actor: User | str, at: datetime) -> str:
    """The secret part of a link that signs `user` in once within an hour."""
    issued = secrets.issue("")
    link = SignInLink.objects.create(user=user, digest=issued.digest, expires_at=at + timedelta(hours=1))
    record("person.sign_in_link", user, actor=actor, at=at, after={"expires_at": link.expires_at})
    return issued.secret


@transaction.atomic
def use_sign_in_link(secret: str, at: datetime) -> User | None:
    """The person a link is for, once; None when it is unknown, used or too old."""
    link = (
        SignInLink.objects.select_for_update(of=("self",))
        .filter(digest=secrets.digest(secret), used_at=None, expires_at__gt=at, user__is_active=True)
        .first()
    )
    if link is None:
        return None
    link.used_at = at
    link.save(update_fields=["used_at"])
    record("person.sign_in", link.user, actor=link.user, at=at, after={"by": "one-time link"})
    return link.user


@transaction.atomic
def deactivate_person(person_id: int, *, reason: str, actor: User, at: datetime) -> User:
    """Switch a person off: an admin, never themselves. Sessions, tokens and own keys end at once, for good.

    Raises Forbidden, Invalid, Conflict.
    """
    person = locked_by_admin(person_id, actor)
    if person.pk == actor.pk:
        raise Forbidden("person.self", "Nobody switches themselves off.", remedy="Ask another admin.")
    if not person.is_active:
        raise Conflict(
            "person.inactive", f"{person} is switched off already.", remedy="Nothing is left to do."
        )
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= REASON_LENGTH or "\x00" in reason:
        raise Invalid(
            "person.reason",
            "Say why, in 1 to 200 characters.",
            remedy="Add a reason.",
            errors={"reason": "Missing."},
        )
    ended = leave(person, None, at=at)
    person.is_active = False
    person.save(update_fields=["is_active"])
    record("person.deactivate", person, actor=actor, at=at, after={"reason": reason, **ended})
    return person


@transaction.atomic
def reactivate_person(person_id: int, *, actor: User, at: datetime) -> User:
    """Let somebody sign in again; what ended stays ended. Raises Forbidden, Conflict."""
    person = locked_by_admin(person_id, actor)
    if person.is_active:
        raise Conflict("person.active", f"{person} is not switched off.", remedy="Nothing is left to do.")
    person.is_active = True
    person.save(update_fields=["is_active"])
    record("person.reactivate", person, actor=actor, at=at)
    return person


def locked_by_admin(person_id: int, actor: User) -> User:
    """The person, locked together with the admin who acts, so that two admins cannot switch each other off."""
    rows = {
        row.pk: row
        for row in User.objects.select_for_update().filter(pk__in={person_id, actor.pk}).order_by("pk")
    }
    if actor.pk not in rows or not rows[actor.pk].is_active or not rows[actor.pk].is_any(Role.ADMIN):
        raise Forbidden("person.admin_only", "Only an admin does this.", remedy="Ask an admin.")
    return rows[person_id]
