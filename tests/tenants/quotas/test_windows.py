"""When windows end: at UTC's own borders, over year ends and leap days."""

from datetime import UTC, datetime

import pytest

from tenants.quotas.limits import resets_at


@pytest.mark.parametrize(
    ("kind", "at", "ends"),
    [
        ("rpm", "2026-12-31T23:59:59.9", "2027-01-01T00:00:00"),
        ("tpm", "2026-11-01T10:15:00", "2026-11-01T10:16:00"),
        ("tokens_per_day", "2028-02-28T23:00:00", "2028-02-29T00:00:00"),
        ("usd_per_day", "2026-12-31T00:00:00", "2027-01-01T00:00:00"),
        ("tokens_per_month", "2028-02-29T12:00:00", "2028-03-01T00:00:00"),
        ("usd_per_month", "2026-12-31T23:59:59", "2027-01-01T00:00:00"),
        ("usd_per_month", "2026-01-31T00:00:00", "2026-02-01T00:00:00"),
    ],
)
def test_a_window_ends_at_the_next_border(kind: str, at: str, ends: str) -> None:
    found = resets_at(kind, datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert found == datetime.fromisoformat(ends).replace(tzinfo=UTC)


def test_calls_at_once_reset_with_a_call_and_not_with_the_clock() -> None:
    assert resets_at("concurrency", datetime(2026, 1, 1, tzinfo=UTC)) is None
