"""Prices over time as steps: one line per name, level until it changes, with a gap where nothing is known."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from foundry.web.charts import frame
from foundry.web.charts.scale import MONEY_UNIT, moment_words, ticks
from foundry.web.charts.svg import Svg, join, percent, tag
from foundry.web.format import per_million

Points = Sequence[tuple[datetime, Decimal | None]]
Series = Sequence[tuple[str, Points]]
NANOS = 1_000_000_000


def steps(series: Series, *, until: datetime, height: int = 160, label: str = "") -> Svg:
    """:param series: (name, points); a point says from when an amount in USD holds, None that none is known."""
    moments = sorted({moment for _, points in series for moment, _ in points})
    known = [usd for _, points in series for _, usd in points if usd is not None]
    if not known:
        return frame.figure("steps", frame.plot(height=height, label=f"{label}: nothing known yet"))
    start = moments[0]
    length = (until - start) or timedelta(seconds=1)
    marks = ticks(float(max(known)) * NANOS or 1.0, whole=False)

    def place(moment: datetime, usd: Decimal) -> tuple[float, float]:
        return (moment - start) / length * frame.WIDTH, height - float(usd) * NANOS / marks[-1] * height

    drawn = [
        tag("path", klass=f"step {frame.colour(at, name)}", d=path([(*place(moment, usd), place(end, usd)[0])
            for moment, end, usd in spans(points, until) if usd is not None]))
        for at, (name, points) in enumerate(series)
    ]  # fmt: skip
    parts = [
        frame.grid(marks, height, MONEY_UNIT),
        frame.stretched(*drawn, height=height),
        tag("line", klass="cursor", x1="0", x2="0", y1=0, y2=height),
        hover(series, moments, until, height),
        frame.time_labels(
            [(share / 4, day(start + length * (share / 4), length)) for share in range(5)], height
        ),
    ]
    said = f"{label}: {'; '.join(f'{name} {last_words(points)}' for name, points in series)}"
    return frame.figure(
        "steps",
        frame.plot(*parts, height=height, label=said),
        *([frame.legend([name for name, _ in series])] if len(series) > 1 else []),
    )


def day(moment: datetime, length: timedelta) -> str:
    return f"{moment:%-d %b %y}" if length > timedelta(days=300) else f"{moment:%-d %b}"


def spans(points: Points, until: datetime) -> list[tuple[datetime, datetime, Decimal | None]]:
    """From when to when each amount holds; the last one up to `until`."""
    ends = [moment for moment, _ in points[1:]] + [until]
    return [(moment, end, usd) for (moment, usd), end in zip(points, ends, strict=True)]


def path(levels: Sequence[tuple[float, float, float]]) -> str:
    """Level lines (left, height, right), joined upright where one begins as another ends."""
    drawn, at = [], None
    for left, y, right in levels:
        drawn.append(f"{'L' if at == left else 'M'}{left:.1f},{y:.1f}L{right:.1f},{y:.1f}")
        at = right
    return "".join(drawn)


def hover(series: Series, moments: Sequence[datetime], until: datetime, height: int) -> Svg:
    """Invisible strips between two changes, with every amount to its last digit."""
    start = moments[0]
    length = (until - start) or timedelta(seconds=1)
    drawn = []
    for moment, end in zip(moments, [*moments[1:], until], strict=True):
        amounts = [f"{name}: {amount_words(points, moment)}" for name, points in series]
        words = "\n".join([f"From {moment_words(moment, whole_days=True)}", *amounts])
        width = max((end - moment) / length, 0.004)
        drawn.append(
            tag("rect", tag("title", words), klass="point", x=percent((moment - start) / length),
                width=percent(width), y=0, height=height)
        )  # fmt: skip
    return join(drawn)


def amount_words(points: Points, at: datetime) -> str:
    return per_million(next((usd for moment, usd in reversed(points) if moment <= at), None))


def last_words(points: Points) -> str:
    return per_million(points[-1][1] if points else None)
