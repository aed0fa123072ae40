"""Where the days and months of budgets begin and end: UTC's own borders, zones' days of 23 to 25 hours, changes in between."""

import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenants.quotas.periods import Period, Periods
from tenants.quotas.use import period_of, periods_from, users
from tenants.usage.ingest import ingest
from tests import make
from tests.make.calendar import calendar_since
from tests.servers import Urls
from tests.tenants.usage.test_ingest import call

QUARTER, A_MOMENT, DAY = timedelta(minutes=15), timedelta(microseconds=1), timedelta(days=1)
# None whose law changed lately, since Python's tables and PostgreSQL's may be of different years.
# Midnight is left out, or comes twice, or the clocks differ by parts of an hour, or by half an hour in summer only.
ODD = [
    "Africa/Cairo", "America/Havana", "America/Santiago", "Asia/Beirut", "America/Asuncion", "Asia/Kathmandu",
    "Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Kiritimati", "America/St_Johns", "Antarctica/Troll",
    "Europe/Dublin", "Europe/Berlin", "America/New_York",
]  # fmt: skip


@pytest.mark.django_db
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
def test_without_a_calendar_a_window_ends_at_utcs_next_border(kind: str, at: str, ends: str) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert period_of(moment).resets_at(kind, moment) == datetime.fromisoformat(ends).replace(tzinfo=UTC)


def test_calls_at_once_reset_with_a_call_and_not_with_the_clock() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert Period(now, now + DAY, now, now + DAY).resets_at("concurrency", now) is None


def test_a_moment_beyond_the_days_that_are_known_is_none_of_them() -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    known = Periods(Period(first + n * DAY, first + (n + 1) * DAY, first, first + 31 * DAY) for n in range(9))
    assert known.at(first + 8.5 * DAY).day == first + 8 * DAY
    assert known.at(first).day == first
    assert (known.run_out(first + 6.9 * DAY), known.run_out(first + 7 * DAY)) == (False, True)
    for moment in (first - A_MOMENT, first + 9 * DAY):
        with pytest.raises(LookupError):
            known.at(moment)


def first_of(day: date, zone: ZoneInfo) -> datetime:
    """The first quarter of an hour in which that day is on the zone's clocks, by looking at each: Python's own tables judge."""
    at = datetime.combine(day, time(), UTC) - timedelta(hours=15)
    while at.astimezone(zone).date() < day:
        at += QUARTER
    return at


@pytest.mark.parametrize("zone", ODD)
def test_a_day_begins_with_the_first_instant_of_its_date(committed: Urls, zone: str) -> None:
    """Through two years, so that every change of the clocks is met."""
    named = ZoneInfo(zone)
    since = first_of(date(2026, 12, 1), named)
    calendar_since(committed, zone, since)
    days = periods_from(since, 760).days
    assert [each.day for each in days] == [first_of(date(2026, 12, 1) + n * DAY, named) for n in range(760)]
    assert all(one.day_ends == two.day for one, two in itertools.pairwise(days))
    months = sorted({each.month for each in days})
    assert months[1:] == [each.day for each in days[1:] if each.day.astimezone(named).date().day == 1]


def borders(rows: list[tuple[str, int, datetime]]) -> Iterator[datetime]:
    """Moments at which something may go wrong."""
    for _, _, since in rows:
        for hours in (-800, -30, -1, 0, 1, 30, 800):
            yield since + timedelta(hours=hours)
        yield since - A_MOMENT


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(["UTC", *ODD]), st.integers(1, 28), st.integers(2, 90)),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_is_changed_no_moment_is_in_two_windows_or_in_none(
    committed: Urls, rules: list[tuple[str, int, int]]
) -> None:
    rows, day = [], date(2027, 1, 1)
    emptied(committed)
    for zone, first_day, later in rules:
        day += later * DAY
        since = first_of(day, ZoneInfo(zone))
        rows.append((zone, first_day, since))
        calendar_since(committed, zone, since, first_day)
    for at in borders(rows):
        found = period_of(at)
        for begins, ends, name in (
            (found.day, found.day_ends, "day"),
            (found.month, found.month_ends, "month"),
        ):
            assert begins <= at < ends
            last, after = period_of(ends - A_MOMENT), period_of(ends)
            assert getattr(last, name) == begins
            assert getattr(after, name) == ends
        assert found.month <= found.day
        assert found.day_ends <= found.month_ends


def emptied(urls: Urls) -> None:
    """Nobody but the superuser can."""
    with psycopg.connect(urls.super_url) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("DELETE FROM quotas_calendar")


def test_a_day_that_begins_between_two_hours_has_its_own_users(committed: Urls) -> None:
    begins = utc(2027, 3, 15, 18) + 2 * QUARTER
    calendar_since(committed, "Asia/Kolkata", begins - 3 * DAY)
    grant = make.grant()
    keys = [make.key(grant)[0] for _ in range(2)]
    named = {"grant_id": grant.pk, "application_id": keys[0].application_id}
    calls = [(keys[0], begins - A_MOMENT)] * 5 + [(keys[1], begins)]
    ingest(
        [call(n, grant.team_id, key_id=key.pk, started_at=at, **named) for n, (key, at) in enumerate(calls)]
    )
    found = users([grant.pk], begins + timedelta(hours=5))
    assert found[grant.pk, "day", "tokens"] == [(keys[1].application.slug, keys[1].prefix, 1.0)]
    assert len(found[grant.pk, "month", "tokens"]) == 2


def test_a_month_that_runs_goes_on_unless_it_is_as_good_as_over(committed: Urls) -> None:
    """Fiscal months from the 15th, changed on the 15th; another zone on the 20th; westward, and eastward, on the first."""
    calendar_since(committed, "UTC", utc(2027, 3, 15), first_day=15)
    calendar_since(committed, "America/New_York", utc(2027, 5, 20, 4), first_day=1)
    calendar_since(committed, "America/Los_Angeles", utc(2027, 8, 1, 7), first_day=1)
    calendar_since(committed, "Asia/Tokyo", utc(2027, 9, 30, 15), first_day=1)
    months = [(each.month, each.month_ends) for each in periods_from(utc(2027, 3, 1), 250).days]
    assert sorted(set(months)) == [
        (utc(2027, 3, 1), utc(2027, 4, 15)),  # on the 15th it had lasted two weeks
        (utc(2027, 4, 15), utc(2027, 5, 15)),
        (utc(2027, 5, 15), utc(2027, 6, 1, 4)),
        (utc(2027, 6, 1, 4), utc(2027, 7, 1, 4)),
        (utc(2027, 7, 1, 4), utc(2027, 8, 1, 4)),
        (utc(2027, 8, 1, 4), utc(2027, 9, 1, 7)),  # three hours old when the zone changed
        (utc(2027, 9, 1, 7), utc(2027, 9, 30, 15)),  # 29 days old
        (utc(2027, 9, 30, 15), utc(2027, 10, 31, 15)),
        (utc(2027, 10, 31, 15), utc(2027, 11, 30, 15)),
    ]


def utc(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def test_a_law_that_moves_a_planned_midnight_leaves_one_day_to_all_who_count(committed: Urls) -> None:
    """As if clocks had been changed since: the row no longer begins with a day of its zone."""
    calendar_since(committed, "Europe/Berlin", utc(2027, 6, 1, 23))
    days = periods_from(utc(2027, 5, 31), 5).days
    with connection.cursor() as cursor:
        for each in days:
            cursor.execute(
                "SELECT quotas_begins('day', %s), quotas_ends('day', %s)", [each.day_ends - A_MOMENT] * 2
            )
            assert cursor.fetchone() == (each.day, each.day_ends)
