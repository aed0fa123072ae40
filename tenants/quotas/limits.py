"""The contract between who grants limits and who enforces them. Pure, no Django.

Rates (rpm, tpm, concurrency) are counted in Redis, budgets (per day or month) in PostgreSQL. All limits
of a call are taken together or not at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

RATES = ("rpm", "tpm", "concurrency")
BUDGETS = ("tokens_per_day", "tokens_per_month", "usd_per_day", "usd_per_month")
MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class Need:
    """What a call may use at worst.

    :param tokens_in: at most so many, one per UTF-8 byte.
    :param tokens_out: what the caller allows per choice; None lets the budgets decide, up to `most_out`.
    :param estimate: tokens charged to tpm until the host reports.
    :param price_in, price_out: 1e-12 USD per million tokens; None where no price is known.
    :param maxima: limits by kind, in tokens, calls or nano-dollars.
    """

    call_id: str
    grant_id: int
    at: datetime
    tokens_in: int
    tokens_out: int | None
    most_out: int
    choices: int
    estimate: int
    price_in: int | None
    price_out: int | None
    maxima: Mapping[str, int]

    @property
    def rated(self) -> bool:
        """Does any rate limit apply?"""
        return any(kind in self.maxima for kind in RATES)


@dataclass(frozen=True, slots=True)
class Held:
    """The worst case that is set aside for a call: tokens, nano-dollars, and how much it may answer per choice."""

    tokens_out: int
    tokens: int
    usd_nanos: int


@dataclass(frozen=True, slots=True)
class Exceeded:
    """A limit that the call does not fit under.

    :param used: already used; `held` is set aside for calls that run now; `needed` is this call's worst case.
    :param resets_at: when the window ends; None for concurrency, which ends with a call.
    """

    kind: str
    used: int
    held: int
    maximum: int
    needed: int
    resets_at: datetime | None


@dataclass(frozen=True, slots=True)
class Rated:
    """Where a call stands in its minute after it was taken; `minute` is Redis's, since 1970."""

    minute: int
    calls: int
    tokens: int


class Stale(Exception):
    """The limits that were sent are older than the database's; read the passport again."""


class Unavailable(Exception):
    """The counter does not answer, so nothing can be promised: refuse."""


def resets_at(kind: str, at: datetime) -> datetime | None:
    """When the window of `kind` that contains `at` (UTC) ends."""
    if kind == "concurrency":
        return None
    if kind in ("rpm", "tpm"):
        return at.replace(second=0, microsecond=0) + timedelta(seconds=MINUTE_S)
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if kind.endswith("_day"):
        return midnight + timedelta(days=1)
    return (midnight.replace(day=1) + timedelta(days=32)).replace(day=1)
