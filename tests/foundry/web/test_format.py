"""Numbers, money and time as people read them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from foundry.web import format

NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)


@pytest.mark.parametrize(
    ("nanos", "text"),
    [
        (1_234_560_000_000, "$1,234.56"),
        (0, "$0.00"),
        (1, "$0.000000001"),
        (123_400, "$0.000123"),
        (12_345_678, "$0.0123"),
        (500_000_000, "$0.50"),
        (1_000_000_000, "$1.00"),
        (1_005_000_000, "$1.01"),
        (-2_500_000_000, "−$2.50"),
        (None, "unknown"),
    ],
)
def test_money_shows_cents_from_a_dollar_up_and_three_digits_below(nanos: int | None, text: str) -> None:
    assert format.money_nanos(nanos) == text


@pytest.mark.parametrize(
    ("price", "text"),
    [
        ("3", "$3.00"),
        ("0.075", "$0.075"),
        ("0", "$0.00"),
        ("1250", "$1,250.00"),
        ("0.000000000001", "$0.000000000001"),
    ],
)
def test_a_price_per_million_is_shown_exactly(price: str, text: str) -> None:
    assert format.per_million(Decimal(price)) == text


def test_an_unknown_price_is_unknown_and_never_zero() -> None:
    assert format.per_million(None) == "unknown"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1234, "1.23K"),
        (12_345, "12.3K"),
        (999_950, "1.00M"),
        (1_234_567, "1.23M"),
        (812_400_000, "812M"),
        (12_490_000_000, "12.5B"),
        (999_999_999_999, "1.00T"),
        (-1500, "-1.50K"),
        (0.25, "0.25"),
        (None, "unknown"),
    ],
)
def test_a_compact_number_keeps_three_digits(number: float | None, text: str) -> None:
    assert format.compact(number) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.912, "91 %"),
        (0, "0 %"),
        (1, "100 %"),
        (0.9996, "99.9 %"),
        (0.004, "0.4 %"),
        (0.0001, "< 0.1 %"),
        (1.2, "120 %"),
    ],
)
def test_a_share_is_never_rounded_to_nothing_or_to_all(share: float, text: str) -> None:
    assert format.pct(share) == text


@pytest.mark.parametrize(
    ("away", "text"),
    [
        (timedelta(seconds=-45), "45 s ago"),
        (timedelta(hours=-3), "3 h ago"),
        (timedelta(days=12), "in 12 days"),
        (timedelta(days=12, milliseconds=-4), "in 12 days"),
        (timedelta(minutes=90), "in 1 h"),
        (timedelta(0), "just now"),
    ],
)
def test_a_moment_is_told_in_its_largest_unit(away: timedelta, text: str) -> None:
    assert format.ago(NOW + away, NOW) == text


def test_a_date_is_counted_in_whole_days() -> None:
    assert [format.until(date(2026, 3, day), NOW) for day in (13, 14, 15, 26)] == [
        "1 day ago",
        "today",
        "in 1 day",
        "in 12 days",
    ]


def test_a_limit_in_money_comes_in_nano_dollars_and_others_are_grouped() -> None:
    assert format.limit_words("usd_per_month", 500_000_000_000) == "$500.00 per month"
    assert format.limit_words("tpm", 400_000) == "400,000 tokens per minute"
    assert format.limit_words("rpm", None) == "no limit"
