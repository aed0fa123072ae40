"""The organisation's calendar of budgets: who changes it, from when on, and what a change does to the day and month then."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.people.models import Role, User
from tenants.levels.rules import REASON_LENGTH
from tenants.quotas.models import Calendar
from tenants.quotas.periods import Period
from tenants.quotas.use import period_of

AHEAD = timedelta(hours=1)  # so that every gateway has heard; the database holds it, too
LAST_FIRST_DAY = 28
A_MOMENT, ONE_DAY, FARTHEST = timedelta(microseconds=1), timedelta(days=1), timedelta(days=731)


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change does. :param before: the last day by the calendar until then. :param after: the first one by the new."""

    before: Period
    after: Period

    @property
    def lines(self) -> list[str]:
        """What happens, in the words of those whom it concerns."""
        first, hours = self.after.day, (self.before.day_ends - self.before.day) / timedelta(hours=1)
        told = [
            f"The day of budgets that begins {moment(self.before.day)} ends {moment(first)}, after {hours:g} hours."
        ]
        days = (self.after.month_ends - self.after.month) / timedelta(days=1)
        if self.after.month == first:
            lasted = (first - self.before.month) / timedelta(days=1)
            told.append(
                f"The month of budgets that begins {moment(self.before.month)} ends then, too, after {lasted:.1f} days; "
                f"the next ends {moment(self.after.month_ends)}."
            )
        else:
            told.append(
                f"The month of budgets that begins {moment(self.after.month)} goes on until {moment(self.after.month_ends)}: "
                f"{days:.1f} days with one month's budget."
            )
        return told


def moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def may_set(person: User) -> bool:
    return person.is_any(Role.ADMIN, Role.FINANCE)


def require_setter(actor: User) -> None:
    if not may_set(actor):
        raise Forbidden(
            "calendar.setters", "Only finance and admins change the calendar of budgets.",
            remedy="Ask one of them.",
        )  # fmt: skip


@cache
def zones() -> tuple[str, ...]:
    """The zones that the database knows, which judges every call. It reads a folder of files for it, so it is asked once."""
    with connection.cursor() as cursor:
        cursor.execute(
            r"SELECT name FROM pg_timezone_names WHERE name ~ '^[A-Z][A-Za-z_]+/' AND name !~ '^(Etc|SystemV|US)/' ORDER BY name"
        )
        return ("UTC", *(name for (name,) in cursor.fetchall()))


def begin_of(day: date, zone: str) -> datetime:
    """The first instant of that day there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT quotas_first(%s::timestamp, %s)", [datetime.combine(day, time()), zone])
        [found] = cursor.fetchone()
    assert isinstance(found, datetime)
    return found


def one_at_a_time() -> None:
    """Whoever plans or withdraws goes after whoever does now. Inside a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('quotas_calendar', 0))")


def usable(zone: str, first_day: int, from_day: date, reason: str, *, actor: User, at: datetime) -> Calendar:
    """The row that would be written. Raises Forbidden, Invalid, Conflict."""
    require_setter(actor)
    reason, errors = " ".join(reason.split()), {}
    if zone not in zones():
        errors["zone"] = "Name a zone such as Europe/Berlin."
    if not 1 <= first_day <= LAST_FIRST_DAY:
        errors["first_day"] = f"1 to {LAST_FIRST_DAY}, which every month has."
    if not reason or len(reason) > REASON_LENGTH or "\x00" in reason:
        errors["reason"] = f"1 to {REASON_LENGTH} characters."
    if not at.date() - ONE_DAY <= from_day <= at.date() + FARTHEST:
        errors["from_day"] = "From tomorrow on, at most two years ahead."
    from_at = at if errors else begin_of(from_day, zone)
    if not errors and from_at < at + AHEAD:
        errors["from_day"] = (
            "It begins at least an hour from now, so that every gateway has heard of it: name a later day."
        )
    if errors:
        words = " ".join(f"{name}: {why}" for name, why in errors.items())
        raise Invalid("calendar.unusable", words, remedy="Mend these and try again.", errors=errors)
    if planned := Calendar.objects.planned(at).first():
        raise Conflict(
            "calendar.planned", f"Another change is planned from {moment(planned.from_at)}.",
            remedy="Withdraw that one first.",
        )  # fmt: skip
    now = Calendar.objects.in_force(at).first()
    if (zone, first_day) == ((now.zone, now.first_day) if now else ("UTC", 1)):
        raise Invalid(
            "calendar.same", "That is how it is already.", remedy="Change the zone or the first day."
        )
    return Calendar(zone=zone, first_day=first_day, from_at=from_at, reason=reason, set_by=actor, set_at=at)


def effect(row: Calendar) -> Effect:
    """What a row that is not written yet would do, asked of the rule itself; nothing is kept. Raises Conflict."""
    with transaction.atomic():
        write(row)
        found = Effect(period_of(row.from_at - A_MOMENT), period_of(row.from_at))
        transaction.set_rollback(True)
    row.pk = None
    return found


def write(row: Calendar) -> None:
    """Raises Conflict where the database does not take it: by its clock, which judges, it comes too late."""
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Conflict(
            "calendar.too_late", "It begins within the hour, and gateways may already count by what is planned.",
            remedy="Look at what is planned, and name a later day.",
        ) from error  # fmt: skip


def zone_words(zone: str) -> str:
    return "UTC" if zone == "UTC" else zone.replace("_", " ")


def words(zone: str, first_day: int) -> str:
    return f"Days begin at midnight, {zone_words(zone)}; months on day {first_day}."


def page() -> str:
    return reverse("budget-calendar")
