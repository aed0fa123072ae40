"""The days and months of budgets, as the database tells them. Pure, no Django.

Where they begin is a rule of the organisation's calendar, and the rule is SQL (`quotas_begins`): nothing here knows of zones.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

DAYS_KNOWN = 9  # from yesterday on
MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class Period:
    """One day of budgets and the month that it is in, as moments. A day has 23 to 25 hours, fewer where the calendar changes."""

    day: datetime
    day_ends: datetime
    month: datetime
    month_ends: datetime

    def resets_at(self, kind: str, at: datetime) -> datetime | None:
        """When the window of `kind` that contains `at`, of this day, ends; None for calls at once."""
        if kind == "concurrency":
            return None
        if kind in ("rpm", "tpm"):
            return at.replace(second=0, microsecond=0) + timedelta(seconds=MINUTE_S)
        return self.day_ends if kind.endswith("_day") else self.month_ends


class Periods:
    """Some days in a row. :ivar latest: the one that was asked for last, since most calls are in it."""

    def __init__(self, days: Iterable[Period]) -> None:
        self.days = list(days)
        self.begins = [each.day for each in self.days]
        self.latest = self.days[0]

    def at(self, moment: datetime) -> Period:
        """The day that contains `moment`. Raises LookupError where it is not one of them."""
        latest = self.latest
        if not latest.day <= moment < latest.day_ends:
            place = bisect_right(self.begins, moment) - 1
            if place < 0 or moment >= self.days[place].day_ends:
                raise LookupError(moment)
            latest = self.latest = self.days[place]
        return latest

    def run_out(self, moment: datetime) -> bool:
        """Is it time to ask for later days?"""
        return moment >= self.days[-2].day
