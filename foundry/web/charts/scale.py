"""From values to places: round axes, and words for numbers and moments. Pure."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, time

from foundry.web.format import compact, grouped, money_nanos

NICE = (1, 2, 2.5, 5, 10)
MONEY_UNIT = "usd_nanos"
DAY_S = 86_400
TICK_SIZES_S = (
    *(hours * 3600 for hours in (1, 2, 3, 6, 12)),
    *(days * DAY_S for days in (1, 2, 3, 5, 7, 14, 28, 56, 91)),
)


def ticks(largest: float, most: int = 4, *, whole: bool = True) -> list[float]:
    """Round values from 0 to at least `largest`, at most `most` steps apart; the last one is the axis' top."""
    if largest <= 0:
        return [0.0, 1.0]
    raw = largest / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * nice for nice in NICE if power * nice >= raw * (1 - 1e-9))
    if whole:
        step = max(1.0, step)
    return [step * index for index in range(math.ceil(largest / step - 1e-9) + 1)]


def axis_words(value: float, unit: str) -> str:
    """A tick's label: short, without zeros that say nothing."""
    if unit == MONEY_UNIT:
        usd = value / 1e9
        return f"${trimmed(compact(usd))}" if usd >= 1 or not value else money_nanos(round(value))
    return trimmed(compact(value))


def trimmed(text: str) -> str:
    """`1.50M` as `1.5M`, `20.0M` as `20M`."""
    digits, letter = (text[:-1], text[-1]) if text[-1:].isalpha() else (text, "")
    return (digits.rstrip("0").rstrip(".") if "." in digits else digits) + letter


def value_words(value: float, unit: str) -> str:
    """A value in a read-out: money in full, small counts in full, large ones short."""
    if unit == MONEY_UNIT:
        return money_nanos(round(value))
    return grouped(value) if abs(value) < 100_000 else compact(value)


def moment_words(stamp: datetime, *, whole_days: bool) -> str:
    stamp = stamp.astimezone(UTC)
    return f"{stamp:%-d %b %Y}" if whole_days else f"{stamp:%-d %b, %H:%M} UTC"


def are_whole_days(stamps: Sequence[datetime]) -> bool:
    return all(stamp.astimezone(UTC).time() == time(0) for stamp in stamps)


def time_ticks(stamps: Sequence[datetime], most: int) -> list[tuple[int, str]]:
    """(index, label) of at most `most` stamps at round distances; hours only where all lie within two days."""
    if len(stamps) < 2:
        return [(0, f"{stamp:%-d %b}") for stamp in stamps]
    step_s = (stamps[-1] - stamps[0]).total_seconds() / (len(stamps) - 1)
    least_s = step_s * len(stamps) / most
    apart_s = next((size for size in TICK_SIZES_S if size >= max(least_s, step_s)), least_s)
    stride = max(1, round(apart_s / step_s))
    first = next((at for at, stamp in enumerate(stamps) if starts_tick(stamp, apart_s)), 0) % stride
    pattern = "%H:%M" if apart_s < DAY_S else "%-d %b"
    return [(at, stamps[at].astimezone(UTC).strftime(pattern)) for at in range(first, len(stamps), stride)]


def starts_tick(stamp: datetime, apart_s: float) -> bool:
    """Ticks a day or more apart begin at midnight, shorter ones at their multiples."""
    return int(stamp.timestamp()) % int(min(apart_s, DAY_S)) == 0
