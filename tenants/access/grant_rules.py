"""Who ends and stops grants, and which can be."""

from datetime import datetime

from foundry.lib.errors import Conflict
from foundry.people.models import Role, User
from tenants.access.models import Grant
from tenants.teams import rules as team_rules


def may_revoke(grant: Grant, person: User) -> bool:
    return person.is_any(Role.ADMIN) or team_rules.is_owner(grant.team, person)


def may_suspend(person: User) -> bool:
    return person.is_any(Role.ADMIN)


def require_not_overtaken(grant: Grant, at: datetime) -> None:
    """Conflict where somebody who held the lock before changed the grant after `at`. Ask under a lock on the grant."""
    moved = grant.revoked_at is not None and grant.revoked_at > at
    if moved or grant.limits.filter(starts_at__gte=at).exists():
        raise Conflict(
            "grant.meanwhile", "Somebody changed this grant a moment ago.", remedy="Reload and do it again."
        )


def require_in_force(grant: Grant, at: datetime) -> None:
    """Ask under a lock on the grant: one that is revoked stays so, even where that was a moment after `at`."""
    if (state := "revoked" if grant.revoked_at else grant.state(at)) in {"revoked", "ended"}:
        raise Conflict(
            f"grant.{state}",
            f"This grant is {state} already.",
            remedy="Ask for a new one if access is needed.",
        )
