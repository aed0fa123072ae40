"""What charts with axes share: grid lines, tick labels, the figure around them."""

from collections.abc import Sequence

from foundry.web.charts.scale import axis_words
from foundry.web.charts.svg import Svg, join, percent, tag

WIDTH = 1000  # of the stretched inner drawing, in its own units
OTHERS = "others"
COLOURS = 7  # the eighth is for others


def colour(index: int, name: str) -> str:
    return "s7" if name.lower() == OTHERS else f"s{index % COLOURS}"


def grid(marks: Sequence[float], height: int, unit: str) -> Svg:
    """One line and label per tick of the value axis."""
    top = marks[-1]
    drawn = []
    for mark in marks:
        y = height - mark / top * height
        drawn.append(tag("line", klass="grid", x1="0", x2="100%", y1=y, y2=y))
        drawn.append(tag("text", axis_words(mark, unit), klass="tick value", x=-8, y=y + 4))
    return join(drawn)


def time_labels(labels: Sequence[tuple[float, str]], height: int) -> Svg:
    """Labels under the plot at shares of its width; the first and last keep inside.

    Every other one is `odd`, and left out where the chart is narrow.
    """
    return join(
        tag(
            "text",
            words,
            klass=f"tick time{' odd' if at % 2 else ''}{anchor(share)}",
            x=percent(share),
            y=height + 18,
        )
        for at, (share, words) in enumerate(labels)
    )


def anchor(share: float) -> str:
    return " first" if share < 0.02 else " last" if share > 0.98 else ""


def stretched(*shapes: str, height: int) -> Svg:
    """Shapes in a drawing of WIDTH by `height` that stretches to the plot's width."""
    return tag(
        "svg", *shapes, klass="shapes", width="100%", height=height,
        viewBox=f"0 0 {WIDTH} {height}", preserveAspectRatio="none",
    )  # fmt: skip


def plot(*parts: str, height: int, label: str) -> Svg:
    return tag("svg", *parts, klass="plot", role="img", aria_label=label, height=height + 26)


def figure(kind: str, *parts: str) -> Svg:
    return tag("figure", *parts, klass=f"chart {kind}", data_chart="")


def legend(names: Sequence[str]) -> Svg:
    items = (
        tag("li", tag("i", klass=f"swatch {colour(index, name)}"), name, data_name=name)
        for index, name in enumerate(names)
    )
    return tag("ul", *items, klass="legend")
