"""The contract between who grants limits and who enforces them. Pure, no Django.

A call needs five things, each under one or two limits; all are taken together or not at all:

calls a minute      rpm
tokens a minute     tpm, charged an estimate and corrected when the host reports
running calls       concurrency
tokens              tokens_per_day, tokens_per_month: the worst case is held, what is not used flows back
nano-dollars        usd_per_day, usd_per_month, likewise
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

RATES = ("rpm", "tpm", "concurrency")
BUDGETS = ("tokens_per_day", "tokens_per_month", "usd_per_day", "usd_per_month")
KINDS = RATES + BUDGETS
MINUTE_S = 60


@dataclass(slots=True)
class Need:
    """What a call may use at worst.

    :param tokens_in: at most so many, one per UTF-8 byte.
    :param tokens_out: what the caller allows per choice; None lets the budgets decide, up to `most_out`.
    :param estimate: tokens charged to tpm until the host reports.
    :param price_in, price_out: 1e-12 USD per million tokens; None where no price is known.
    :param maxima: limits by kind, in tokens, calls or nano-dollars.
    """

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
    def wanted_out(self) -> int:
        """Tokens of one choice, where nothing stands in the way."""
        return self.most_out if self.tokens_out is None else self.tokens_out

    @property
    def least_out(self) -> int:
        return 1 if self.tokens_out is None else self.tokens_out

    @property
    def day(self) -> datetime:
        """The start of the UTC day whose budgets the call uses."""
        return self.at.replace(hour=0, minute=0, second=0, microsecond=0)

    def tokens(self, out: int) -> int:
        """The worst case with `out` tokens per choice."""
        return self.tokens_in + out * self.choices

    def usd_nanos(self, out: int) -> int:
        """What it costs, rounded up; 0 where no price is known."""
        if self.price_in is None or self.price_out is None:
            return 0
        return ceil_div(self.tokens_in * self.price_in + out * self.choices * self.price_out, 10**9)

    def out_for(self, tokens: int, usd_nanos: int | None) -> int:
        """How many tokens per choice so many tokens and, unless None, so much money leave; may be negative."""
        fits = tokens - self.tokens_in
        if usd_nanos is not None and self.price_in is not None and self.price_out:
            fits = min(fits, (usd_nanos * 10**9 - self.tokens_in * self.price_in) // self.price_out)
        return fits // self.choices


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


class Stale(Exception):
    """The limits that were sent are older than the database's; read the passport again."""


class Unavailable(Exception):
    """The counter does not answer, so nothing can be promised: refuse."""


def ceil_div(number: int, by: int) -> int:
    return -(-number // by)


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
