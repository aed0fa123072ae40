"""Charts are text: what they say must be true, escaped, and free of anything a strict policy refuses."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from foundry.web.charts import Bar, Lane, Span, Svg, bars, demo, lanes, line, spark, stacked, steps, strip
from foundry.web.charts.line import projected, runs_out_at
from foundry.web.charts.scale import ticks, time_ticks

START = datetime(2026, 3, 1, tzinfo=UTC)
HOSTILE = '<script>alert("1")</script>&\'" onload=x'


def days(count: int) -> list[datetime]:
    return [START + timedelta(days=day) for day in range(count)]


def words_of(svg: Svg) -> list[str]:
    return [title.text or "" for title in ElementTree.fromstring(svg).iter("title")]


def hostile_charts() -> dict[str, Svg]:
    return {
        "stacked": stacked([(HOSTILE, [1, 2])], days(2), unit="tokens", label=HOSTILE),
        "areas": stacked([(HOSTILE, [1, 2])], days(2), unit="tokens", kind="areas"),
        "bars": bars([Bar(HOSTILE, 3, 4, href=f"/?q={HOSTILE}", note=HOSTILE)], label=HOSTILE),
        "line": line([(START, 1), (START + timedelta(days=1), 2)], limit=9, label=HOSTILE),
        "spark": spark([1, 2], label=HOSTILE),
        "steps": steps([(HOSTILE, [(START, Decimal(1))])], until=days(3)[-1], label=HOSTILE),
        "lanes": lanes(
            [Lane(HOSTILE, [Span(START, days(3)[-1], HOSTILE, "good")])], now=days(3)[-1], label=HOSTILE
        ),
        "strip": strip([(HOSTILE, "bad", HOSTILE)], label=HOSTILE),
    }


@pytest.mark.parametrize("name", sorted(demo.charts()))
def test_every_chart_is_well_formed_and_says_what_it_shows(name: str) -> None:
    tree = ElementTree.fromstring(demo.charts()[name])
    drawn = [each for each in tree.iter() if each.get("role") == "img"]
    assert drawn
    assert all(each.get("aria-label") for each in drawn)


@pytest.mark.parametrize("name", sorted({**demo.charts(), **hostile_charts()}))
def test_no_chart_needs_an_inline_style_or_script(name: str) -> None:
    for each in ElementTree.fromstring({**demo.charts(), **hostile_charts()}[name]).iter():
        assert each.tag not in {"script", "style"}
        assert not [key for key in each.attrib if key == "style" or key.startswith("on")]


@pytest.mark.parametrize("name", sorted(hostile_charts()))
def test_what_a_model_is_called_never_becomes_markup(name: str) -> None:
    drawn = hostile_charts()[name]
    assert "<script" not in drawn
    assert "&lt;script&gt;" in drawn


def test_the_read_out_of_each_moment_adds_up_to_its_total() -> None:
    svg = stacked([("a", [1, 20]), ("b", [2, 30])], days(2), unit="tokens")
    assert words_of(svg) == ["1 Mar 2026\na: 1\nb: 2\nTotal: 3", "2 Mar 2026\na: 20\nb: 30\nTotal: 50"]


def test_the_accessible_name_tells_the_sums() -> None:
    svg = stacked({"a": [1, 20], "others": [2, 30]}, days(2), unit="tokens", label="Tokens by model")
    label = next(each.get("aria-label") for each in ElementTree.fromstring(svg).iter() if each.get("role"))
    assert label == "Tokens by model from 1 Mar 2026 to 2 Mar 2026: a 21, others 32; total 53"


def test_columns_stack_without_gap_or_overlap_up_to_the_total() -> None:
    svg = stacked([("a", [30, 10]), ("b", [10, 30])], days(2), unit="calls", height=100)
    columns = [each for each in ElementTree.fromstring(svg).iter("rect") if "column" in each.get("class", "")]
    first = [each for each in columns if each.get("x") == columns[0].get("x")]
    lower, upper = sorted(first, key=lambda each: -float(each.get("y", 0)))
    assert float(lower.get("y", 0)) + float(lower.get("height", 0)) == pytest.approx(100)
    assert float(upper.get("y", 0)) + float(upper.get("height", 0)) == pytest.approx(float(lower.get("y", 0)))
    assert float(upper.get("y", 0)) == pytest.approx(0)


def test_areas_paint_the_highest_outline_first_so_that_none_hides_another() -> None:
    svg = stacked([("a", [1, 1]), ("b", [1, 1])], days(2), unit="calls", kind="areas", height=100)
    tops = [float(d.split(",")[2].split("L")[0]) for d in re.findall(r' d="(M[^"]+)"', svg)]
    assert tops == sorted(tops)


def test_money_is_written_as_money() -> None:
    svg = stacked([("a", [1_500_000_000])], days(1), unit="usd_nanos")
    assert "Total: $1.50" in words_of(svg)[0]


def test_a_series_that_misses_a_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="a has 1 values for 2 stamps"):
        stacked([("a", [1])], days(2), unit="tokens")


def test_no_data_is_an_empty_chart_and_no_error() -> None:
    assert "nothing in this time" in stacked([], [], unit="tokens")
    assert "nothing yet" in line([], limit=10)
    assert spark([]) == ""


@pytest.mark.parametrize("largest", [0, 1, 3, 7, 99, 100, 101, 12_345, 9.99e11])
def test_an_axis_reaches_over_its_largest_value_in_few_round_steps(largest: float) -> None:
    marks = ticks(largest)
    assert marks[0] == 0
    assert marks[-1] >= largest
    assert 2 <= len(marks) <= 6


def test_labels_of_hours_over_weeks_stand_at_midnight() -> None:
    hours = [START + timedelta(hours=5 + hour) for hour in range(336)]
    labels = time_ticks(hours, 9)
    assert 2 <= len(labels) <= 9
    assert {hours[at].hour for at, _ in labels} == {0}


def test_a_bar_at_its_quota_says_so_in_words() -> None:
    svg = bars([Bar("search", 100, 100, note="1,204 refused"), Bar("docs", 10, 100)])
    assert "at limit, 1,204 refused" in svg
    assert svg.count("at limit") == 2  # once for eyes, once in the accessible name


def test_a_bar_is_drawn_on_the_scale_of_the_largest_value_or_quota() -> None:
    svg = bars([Bar("a", 50, 200), Bar("b", 100)])
    fills = [
        each.get("width") for each in ElementTree.fromstring(svg).iter("rect") if each.get("class") == "fill"
    ]
    assert fills == ["25%", "50%"]


def test_the_burn_down_names_the_day_its_limit_is_reached() -> None:
    points = [(START + timedelta(days=day), day * 10.0) for day in range(11)]
    assert runs_out_at(points, 200) == START + timedelta(days=20)
    assert projected(points, START + timedelta(days=30)) == 300
    assert "Runs out 21 Mar" in line(points, limit=200, ends_at=START + timedelta(days=30))


def test_a_limit_that_is_reached_already_says_since_when() -> None:
    points = [(START + timedelta(days=day), day * 10.0) for day in range(11)]
    assert runs_out_at(points, 45) == START + timedelta(days=5)
    assert "At limit since 6 Mar" in line(points, limit=45, ends_at=START + timedelta(days=30))


def test_nothing_used_never_runs_out() -> None:
    points = [(START, 0.0), (START + timedelta(days=5), 0.0)]
    assert runs_out_at(points, 10) is None
    assert "does not run out" in line(points, limit=10, ends_at=START + timedelta(days=30))


def test_a_price_is_level_until_it_changes_and_absent_where_nothing_is_known() -> None:
    two = [
        (days(11)[0], Decimal(4)),
        (days(11)[2], Decimal(2)),
        (days(11)[4], None),
        (days(11)[8], Decimal(1)),
    ]
    svg = steps([("azure", two)], until=days(11)[10], height=100)
    [path] = re.findall(r'class="step s0" d="([^"]+)"', svg)
    assert path == "M0.0,0.0L200.0,0.0L200.0,50.0L400.0,50.0M800.0,75.0L1000.0,75.0"
    assert [words.split(": ")[1] for words in words_of(svg)] == ["$4.00", "$2.00", "unknown", "$1.00"]


def test_a_price_is_told_to_its_last_digit() -> None:
    svg = steps([("azure", [(START, Decimal("0.271999999999999996"))])], until=days(2)[1])
    assert words_of(svg) == ["From 1 Mar 2026\nazure: $0.271999999999999996"]


def test_lives_share_one_time_and_what_is_ahead_is_marked() -> None:
    rows = [Lane("a", [Span(days(11)[0], days(11)[5], "Preview", "info")]),
            Lane("b", [Span(days(11)[5], days(11)[10], "Retired", "bad", ahead=True)])]  # fmt: skip
    svg = lanes(rows, now=days(11)[5])
    assert re.findall(r'<rect class="([^"]+)" x="([^"]+)" width="([^"]+)"', svg) == [
        ("info", "0%", "50%"),
        ("bad ahead", "50%", "50%"),
    ]
    assert svg.count('class="today" x1="50%"') == 2
    assert lanes([Lane("a", [])], now=START) == ""
