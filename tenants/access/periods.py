"""Days as people say them, moments as the database keeps them. Pure."""

from datetime import UTC, date, datetime, time, timedelta

ONE_DAY = timedelta(days=1)
SATURDAY = 5
DECIDE_WITHIN_WORKING_DAYS = 2


def start_of(day: date) -> datetime:
    """The midnight with which `day` begins, UTC."""
    return datetime.combine(day, time(), UTC)


def end_of(day: date) -> datetime:
    """The moment at which access through `day` ends: the midnight after it, UTC."""
    return datetime.combine(day + ONE_DAY, time(), UTC)


def last_day(ends_at: datetime) -> date:
    """The last day on which access that ends at `ends_at` still works."""
    return (ends_at.astimezone(UTC) - timedelta(microseconds=1)).date()


def working_days_after(moment: datetime, days: int) -> datetime:
    """The same time of day, so many working days (Monday to Friday) later."""
    while days:
        moment += ONE_DAY
        days -= moment.weekday() < SATURDAY
    return moment
