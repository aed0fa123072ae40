"""SVG as text: escaped values, geometry attributes and classes, never a style attribute.

Shapes lie in a nested `<svg>` that stretches with the page; words and points are placed in per cent of
it, so that a chart fills its card at any width while its letters keep their size.
"""

from collections.abc import Iterable
from html import escape
from typing import Self


class Svg(str):
    """Markup that a chart made; its text is escaped already."""

    __slots__ = ()

    def __html__(self) -> Self:
        return self


def tag(name: str, *children: str, **attributes: object) -> Svg:
    """One element. `klass` stands for class; `_` in a name is `-`; None leaves the attribute out.

    Children that are not `Svg` are text and become escaped.
    """
    written = "".join(
        f' {"class" if key == "klass" else key.replace("_", "-")}="{escape(number(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = "".join(child if isinstance(child, Svg) else escape(str(child)) for child in children)
    return Svg(f"<{name}{written}>{inside}</{name}>")


def join(parts: Iterable[str]) -> Svg:
    return Svg("".join(part if isinstance(part, Svg) else escape(part) for part in parts))


def number(value: object) -> str:
    """A coordinate with at most two decimals; anything else as it is."""
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return str(value)


def percent(share: float) -> str:
    """A share of the chart's width: 0.5 is `50%`."""
    return f"{number(share * 100)}%"
