"""Horizontal bars, one per row, each on the pale track of its quota where it has one."""

from collections.abc import Iterable
from dataclasses import dataclass

from foundry.web.charts.scale import value_words
from foundry.web.charts.svg import Svg, percent, tag

NEARLY = 0.8


@dataclass(frozen=True, slots=True)
class Bar:
    """:param maximum: the quota, in the value's unit; None has no track. :param note: said after the value."""

    label: str
    value: float
    maximum: float | None = None
    href: str = ""
    note: str = ""


def bars(rows: Iterable[Bar | tuple[object, ...]], *, unit: str = "tokens", label: str = "") -> Svg:
    """Bars on one common scale. A row is a `Bar`, or a tuple in its order."""
    made = [row if isinstance(row, Bar) else Bar(*row) for row in rows]  # type: ignore[arg-type]
    widest = max((max(row.value, row.maximum or 0) for row in made), default=0) or 1
    items = [bar_row(row, widest, unit) for row in made]
    return tag("figure", tag("ul", *items, klass="bars", aria_label=label or None), klass="chart bar-chart")


def bar_row(row: Bar, widest: float, unit: str) -> Svg:
    name = tag("a", row.label, href=row.href) if row.href else tag("span", row.label)
    value, tone, state = value_words(row.value, unit), "", ""
    if row.maximum:
        share = row.value / row.maximum
        tone, state = (
            ("bad", "at limit") if share >= 1 else ("warn", "nearly used") if share >= NEARLY else ("", "")
        )
    said = f"{row.label}: {value}" + (f" of {value_words(row.maximum, unit)}" if row.maximum else "")
    note = ", ".join(part for part in (state, row.note) if part)
    return tag(
        "li",
        tag("span", name, klass="bar-label"),
        tag(
            "svg",
            tag("rect", klass="track", width=percent((row.maximum or 0) / widest), height=14, rx=3),
            tag("rect", klass=f"fill {tone}".strip(), width=percent(row.value / widest), height=14, rx=3),
            klass="bar", role="img", aria_label=f"{said}, {note}" if note else said, height=14,
        ),
        tag("span", value, *([tag("small", note, klass=tone)] if note else []), klass="bar-value"),
    )  # fmt: skip
