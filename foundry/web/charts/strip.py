"""One mark per day (or run): what went well and what did not, at a glance."""

from collections.abc import Iterable

from foundry.web.charts.svg import Svg, percent, tag

HEIGHT = 24


def strip(days: Iterable[tuple[str, str, str]], *, label: str = "") -> Svg:
    """Marks from the oldest to the newest.

    :param days: (label, tone, words) each; tone is good, warn, bad or quiet.
    """
    marks = list(days)
    share = 1 / max(1, len(marks))
    drawn = [
        tag(
            "rect", tag("title", f"{name}: {words}"), klass=f"day {tone}",
            x=percent(at * share), width=percent(share * 0.82), y=0, height=HEIGHT, rx=2,
        )
        for at, (name, tone, words) in enumerate(marks)
    ]  # fmt: skip
    bad = [f"{name} {words}" for name, tone, words in marks if tone in {"warn", "bad"}]
    said = f"{label + ': ' if label else ''}{len(marks)} marks, {'all good' if not bad else '; '.join(bad)}"
    return tag("svg", *drawn, klass="strip-chart", role="img", aria_label=said, height=HEIGHT)
