"""The calendar of budgets in what is counted: its past cannot be changed, and each call is in one day and one month."""

import threading
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import connection

from foundry.lib import clock
from foundry.lib.errors import Conflict
from tenants.levels.actions import plan_calendar, set_limit
from tenants.levels.rules import Target
from tenants.quotas.models import Calendar, Window
from tenants.quotas.use import of_grants
from tenants.usage.ingest import ingest
from tenants.usage.level_toll import met
from tenants.usage.verify import verify
from tests import make
from tests.make.calendar import calendar_since
from tests.servers import Urls
from tests.tenants.usage.test_ingest import call

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE quotas_calendar SET zone = 'Asia/Tokyo'",
        "UPDATE quotas_calendar SET from_at = from_at + interval '1 day'",
        "UPDATE quotas_calendar SET first_day = 2",
        "UPDATE quotas_calendar SET withdrawn_at = now(), withdrawn_by_id = set_by_id WHERE from_at < now()",
        "DELETE FROM quotas_calendar",
        "TRUNCATE quotas_calendar",
        "INSERT INTO quotas_calendar (from_at, zone, first_day, reason, set_by_id)"
        " SELECT from_at - interval '30 days', 'UTC', 1, 'x', set_by_id FROM quotas_calendar LIMIT 1",
        "INSERT INTO quotas_calendar (from_at, zone, first_day, reason, set_by_id)"
        " SELECT date_trunc('day', now()) + interval '2 days 1 hour', 'UTC', 1, 'x', set_by_id FROM quotas_calendar LIMIT 1",
        "INSERT INTO quotas_calendar (from_at, zone, first_day, reason, set_by_id)"
        " SELECT date_trunc('day', now()) + interval '2 days', 'Nowhere', 1, 'x', set_by_id FROM quotas_calendar LIMIT 1",
    ],
)
def test_the_past_cannot_be_counted_otherwise_by_any_statement(committed: Urls, statement: str) -> None:
    calendar_since(committed, "Europe/Berlin", datetime(2026, 2, 28, 23, tzinfo=UTC))
    for url in (committed.app_url, committed.owner_url):
        with psycopg.connect(url) as one, pytest.raises(psycopg.Error):
            one.execute(statement)
    row = Calendar.objects.get()
    assert (row.zone, row.first_day, row.withdrawn_at) == ("Europe/Berlin", 1, None)


def test_calls_around_a_change_are_counted_once_each_and_the_ledger_proves_it(committed: Urls) -> None:
    """Lord Howe's clocks are half an hour off, so that an hour of the ledger is in two days of the budget."""
    change = datetime(2026, 2, 28, 13, 0, tzinfo=UTC)  # midnight there, 1 March
    calendar_since(committed, "Australia/Lord_Howe", change)
    change_back = datetime(2026, 4, 4, 13, 0, tzinfo=UTC)  # 5 April, on which its clocks go back half an hour
    grant = make.grant()
    set_limit(
        Target(team=grant.team),
        kind="tokens_per_day",
        maximum=10**6,
        reason="x",
        actor=make.admin(),
        at=clock.now(),
    )
    moments = [
        border + timedelta(minutes=15 * n) for border in (change, change_back) for n in range(-100, 130)
    ]
    ingest([call(n, grant.team_id, grant_id=grant.pk, started_at=at) for n, at in enumerate(moments)])
    days = {
        w.starts_at: w.tokens_spent // 110 for w in Window.objects.filter(holder_id=grant.pk, period="day")
    }
    assert days[change] == 96
    assert days[datetime(2026, 2, 28, tzinfo=UTC)] == 13 * 4  # cut by the change
    assert days[change_back] == 98  # 24 and a half hours
    assert sum(days.values()) == len(moments)
    assert [proof.differing for proof in verify()] == [[]] * 5
    assert of_grants([grant.pk], change)[grant.pk]["tokens_per_day"] == 96 * 110


def test_a_half_hours_day_is_told_in_whole_hours_to_who_would_limit_it(committed: Urls) -> None:
    calendar_since(committed, "Asia/Kathmandu", datetime(2026, 1, 31, 18, 15, tzinfo=UTC))
    grant, at = make.grant(), clock.now()
    ingest([call(n, grant.team_id, grant_id=grant.pk, started_at=at - n * DAY) for n in range(3)])
    words = met(Target(team=grant.team), "tokens_per_day", 100, at)
    assert "3 of them used more" in words


def test_of_two_who_plan_at_once_one_does_and_the_other_hears_why(committed: Urls) -> None:
    at = clock.now()
    people, together, heard = [make.admin(), make.admin()], threading.Barrier(2), []

    def plan(number: int) -> None:
        together.wait()
        try:
            plan_calendar(**make.berlin(at, 20 + number), actor=people[number], at=at)
            heard.append("planned")
        except Conflict as refused:
            heard.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=plan, args=[number]) for number in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(heard) == ["calendar.planned", "planned"]
    assert Calendar.objects.count() == 1


def test_what_the_databases_clock_finds_too_late_is_said_as_such(committed: Urls) -> None:
    """A console whose clock is behind plans for a midnight that is minutes away."""
    midnight = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    behind = midnight - 2 * DAY
    with pytest.raises(Conflict) as refused:
        plan_calendar(
            zone="Europe/London",
            first_day=3,
            from_day=midnight.date() - DAY,
            reason="x",
            actor=make.admin(),
            at=behind,
        )
    assert refused.value.code == "calendar.too_late"
    assert not Calendar.objects.exists()
