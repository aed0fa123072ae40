"""From when to when, as people and scripts write it. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from foundry.lib.errors import Invalid

RANGES = {
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "60d": timedelta(days=60),
}
WORDS = {"24h": "Last 24 hours", "7d": "Last 7 days", "30d": "Last 30 days", "60d": "Last 60 days"}
HOURLY_UP_TO = timedelta(days=3)
LONGEST = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` up to but without `end`, both on whole hours of UTC."""

    start: datetime
    end: datetime

    @property
    def before(self) -> "Period":
        """The period of the same length just before."""
        return Period(self.start - (self.end - self.start), self.start)

    @property
    def step(self) -> str:
        """What one column of a chart stands for: hour or day."""
        return "hour" if self.end - self.start <= HOURLY_UP_TO else "day"

    def stamps(self) -> list[datetime]:
        """The beginning of each hour or day in the period."""
        length = timedelta(hours=1) if self.step == "hour" else timedelta(days=1)
        at = self.start if self.step == "hour" else self.start.replace(hour=0)
        stamps = []
        while at < self.end:
            stamps.append(at)
            at += length
        return stamps


def read_period(start: str, end: str, range_: str, now: datetime) -> Period:
    """The period of `?from=&to=&range=`; the last thirty days where nothing is said. Raises Invalid."""
    if range_ and range_ not in RANGES:
        raise Invalid(
            "usage.range",
            f"'{range_}' is no range.",
            remedy=f"Use one of {', '.join(RANGES)}.",
            errors={"range": "Unknown."},
        )
    next_hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    last = read_moment("to", end, whole_day=True) if end else next_hour
    length = RANGES[range_ or "30d"]
    first = read_moment("from", start, whole_day=False) if start else last - length
    if not start and length > HOURLY_UP_TO:
        first = (first + timedelta(days=1)).replace(hour=0)
    if first >= last or last - first > LONGEST:
        raise Invalid(
            "usage.period",
            "The period must end after it begins and hold at most 400 days.",
            remedy="Change `from` or `to`.",
            errors={"from": "Not before `to`, or too far."},
        )
    return Period(first, last)


def read_moment(name: str, text: str, *, whole_day: bool) -> datetime:
    """A date (the end of it with `whole_day`) or an RFC 3339 moment, cut to its hour."""
    try:
        if len(text) == len("2026-01-31"):
            day = datetime.combine(date.fromisoformat(text), time(), UTC)
            return day + timedelta(days=1) if whole_day else day
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("no zone")
        return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    except (ValueError, OverflowError) as error:
        raise Invalid(
            "usage.moment",
            f"'{text[:40]}' is neither a date nor a moment.",
            remedy="Write 2026-01-31 or 2026-01-31T12:00:00Z.",
            errors={name: "Write 2026-01-31 or 2026-01-31T12:00:00Z."},
        ) from error
