"""Charts as SVG drawn on the server: pure functions from numbers to markup, without Django."""

from foundry.web.charts.bars import Bar, bars
from foundry.web.charts.lanes import Lane, Span, lanes
from foundry.web.charts.line import line
from foundry.web.charts.spark import spark
from foundry.web.charts.stacked import stacked
from foundry.web.charts.steps import steps
from foundry.web.charts.strip import strip
from foundry.web.charts.svg import Svg

__all__ = ["Bar", "Lane", "Span", "Svg", "bars", "lanes", "line", "spark", "stacked", "steps", "strip"]
