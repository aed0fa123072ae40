"""Stop a grant for a while or for good, and let it go on."""

from datetime import datetime

from django.db import transaction

from foundry.audit.actions import record
from foundry.lib.errors import Conflict
from foundry.people.models import User
from tenants.access import opening, rules
from tenants.access.models import Grant


@transaction.atomic
def revoke(grant_id: int, *, reason: str, actor: User, at: datetime) -> Grant:
    """End a grant now and for good: an admin, or an owner of the team. Raises Invalid, Forbidden, Conflict."""
    grant = locked_grant(grant_id)
    rules.refuse_unless(rules.may_revoke(grant, actor), "an admin or an owner of the team")
    rules.require_in_force(grant, at)
    grant.revoked_at = at
    grant.revoked_why = rules.clean_text(reason, "reason", rules.SHORT_REASON_LENGTH)
    grant.save(update_fields=["revoked_at", "revoked_why"])
    opening.close_names(grant, at)
    record("grant.revoke", grant, actor=actor, at=at, after={"reason": grant.revoked_why})
    return grant


@transaction.atomic
def suspend(grant_id: int, *, reason: str, actor: User, at: datetime) -> Grant:
    """Refuse a grant's calls until it is resumed: an admin. Its dates go on."""
    grant = locked_grant(grant_id)
    rules.refuse_unless(rules.may_suspend(actor), "an admin")
    rules.require_in_force(grant, at)
    if grant.suspended_at:
        raise Conflict("grant.suspended", "This grant is suspended already.", remedy="Resume or revoke it.")
    grant.suspended_at = at
    grant.suspended_why = rules.clean_text(reason, "reason", rules.SHORT_REASON_LENGTH)
    grant.save(update_fields=["suspended_at", "suspended_why"])
    record("grant.suspend", grant, actor=actor, at=at, after={"reason": grant.suspended_why})
    return grant


@transaction.atomic
def resume(grant_id: int, *, actor: User, at: datetime) -> Grant:
    """Let a suspended grant's calls pass again: an admin."""
    grant = locked_grant(grant_id)
    rules.refuse_unless(rules.may_suspend(actor), "an admin")
    rules.require_in_force(grant, at)
    if grant.suspended_at is None:
        raise Conflict("grant.live", "This grant is not suspended.", remedy="Reload to see where it stands.")
    before = {"suspended_at": grant.suspended_at, "reason": grant.suspended_why}
    grant.suspended_at, grant.suspended_why = None, ""
    grant.save(update_fields=["suspended_at", "suspended_why"])
    record("grant.resume", grant, actor=actor, at=at, before=before)
    return grant


def locked_grant(grant_id: int) -> Grant:
    return Grant.objects.select_for_update(of=("self",)).with_names().get(pk=grant_id)
