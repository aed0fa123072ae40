"""The contract between who grants limits and who enforces them. Pure, no Django.

Whoever has limits is a holder: a grant, named by its id, or a level beside it (the organisation, a team, a key, a share
of the grant), named by a number below zero. A call needs five things, each under one or two limits of each of its
holders; all are taken together or not at all:

calls a minute      rpm
tokens a minute     tpm, charged an estimate and corrected when the host reports
running calls       concurrency
tokens              tokens_per_day, tokens_per_month: the worst case is held, what is not used flows back
nano-dollars        usd_per_day, usd_per_month, likewise
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tenants.quotas.periods import Period

RATES = ("rpm", "tpm", "concurrency")
BUDGETS = ("tokens_per_day", "tokens_per_month", "usd_per_day", "usd_per_month")
KINDS = RATES + BUDGETS
SOFT, SHADOW = (
    "soft ",
    "shadow ",
)  # before a kind, among maxima: such a limit lets pass, and counts what a hard one had not


def window_of(kind: str) -> tuple[str, str]:
    """By what the users of a limit's window are ranked: period and unit, as `gateway.users` names them.

    Calls at once have no window that the ledger knows; the hour stands for it.
    """
    unit = (
        "usd_nanos" if kind.startswith("usd") else "tokens" if kind == "tpm" or "tokens" in kind else "calls"
    )
    if "_per_" in kind:
        return kind.rpartition("_")[2], unit
    return "hour" if kind == "concurrency" else "minute", unit


@dataclass(frozen=True, slots=True)
class Level:
    """What a call is under beside its grant.

    :param scope: organisation, team, key or share. :param name: of the team, key or application; empty for the organisation.
    :param maxima: as those of a Need; also limits that let pass, with SOFT or SHADOW before their kind.
    """

    holder_id: int
    scope: str
    name: str
    maxima: Mapping[str, int]


@dataclass(slots=True)
class Need:
    """What a call may use at worst.

    :param period: whose budgets it uses.
    :param tokens_in: at most so many, one per UTF-8 byte.
    :param tokens_out: what the caller allows per choice; None lets the budgets decide, up to `most_out`.
    :param estimate: tokens charged to tpm until the host reports.
    :param price_in, price_out: 1e-12 USD per million tokens; None where no price is known.
    :param beside: what a call costs at worst beside its tokens, in 1e-18 USD.
    :param maxima: the grant's limits by kind, in tokens, calls or nano-dollars. :param levels: what else it is under.
    """

    grant_id: int
    at: datetime
    period: Period
    tokens_in: int
    tokens_out: int | None
    most_out: int
    choices: int
    estimate: int
    price_in: int | None
    price_out: int | None
    maxima: Mapping[str, int]
    beside: int = 0
    levels: tuple[Level, ...] = ()

    @property
    def wanted_out(self) -> int:
        """Tokens of one choice, where nothing stands in the way."""
        return self.most_out if self.tokens_out is None else self.tokens_out

    @property
    def least_out(self) -> int:
        return 1 if self.tokens_out is None else self.tokens_out

    @property
    def day(self) -> datetime:
        """The start of the day whose budgets the call uses."""
        return self.period.day

    def tokens(self, out: int) -> int:
        """The worst case with `out` tokens per choice."""
        return self.tokens_in + out * self.choices

    def usd_nanos(self, out: int) -> int:
        """What it costs, rounded up; 0 where no price is known."""
        if self.price_in is None or self.price_out is None:
            return 0
        tokens = self.tokens_in * self.price_in + out * self.choices * self.price_out
        return ceil_div(tokens + self.beside, 10**9)

    def maxima_of(self, holder_id: int) -> Mapping[str, int]:
        """The limits that the call has there; none where it is not under that holder."""
        if holder_id == self.grant_id:
            return self.maxima
        return next((level.maxima for level in self.levels if level.holder_id == holder_id), {})

    def out_for(self, tokens: int, usd_nanos: int | None) -> int:
        """How many tokens per choice so many tokens and, unless None, so much money leave; may be negative."""
        fits = tokens - self.tokens_in
        if usd_nanos is not None and self.price_in is not None and self.price_out:
            left = usd_nanos * 10**9 - self.beside - self.tokens_in * self.price_in
            fits = min(fits, left // self.price_out)
        return fits // self.choices


@dataclass(frozen=True, slots=True)
class Exceeded:
    """A limit that the call does not fit under.

    :param used: already used; `held` is set aside for calls that run now; `needed` is this call's worst case.
    :param resets_at: when the window ends; None for concurrency, which ends with a call.
    :param level: whose limit it is; None for the grant's own.
    """

    kind: str
    used: int
    held: int
    maximum: int
    needed: int
    resets_at: datetime | None
    level: Level | None = None


class Stale(Exception):
    """The limits that were sent are older than the database's; read the passport again."""


class Unavailable(Exception):
    """The counter does not answer, so nothing can be promised: refuse."""


def ceil_div(number: int, by: int) -> int:
    return -(-number // by)
