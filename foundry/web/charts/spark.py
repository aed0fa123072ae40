"""A line as high as a word: how something went, without axes."""

from collections.abc import Sequence

from foundry.web.charts.scale import value_words
from foundry.web.charts.svg import Svg, tag

WIDTH, HEIGHT = 96, 22


def spark(values: Sequence[float], *, unit: str = "tokens", label: str = "") -> Svg:
    """The values from the oldest to the newest, on a scale from zero."""
    if not values:
        return Svg()
    top, step = max(max(values), 1), WIDTH / max(1, len(values) - 1)
    places = [(at * step, HEIGHT - 1 - value / top * (HEIGHT - 2)) for at, value in enumerate(values)]
    if len(places) == 1:
        places.append((WIDTH, places[0][1]))
    said = ", ".join(
        f"{word} {value_words(value, unit)}"
        for word, value in (("from", values[0]), ("to", values[-1]), ("at most", max(values)))
    )
    return tag(
        "svg", tag("path", klass="stroke", d="M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in places)),
        klass="spark", role="img", aria_label=f"{label}: {said}" if label else said,
        width=WIDTH, height=HEIGHT, viewBox=f"0 0 {WIDTH} {HEIGHT}",
    )  # fmt: skip
