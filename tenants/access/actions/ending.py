"""End a grant for good."""

from datetime import datetime

from django.db import transaction

from foundry.audit.actions import record
from foundry.people.models import User
from tenants.access import grant_rules, opening, rules
from tenants.access.actions.telling import tell_team
from tenants.access.models import Grant


@transaction.atomic
def revoke(grant_id: int, *, reason: str, actor: User, at: datetime) -> Grant:
    """End a grant now and for good: an admin, or an owner of the team. Raises Invalid, Forbidden, Conflict."""
    grant = locked_grant(grant_id)
    rules.refuse_unless(grant_rules.may_revoke(grant, actor), "an admin or an owner of the team")
    grant_rules.require_in_force(grant, at)
    grant.revoked_at = at
    grant.revoked_why = rules.clean_text(reason, "reason", rules.SHORT_REASON_LENGTH)
    grant.save(update_fields=["revoked_at", "revoked_why"])
    opening.close_names(grant, at)
    title = f"{actor} revoked {grant.team}'s access to {grant.offer.model.name}"
    key = f"grant.revoked:{grant.pk}"
    tell_team(grant, "grant.revoked", title, grant.revoked_why, key=key, but=actor, at=at)
    record("grant.revoke", grant, actor=actor, at=at, after={"reason": grant.revoked_why})
    return grant


def locked_grant(grant_id: int) -> Grant:
    return Grant.objects.select_for_update(of=("self",)).with_names().get(pk=grant_id)
