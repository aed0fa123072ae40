"""One amount that grows towards its limit: what was used, the pace, and the day it runs out."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from foundry.web.charts import frame
from foundry.web.charts.scale import MONEY_UNIT, are_whole_days, moment_words, ticks, value_words
from foundry.web.charts.svg import Svg, join, percent, tag

Points = Sequence[tuple[datetime, float]]
Place = Callable[[datetime, float], tuple[float, float]]


def line(
    points: Points,
    *,
    limit: float | None = None,
    ends_at: datetime | None = None,
    unit: str = "tokens",
    height: int = 200,
    label: str = "",
) -> Svg:
    """A burn-down: `points` are running totals in order of time.

    :param limit: drawn across in `unit`; the day it is reached at the present pace is marked.
    :param ends_at: where the window ends; the pace is drawn on to there. None ends at the last point.
    """
    if not points:
        return frame.figure("line", frame.plot(height=height, label=f"{label or unit}: nothing yet"))
    start, until = points[0][0], max(ends_at or points[-1][0], points[-1][0])
    length = (until - start) or timedelta(seconds=1)
    target = projected(points, until)
    marks = ticks(max(limit or 0, target, points[-1][1]), whole=unit != MONEY_UNIT)

    def place(moment: datetime, value: float) -> tuple[float, float]:
        return (moment - start) / length, height - value / marks[-1] * height

    parts = [
        frame.grid(marks, height, unit),
        frame.stretched(
            *shapes([place(*point) for point in points], place(until, target), height), height=height
        ),
        limit_line(limit, place(until, limit)[1], unit) if limit is not None else Svg(),
        run_out(points, limit, until, place, height),
        tag("line", klass="cursor", x1="0", x2="0", y1=0, y2=height),
        dot(*place(*points[-1])),
        hover(points, place, unit, height),
        frame.time_labels(
            [(share / 5, f"{start + length * (share / 5):%-d %b}") for share in range(6)], height
        ),
    ]
    return frame.figure(
        "line", frame.plot(*parts, height=height, label=said(label, points, limit, until, unit))
    )


def projected(points: Points, until: datetime) -> float:
    """Where the total stands at `until` if the mean pace so far goes on."""
    (start, first), (last, total) = points[0], points[-1]
    if last <= start:
        return total
    return total + (total - first) * ((until - last) / (last - start))


def runs_out_at(points: Points, limit: float) -> datetime | None:
    """When the limit is reached at the mean pace so far; None when it never is."""
    (start, first), (last, total) = points[0], points[-1]
    if total >= limit:
        return next(moment for moment, value in points if value >= limit)
    if last <= start or total <= first:
        return None
    return last + (last - start) * ((limit - total) / (total - first))


def shapes(places: Sequence[tuple[float, float]], end: tuple[float, float], height: int) -> list[Svg]:
    """The area and line of what was used, and the dashed pace from its last point."""
    drawn = "L".join(f"{x * frame.WIDTH:.1f},{y:.1f}" for x, y in places)
    (first, _), (last, last_y) = places[0], places[-1]
    base = f"M{first * frame.WIDTH:.1f},{height}L{drawn}L{last * frame.WIDTH:.1f},{height}Z"
    pace = f"M{last * frame.WIDTH:.1f},{last_y:.1f}L{end[0] * frame.WIDTH:.1f},{end[1]:.1f}"
    return [
        tag("path", klass="under", d=base),
        tag("path", klass="stroke", d=f"M{drawn}"),
        tag("path", klass="pace", d=pace),
    ]


def limit_line(limit: float, y: float, unit: str) -> Svg:
    words = f"Limit {value_words(limit, unit)}"
    return join(
        [
            tag("line", klass="limit", x1="0", x2="100%", y1=y, y2=y),
            tag("text", words, klass="limit-words", x="1%", y=y - 6 if y > 16 else y + 14),
        ]
    )


def run_out(points: Points, limit: float | None, until: datetime, place: Place, height: int) -> Svg:
    """The day on which the limit is reached, where it lies inside the window."""
    moment = runs_out_at(points, limit) if limit is not None else None
    if moment is None or limit is None or moment > until:
        return Svg()
    share, _ = place(moment, limit)
    words = f"{'At limit since' if moment <= points[-1][0] else 'Runs out'} {moment:%-d %b}"
    side = "before" if share > 0.5 else "after"
    return join(
        [
            tag("line", klass="run-out", x1=percent(share), x2=percent(share), y1=0, y2=height),
            tag("text", words, klass=f"run-out-words {side}", x=percent(share), y=height - 8),
        ]
    )


def dot(x: float, y: float) -> Svg:
    """The last thing known: today."""
    return tag("circle", klass="dot", cx=percent(x), cy=y, r=4)


def hover(points: Points, place: Place, unit: str, height: int) -> Svg:
    """Invisible strips around each point, with its words."""
    shares = [place(*point)[0] for point in points]
    days, drawn = are_whole_days([moment for moment, _ in points]), []
    for at, (moment, value) in enumerate(points):
        left = (shares[at - 1] + shares[at]) / 2 if at else shares[at]
        right = (shares[at] + shares[at + 1]) / 2 if at + 1 < len(points) else shares[at]
        words = f"{moment_words(moment, whole_days=days)}\nUsed: {value_words(value, unit)}"
        drawn.append(
            tag(
                "rect", tag("title", words), klass="point",
                x=percent(left), width=percent(max(right - left, 0.004)), y=0, height=height,
            )
        )  # fmt: skip
    return join(drawn)


def said(label: str, points: Points, limit: float | None, until: datetime, unit: str) -> str:
    """The chart in one sentence."""
    text = f"{label or unit}: {value_words(points[-1][1], unit)} used by {points[-1][0]:%-d %b %Y}"
    if limit is None:
        return text
    text += f" of {value_words(limit, unit)}"
    moment = runs_out_at(points, limit)
    if moment is None or moment > until:
        return f"{text}; does not run out before {until:%-d %b %Y} at this pace"
    if moment <= points[-1][0]:
        return f"{text}; at its limit since {moment:%-d %b %Y}"
    return f"{text}; runs out on {moment:%-d %b %Y} at this pace"
