"""Let somebody decide in one's name for a while."""

from datetime import datetime, timedelta

from django.db import transaction

from foundry.audit.actions import record
from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.notify.outbox import tell
from foundry.people.models import Role, User
from tenants.access.models import Delegation

DAYS_AT_MOST = 92


@transaction.atomic
def delegate(to: User, *, starts_at: datetime, ends_at: datetime, actor: User, at: datetime) -> Delegation:
    """`to` decides in the actor's name between two moments, never on requests of either. Raises Invalid, Conflict."""
    if to.pk == actor.pk or not to.is_active or not to.sees_everything:
        raise Conflict(
            "delegation.person",
            f"{to} cannot stand in for you.",
            remedy="Choose somebody else with a site role, who may read requests.",
        )
    if (
        not at - timedelta(days=1) <= starts_at < ends_at
        or ends_at <= at
        or ends_at - starts_at > timedelta(days=DAYS_AT_MOST)
    ):
        raise Invalid(
            "delegation.dates",
            "These dates cannot be used.",
            remedy=f"Choose a start from today on and an end within {DAYS_AT_MOST} days after it.",
            errors={"ends_on": "After the start, in the future."},
        )
    held = Delegation.objects.create(by=actor, to=to, starts_at=starts_at, ends_at=ends_at, created_at=at)
    tell(
        "delegation.begin",
        key=f"delegation:{held.pk}",
        title=f"You stand in for {actor} until {ends_at:%Y-%m-%d}",
        text="Their decisions show among your approvals.",
        url="/approvals/",
        to=[to],
        at=at,
    )
    record(
        "delegation.begin",
        held,
        actor=actor,
        at=at,
        after={"to": to.email, "from": starts_at, "until": ends_at},
    )
    return held


@transaction.atomic
def end_delegation(delegation_id: int, *, actor: User, at: datetime) -> Delegation:
    """Take it back: whoever gave it, or an admin."""
    held = Delegation.objects.select_for_update(of=("self",)).select_related("by", "to").get(pk=delegation_id)
    if held.by_id != actor.pk and not actor.is_any(Role.ADMIN):
        raise Forbidden("delegation.foreign", "It is not yours to end.", remedy="Ask whoever gave it.")
    if held.ended_at is not None or held.ends_at <= at:
        raise Conflict("delegation.ended", "It ended already.", remedy="Nothing is left to do.")
    held.ended_at = at
    held.save(update_fields=["ended_at"])
    record("delegation.end", held, actor=actor, at=at, before={"to": held.to.email, "until": held.ends_at})
    return held
