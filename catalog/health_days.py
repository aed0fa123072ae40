"""One day of a host or an offer in one word and one sentence. Pure.

What calls met and what the status page said are judged together; the worse of the two counts. A day of
which nobody knows anything is quiet, never good.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from catalog.states import Health
from foundry.web.format import grouped, pct

DAYS = 90
DAY = timedelta(days=1)
TONES = ("quiet", "good", "warn", "bad")  # the later one wins
TONE_OF = {
    Health.OK: "good",
    Health.DEGRADED: "warn",
    Health.PARTIAL: "warn",
    Health.DOWN: "bad",
    Health.MAINTENANCE: "warn",
    Health.UNKNOWN: "quiet",
}
SHORT = timedelta(minutes=1)


class Met(Protocol):
    """How calls fared, as the room that keeps them says it."""

    @property
    def calls(self) -> int: ...
    @property
    def errors(self) -> int: ...
    @property
    def hours_down(self) -> int: ...
    @property
    def hours_troubled(self) -> int: ...
    @property
    def share(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Interval:
    """The page said `health` from one moment to another."""

    health: Health
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Cell:
    """:param tone: good, warn, bad, or quiet where nothing is known. :param words: what happened that day."""

    day: date
    tone: str
    words: str
    calls: int = 0
    errors: int = 0


def cells(
    said: Iterable[Interval],
    met: dict[date, Met],
    paused: Iterable[tuple[datetime, datetime]],
    today: date,
    *,
    counts: bool,
) -> list[Cell]:
    """The last ninety days, the oldest first.

    :param counts: whether numbers of calls may be told; shares always may.
    """
    said, paused = list(said), list(paused)
    days = [today - DAY * (DAYS - 1 - at) for at in range(DAYS)]
    return [cell(day, said, met.get(day), paused, counts=counts) for day in days]


def cell(
    day: date,
    said: list[Interval],
    met: Met | None,
    paused: list[tuple[datetime, datetime]],
    *,
    counts: bool,
) -> Cell:
    lasted = by_health(day, said)
    page_tone, page_words = of_page(lasted)
    call_tone, call_words = of_calls(met, counts=counts)
    tone = max(page_tone, call_tone, key=TONES.index)
    out = sum((overlap(day, *each) for each in paused), timedelta())
    parts = [call_words, page_words] + ([f"we paused it for {length(out)}"] if out >= SHORT else [])
    words = "; ".join(part for part in parts if part)
    numbers = (met.calls, met.errors) if met and counts else (0, 0)
    return Cell(day, tone, words or "not known: no call was made and its page was not read", *numbers)


def of_calls(met: Met | None, *, counts: bool) -> tuple[str, str]:
    if met is None or not met.calls:
        return "quiet", ""
    if met.errors:
        failed = f"{pct(met.share)} of the calls failed"
        if counts:
            failed = f"{grouped(met.errors)} of {grouped(met.calls)} calls failed ({pct(met.share)})"
    else:
        failed = f"all {grouped(met.calls)} calls were answered" if counts else "all calls were answered"
    if met.hours_down:
        return "bad", f"{hours(met.hours_down)} in which half of the calls or more failed; {failed}"
    if met.hours_troubled:
        return "warn", f"{hours(met.hours_troubled)} in which a tenth of the calls or more failed; {failed}"
    return "good", failed


def of_page(lasted: dict[Health, timedelta]) -> tuple[str, str]:
    """The worst that the page said for a minute or longer, and how long each of it lasted."""
    known = {
        health: time for health, time in lasted.items() if health != Health.UNKNOWN and time > timedelta()
    }
    if not known:
        return "quiet", ""
    trouble = [health for health in known if health != Health.OK and known[health] >= SHORT]
    if not trouble:
        return "good", "its page reported no trouble"
    tone = max((TONE_OF[health] for health in trouble), key=TONES.index)
    order = [
        each for each in (Health.DOWN, Health.PARTIAL, Health.DEGRADED, Health.MAINTENANCE) if each in trouble
    ]
    return tone, "its page said " + ", ".join(
        f"{each.label.lower()} for {length(known[each])}" for each in order
    )


def by_health(day: date, said: list[Interval]) -> dict[Health, timedelta]:
    """How long of that UTC day each health was told."""
    lasted: dict[Health, timedelta] = {}
    for each in said:
        time = overlap(day, each.starts_at, each.ends_at)
        if time > timedelta():
            lasted[each.health] = lasted.get(each.health, timedelta()) + time
    return lasted


def overlap(day: date, starts_at: datetime, ends_at: datetime) -> timedelta:
    """How much of the UTC day lies between two moments; never negative."""
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return max(timedelta(), min(ends_at, begin + DAY) - max(starts_at, begin))


def length(time: timedelta) -> str:
    """47 min, 3 h, 2 h 20 min, the whole day."""
    minutes = max(1, round(time / timedelta(minutes=1)))
    if minutes >= 1_430:
        return "the whole day"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")


def hours(count: int) -> str:
    return f"{count} hour{'' if count == 1 else 's'}"
