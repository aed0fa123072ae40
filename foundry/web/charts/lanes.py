"""Lives side by side: one lane per name on a common time, with a stage's colour while it lasts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from foundry.web.charts.svg import Svg, percent, tag

HEIGHT = 18


@dataclass(frozen=True, slots=True)
class Span:
    """:param tone: good, info, warn, bad or quiet. :param ahead: not yet happened, drawn paler."""

    begins: datetime
    ends: datetime
    words: str
    tone: str
    ahead: bool = False


@dataclass(frozen=True, slots=True)
class Lane:
    label: str
    spans: Sequence[Span]


def lanes(rows: Sequence[Lane], *, now: datetime, label: str = "") -> Svg:
    """Lanes from the first beginning to the last end, with a line for today; empty without any span."""
    moments = [moment for row in rows for span in row.spans for moment in (span.begins, span.ends)]
    if not moments:
        return Svg()
    start, end = min(moments), max(*moments, now)
    length = (end - start) or timedelta(seconds=1)
    drawn = [lane(row, start, length, (now - start) / length) for row in rows]
    pattern = "%-d %b %Y" if length > timedelta(days=200) else "%-d %b"
    ends = tag(
        "li", tag("span"), tag("span", *(tag("i", f"{at:{pattern}}") for at in (start, end)), klass="lane-ends"),
        klass="lane-axis",
    )  # fmt: skip
    return tag("figure", tag("ul", *drawn, ends, klass="lanes", aria_label=label or None), klass="chart")


def lane(row: Lane, start: datetime, length: timedelta, today: float) -> Svg:
    said = "; ".join(f"{span.words} from {span.begins:%-d %b %Y}" for span in row.spans)
    shapes = [
        tag(
            "rect", tag("title", f"{span.words}: {span.begins:%-d %b %Y} – {span.ends:%-d %b %Y}"),
            klass=f"{span.tone}{' ahead' if span.ahead else ''}", x=percent((span.begins - start) / length),
            width=percent(max((span.ends - span.begins) / length, 0.003)), y=2, height=HEIGHT - 4,
        )
        for span in row.spans
    ]  # fmt: skip
    now = tag("line", klass="today", x1=percent(today), x2=percent(today), y1=0, y2=HEIGHT)
    plot = tag(
        "svg", *shapes, now, klass="lane", role="img", aria_label=f"{row.label}: {said}", height=HEIGHT
    )
    return tag("li", tag("span", row.label, klass="lane-label"), plot)
