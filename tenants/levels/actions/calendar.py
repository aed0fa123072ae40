"""Change where the days and months of budgets begin, and take a planned change back."""

from datetime import date, datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from foundry.audit.actions import record
from foundry.lib.errors import Conflict
from foundry.notify.outbox import tell
from foundry.people.models import Role, User
from tenants.levels import calendar_rules as rules
from tenants.quotas.models import Calendar
from tenants.teams.models import Membership


@transaction.atomic
def plan_calendar(
    *, zone: str, first_day: int, from_day: date, reason: str, actor: User, at: datetime
) -> Calendar:
    """From the midnight that begins `from_day` in `zone` on, budgets' days begin at midnight there, and months on `first_day`.

    A month that runs then goes on until the next one begins, unless it is as good as over. Raises Forbidden, Invalid, Conflict.
    """
    rules.one_at_a_time()
    made = rules.usable(zone, first_day, from_day, reason, actor=actor, at=at)
    rules.write(made)
    record("calendar.plan", made, actor=actor, at=at, after=told(made))
    tell(
        "calendar.plan",
        key=f"calendar.plan:{made.pk}",
        title=f"Budgets begin by {rules.zone_words(made.zone)} from {made.from_at:%Y-%m-%d %H:%M} UTC",
        text=f"{rules.words(made.zone, made.first_day)} {made.reason}",
        url=rules.page(),
        also=concerned(),
        data={"zone": made.zone, "first_day": made.first_day, "from_at": made.from_at.isoformat()},
        at=at,
    )
    return made


@transaction.atomic
def withdraw_calendar(calendar_id: int, *, actor: User, at: datetime) -> Calendar:
    """A planned change does not come. Not in its last hour, when gateways may have leased by it. Raises Forbidden, Conflict."""
    rules.require_setter(actor)
    rules.one_at_a_time()
    row = Calendar.objects.select_for_update().get(pk=calendar_id)
    if row.state(at) != "planned":
        raise Conflict("calendar.over", f"That change is {row.state(at)}.", remedy="Plan another one.")
    if row.from_at < at + rules.AHEAD:
        raise Conflict(
            "calendar.too_late", "It begins within the hour, and gateways may already count by it.",
            remedy="Plan a change back, from a later day.",
        )  # fmt: skip
    row.withdrawn_at, row.withdrawn_by = at, actor
    rules.write(row)
    record("calendar.withdraw", row, actor=actor, at=at, before=told(row))
    tell(
        "calendar.withdraw",
        key=f"calendar.withdraw:{row.pk}",
        title=f"Budgets keep their days and months: the change from {row.from_at:%Y-%m-%d %H:%M} UTC is withdrawn",
        url=rules.page(),
        also=concerned(),
        data={"zone": row.zone, "first_day": row.first_day, "from_at": row.from_at.isoformat()},
        at=at,
    )
    return row


def concerned() -> QuerySet[User]:
    """Who keeps to budgets: admins, finance, and every team's owners."""
    of_site = Q(site_roles__role__in=[Role.ADMIN, Role.FINANCE])
    return User.objects.filter(of_site | Q(memberships__role=Membership.OWNER)).distinct()


def told(row: Calendar) -> dict[str, object]:
    """What the audit keeps."""
    return {name: getattr(row, name) for name in ("zone", "first_day", "from_at", "reason")}
