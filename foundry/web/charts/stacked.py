"""Several series over time, one on top of the other: areas for many moments, columns for few."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from foundry.web.charts import frame
from foundry.web.charts.scale import (
    MONEY_UNIT,
    are_whole_days,
    moment_words,
    ticks,
    time_ticks,
    value_words,
)
from foundry.web.charts.svg import Svg, join, percent, tag

Series = Sequence[tuple[str, Sequence[float]]] | Mapping[str, Sequence[float]]
COLUMNS_AT_MOST = 62
TICK_PIXELS = 110


def stacked(
    series: Series,
    stamps: Sequence[datetime],
    *,
    unit: str,
    width: int = 1000,
    height: int = 240,
    kind: str = "",
    label: str = "",
) -> Svg:
    """A stacked chart with legend and read-out.

    :param series: (name, one value per stamp), the largest first; `others` is drawn grey.
    :param unit: tokens, calls, or usd_nanos for money in nano-dollars.
    :param width: the width in pixels that labels are spaced for; the chart itself fills its card.
    :param kind: areas or columns; columns up to 62 stamps where left out.
    :param label: what the chart shows, for its accessible name. Raises ValueError for uneven series.
    """
    rows = list(series.items() if isinstance(series, Mapping) else series)
    for name, values in rows:
        if len(values) != len(stamps):
            raise ValueError(f"{name} has {len(values)} values for {len(stamps)} stamps")
    totals = [sum(values[index] for _, values in rows) for index in range(len(stamps))]
    marks = ticks(max(totals, default=0), whole=unit != MONEY_UNIT)
    as_columns = kind == "columns" or (not kind and len(stamps) <= COLUMNS_AT_MOST)
    draw = columns if as_columns else areas
    drawn = frame.plot(
        frame.grid(marks, height, unit),
        frame.stretched(*draw(rows, len(stamps), marks[-1], height), height=height),
        tag("line", klass="cursor", x1="0", x2="0", y1=0, y2=height),
        points(rows, totals, stamps, unit, height, as_columns),
        frame.time_labels(labels(stamps, width, as_columns), height),
        height=height,
        label=summary(label, rows, unit, stamps),
    )
    return frame.figure("stacked", drawn, frame.legend([name for name, _ in rows]))


Rows = Sequence[tuple[str, Sequence[float]]]


def tops(rows: Rows, count: int) -> list[list[float]]:
    """Per series the running height of the stack up to and with it."""
    running, stack = [0.0] * count, []
    for _, values in rows:
        running = [below + value for below, value in zip(running, values, strict=True)]
        stack.append(running)
    return stack


def areas(rows: Rows, count: int, top: float, height: int) -> list[Svg]:
    """The highest outline first, each reaching down to the axis; the next one covers its lower part."""
    step, shapes = frame.WIDTH / max(1, count - 1), []
    for index, heights in reversed(list(enumerate(tops(rows, count)))):
        line = "L".join(f"{at * step:.1f},{height - y / top * height:.1f}" for at, y in enumerate(heights))
        path = f"M0,{height}L{line}L{frame.WIDTH},{height}Z"
        shapes.append(tag("path", klass=f"area {frame.colour(index, rows[index][0])}", d=path))
    return shapes


def columns(rows: Rows, count: int, top: float, height: int) -> list[Svg]:
    step, stack = frame.WIDTH / max(1, count), tops(rows, count)
    gap = min(4.0, step * 0.18)
    shapes = []
    for index, (name, values) in enumerate(rows):
        shapes += [
            tag(
                "rect", klass=f"column {frame.colour(index, name)}", x=at * step + gap / 2, width=step - gap,
                y=height - stack[index][at] / top * height, height=value / top * height,
            )
            for at, value in enumerate(values) if value
        ]  # fmt: skip
    return shapes


def points(
    rows: Rows, totals: Sequence[float], stamps: Sequence[datetime], unit: str, height: int, as_columns: bool
) -> Svg:
    """Invisible strips to hover, each with its words as a title."""
    count, days = len(stamps), are_whole_days(stamps)
    drawn = []
    for at, stamp in enumerate(stamps):
        left, right = edges(at, count, as_columns)
        lines = [f"{name}: {value_words(values[at], unit)}" for name, values in rows if values[at]]
        words = "\n".join(
            [moment_words(stamp, whole_days=days), *lines, f"Total: {value_words(totals[at], unit)}"]
        )
        drawn.append(
            tag(
                "rect", tag("title", words), klass="point",
                x=percent(left), width=percent(right - left), y=0, height=height,
            )
        )  # fmt: skip
    return join(drawn)


def edges(at: int, count: int, as_columns: bool) -> tuple[float, float]:
    """The share of the width that belongs to one stamp: a column's own, or half way to its neighbours."""
    if as_columns or count == 1:
        return at / count, (at + 1) / count
    return max(0.0, (at - 0.5) / (count - 1)), min(1.0, (at + 0.5) / (count - 1))


def labels(stamps: Sequence[datetime], width: int, as_columns: bool) -> list[tuple[float, str]]:
    count = len(stamps)
    offset, parts = (0.5, count) if as_columns else (0.0, max(1, count - 1))
    return [((at + offset) / parts, words) for at, words in time_ticks(stamps, max(2, width // TICK_PIXELS))]


def summary(label: str, rows: Rows, unit: str, stamps: Sequence[datetime]) -> str:
    """The chart in one sentence, for who does not see it."""
    if not stamps or not rows:
        return f"{label or unit}: nothing in this time"
    days = are_whole_days(stamps)
    first, last = (moment_words(stamp, whole_days=days) for stamp in (stamps[0], stamps[-1]))
    parts = ", ".join(f"{name} {value_words(sum(values), unit)}" for name, values in rows)
    total = value_words(sum(sum(values) for _, values in rows), unit)
    return f"{label or unit} from {first} to {last}: {parts}; total {total}"
