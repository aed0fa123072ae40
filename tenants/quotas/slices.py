"""What one process holds of one holder's limits, so that most calls ask nobody. Pure, no Django.

A slice has five parts. What is `free` may be taken here; how much was ever leased and given back are running
totals, so that a question that is asked twice, or answered to nobody, changes nothing. Rates belong to one
minute of the database's clock, budgets to one day of the organisation's calendar.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tenants.quotas.limits import KINDS, Need

MOST_AHEAD = 512  # calls that a slice is leased for, where there is room
BUSY_S = 0.5
FEW = 8  # the least quarter of a lease below which more is asked for ahead
AGAIN_S = 0.02  # between two such questions
KEPT = timedelta(days=2)


@dataclass(slots=True)
class Part:
    """One kind of thing. :ivar leased, returned: totals since the window began, as the database is told them."""

    free: int = 0
    leased: int = 0
    returned: int = 0

    def take_in(self, leased: int) -> None:
        """:param leased: the database's total; what it leased beyond ours is free here."""
        self.free += leased - self.leased
        self.leased = leased

    def give_back(self, kept: int = 0) -> None:
        """:param kept: so much stays free here."""
        if self.free > kept:
            self.returned += self.free - kept
            self.free = kept


@dataclass(frozen=True, slots=True)
class Given:
    """What the database says of one holder.

    :param minute: of the database's clock; `left_ms` is what is left of it. :param seen: calls and tokens of the minute in all.
    :param leased: totals, in the order of the slice's parts. :param recalled: others were told to give back.
    :param passed: soft limits that are used up.
    """

    holder_id: int
    minute: int
    left_ms: int
    seen: tuple[int, int]
    leased: list[int]
    loose: bool
    recalled: bool
    passed: tuple[str, ...] = ()


@dataclass(slots=True)
class Day:
    """Budgets of one day, as totals.

    :ivar tokens_settled, usd_nanos_settled: used by calls that are over. :ivar tokens_shipped, usd_nanos_shipped: of it,
    what the ledger has.
    """

    at: datetime
    tokens: Part = field(default_factory=Part)
    usd_nanos: Part = field(default_factory=Part)
    tokens_settled: int = 0
    usd_nanos_settled: int = 0
    tokens_shipped: int = 0
    usd_nanos_shipped: int = 0


@dataclass(frozen=True, slots=True)
class Limited:
    """Which parts are limited at all."""

    calls: bool
    rate_tokens: bool
    slots: bool
    tokens: bool
    usd: bool

    @classmethod
    def by(cls, maxima: Mapping[str, int]) -> "Limited":
        kinds = {kind.rpartition(" ")[2] for kind in maxima}  # what lets pass is counted, too
        rpm, tpm, concurrency, *budgets = (kind in kinds for kind in KINDS)
        return cls(rpm, tpm, concurrency, any(budgets[:2]), any(budgets[2:]))


UNLIMITED = Limited.by({})
NO_SHARES: Mapping[str, int] = {}
NOTHING = (0, 0, 0, 0, 0)
# the limits of each part, in the order of `Slice.parts`
LIMITS_OF = (
    ("rpm",),
    ("tpm",),
    ("concurrency",),
    ("tokens_per_day", "tokens_per_month"),
    ("usd_per_day", "usd_per_month"),
)


def kept_of(maxima: Mapping[str, int], shares: Mapping[str, int]) -> tuple[int, ...]:
    """Of each part as much as the smallest of its limits allows; nothing where one of them is closed."""
    limits = (
        [maxima[kind] * shares.get(kind, 0) // 100 for kind in kinds if kind in maxima] for kinds in LIMITS_OF
    )
    return tuple(min(found, default=0) for found in limits)


@dataclass(slots=True)
class Held:
    """The worst case that is set aside for a call, and where it was taken from.

    :ivar tokens_out: how much it may answer per choice. :ivar day: None where no budget is limited.
    :ivar more: what is set aside for it at its levels.
    """

    tokens_out: int
    tokens: int
    usd_nanos: int
    slice: "Slice | None" = None
    minute: int = 0
    estimate: int = 0
    day: Day | None = None
    limited: Limited = UNLIMITED
    more: "tuple[Held, ...]" = ()

    def runs_out(self, now: float) -> bool:
        """Will one of the slices that this was taken from soon be empty?"""
        if self.slice is not None and self.slice.runs_out(self, now):
            return True
        return any(each.runs_out(now) for each in self.more)


@dataclass(slots=True)
class Used:
    """What a finished call takes out of a day's slice for good, when the ledger has it. :ivar more: of its levels' slices."""

    slice: "Slice"
    day: Day
    tokens: int
    usd_nanos: int
    more: "tuple[Used, ...]" = ()


class Slice:
    """:param shares: percent of a limit that is kept leased for a time without the database, by kind. :ivar kept: so many.

    :ivar until: monotonic seconds when the minute ends. :ivar over: tokens reported beyond what was charged to
    any minute, a running total. :ivar loose: it may have free parts that another process could use.
    :ivar tell: something is to be told soon. :ivar seen: calls and tokens of the minute in all, when last told.
    :ivar passed: soft limits that were used up then. :ivar ahead_of: a call like which more will come, and its passport's
    version, where more is to be asked for before they do.
    """

    def __init__(self, holder_id: int, shares: Mapping[str, int] = NO_SHARES) -> None:
        self.holder_id, self.shares = holder_id, shares
        self.kept: tuple[int, ...] = NOTHING
        self.maxima: Mapping[str, int] = {}
        self.limited = UNLIMITED
        self.minute, self.until = 0, 0.0
        self.calls, self.rate_tokens, self.slots = Part(), Part(), Part()
        self.over = 0
        self.days: dict[datetime, Day] = {}
        self.seen = (0, 0)
        self.passed: tuple[str, ...] = ()
        self.loose = self.tell = False
        self.ahead, self.asked_at, self.used_at = 1, 0.0, 0.0
        self.waiting: deque[Any] = deque()
        self.working = False
        self.ahead_of: tuple[Need, int] | None = None

    def hold(self, need: Need, now: float, *, less: bool = False) -> Held | None:
        """Set the call's worst case aside, or None where it does not fit here.

        :param less: a call without a maximum of its own may get less than its model's, if no more is free.
        """
        out = self.room(need, need.maxima, now, less=less)
        return None if out is None else self.take(need, out, now)

    def room(self, need: Need, maxima: Mapping[str, int], now: float, *, less: bool = False) -> int | None:
        """How many tokens per choice the call may answer here; None where it does not fit."""
        if maxima is not self.maxima and maxima != self.maxima:
            return None
        limited = self.limited
        if limited.calls or limited.rate_tokens:
            if now >= self.until:
                return None
            if (limited.calls and self.calls.free < 1) or (
                limited.rate_tokens and self.rate_tokens.free < need.estimate
            ):
                return None
        if limited.slots and self.slots.free < 1:
            return None
        out = need.wanted_out
        if limited.tokens or limited.usd:
            day = self.days.get(need.day)
            if day is None:
                return None
            if not self.fits(day, need.tokens(out), need.usd_nanos(out)):
                out = self.fitting(need, day) if less and need.tokens_out is None else -1
                if out < need.least_out or not self.fits(day, need.tokens(out), need.usd_nanos(out)):
                    return None
        return out

    def take(self, need: Need, out: int, now: float) -> Held:
        """Set aside what there is room for."""
        limited = self.limited
        day = self.days[need.day] if limited.tokens or limited.usd else None
        held = Held(
            out, need.tokens(out), need.usd_nanos(out), self, self.minute, need.estimate, day, limited
        )
        self.move(held, -1)
        if limited.calls:
            self.calls.free -= 1
        self.used_at = now
        return held

    def fits(self, day: Day, tokens: int, usd_nanos: int) -> bool:
        """Is so much free in the day's budgets?"""
        limited = self.limited
        return not (
            (limited.tokens and tokens > day.tokens.free) or (limited.usd and usd_nanos > day.usd_nanos.free)
        )

    def fitting(self, need: Need, day: Day) -> int:
        """Tokens per choice that the day's free budget leaves; may be negative."""
        tokens = day.tokens.free if self.limited.tokens else need.tokens(need.wanted_out)
        return min(need.wanted_out, need.out_for(tokens, day.usd_nanos.free if self.limited.usd else None))

    def move(self, held: Held, sign: int) -> None:
        """Take (-1) or free (1) what a call holds, but for its count."""
        limited = held.limited
        if limited.rate_tokens and held.minute == self.minute:
            self.rate_tokens.free += sign * held.estimate
        if limited.slots:
            self.slots.free += sign
        if held.day is not None:
            if limited.tokens:
                held.day.tokens.free += sign * held.tokens
            if limited.usd:
                held.day.usd_nanos.free += sign * held.usd_nanos

    def undo(self, held: Held) -> None:
        """The call never happened."""
        self.move(held, 1)
        if held.limited.calls and held.minute == self.minute:
            self.calls.free += 1
        self.tell = self.tell or not self.loose

    def settle(self, held: Held, tokens: int, usd_nanos: int, now: float) -> Used | None:
        """The call is over and came to this. What it did not use is free again."""
        self.move(held, 1)
        if held.limited.rate_tokens:
            self.charge(held, tokens, now)
        self.tell = self.tell or not self.loose
        day = held.day
        if day is None:
            return None
        used = Used(self, day, 0, 0)
        if held.limited.tokens:
            used.tokens = min(tokens, held.tokens)
            day.tokens.free -= used.tokens
            day.tokens_settled += used.tokens
        if held.limited.usd:
            used.usd_nanos = min(usd_nanos, held.usd_nanos)
            day.usd_nanos.free -= used.usd_nanos
            day.usd_nanos_settled += used.usd_nanos
        return used

    def charge(self, held: Held, tokens: int, now: float) -> None:
        """What was really used counts in the minute it was taken in; beyond its charge it is owed now."""
        live = held.minute == self.minute and now < self.until
        charged = min(tokens, held.estimate)
        if held.minute == self.minute:
            self.rate_tokens.free -= charged
        more = tokens - charged
        if live and more:
            here = min(more, max(0, self.rate_tokens.free))
            self.rate_tokens.free -= here
            more -= here
        if more:
            self.over += more
            self.tell = True

    def give_back(self) -> None:
        """Everything free goes back, with the next thing that is told."""
        self.tell = self.tell or self.loose or self.has_free
        self.loose = False
        for part in self.parts():
            part.give_back()

    def give_back_spare(self) -> None:
        """The same, but for what is kept: others can recall it."""
        for part, kept in zip(self.parts(), self.kept_here(), strict=True):
            self.tell = self.tell or part.free > kept
            part.give_back(kept)
        self.loose = self.loose and self.has_free

    def kept_here(self) -> list[int]:
        """As `parts`: of the latest day only."""
        return [*self.kept[:3], *NOTHING[:2] * (len(self.days) - 1), *(self.kept[3:] if self.days else ())]

    def is_low(self, now: float) -> bool:
        """Has it less than half of what it should keep, and could there be more?"""
        return (
            self.kept is not NOTHING
            and self.loose
            and now - self.asked_at > BUSY_S
            and any(2 * part.free < kept for part, kept in zip(self.parts(), self.kept_here(), strict=True))
        )

    def runs_out(self, held: Held, now: float) -> bool:
        """Is less than a quarter of a lease free for calls like this one, at a busy process and where there is more?"""
        few = self.ahead // 4
        if few < FEW or not self.loose or now - self.asked_at < AGAIN_S:
            return False
        limited, day = held.limited, held.day
        return (
            (limited.calls and self.calls.free < few)
            or (limited.rate_tokens and self.rate_tokens.free < few * held.estimate)
            or (limited.tokens and day is not None and day.tokens.free < few * held.tokens)
            or (limited.usd and day is not None and day.usd_nanos.free < few * held.usd_nanos)
        )

    def parts(self) -> list[Part]:
        days = [part for day in self.days.values() for part in (day.tokens, day.usd_nanos)]
        return [self.calls, self.rate_tokens, self.slots, *days]

    @property
    def has_free(self) -> bool:
        return any(part.free for part in self.parts())

    def limit_by(self, maxima: Mapping[str, int]) -> None:
        """The holder's limits are others now: what was leased under the old ones goes back first."""
        if maxima != self.maxima:
            self.give_back()
            self.limited = Limited.by(maxima)
            self.kept = kept_of(maxima, self.shares) if self.shares else NOTHING
        self.maxima = maxima

    def taken_in(self, given: Given, day: Day, asked_at: float) -> None:
        """What the database handed out is free here. :param asked_at: monotonic seconds, before it was asked."""
        if given.minute != self.minute:
            self.minute, self.calls, self.rate_tokens = given.minute, Part(), Part()
        self.until = asked_at + given.left_ms / 1000
        self.seen, self.loose, self.passed = given.seen, given.loose, given.passed
        parts = (self.calls, self.rate_tokens, self.slots, day.tokens, day.usd_nanos)
        for part, leased in zip(parts, given.leased, strict=True):
            part.take_in(leased)

    def day_of(self, at: datetime) -> Day:
        if at not in self.days:
            self.days = {old: day for old, day in self.days.items() if at - old < KEPT} | {at: Day(at)}
        return self.days[at]

    def pace(self, now: float) -> int:
        """For how many calls to ask: more each time while asking goes on, fewer after a pause."""
        busy = now - self.asked_at < BUSY_S
        self.ahead = min(MOST_AHEAD, self.ahead * 2) if busy else max(1, self.ahead // 2)
        self.asked_at = now
        return self.ahead
