"""Calendars of budgets for tests."""

from datetime import datetime, timedelta
from typing import Any

import psycopg

from tests.make.people import person
from tests.servers import Urls


def berlin(at: datetime, days: int = 20) -> dict[str, Any]:
    """What `plan_calendar` takes, for a day so far ahead."""
    day = (at + timedelta(days=days)).date()
    return {"zone": "Europe/Berlin", "first_day": 1, "from_day": day, "reason": "Our books."}


def calendar_since(urls: Urls, zone: str, from_at: datetime, first_day: int = 1) -> None:
    """A calendar that has begun already, which only the owner of the tables can write."""
    by = person(roles=("finance",)).pk
    with psycopg.connect(urls.owner_url, autocommit=True) as owner:
        owner.execute("ALTER TABLE quotas_calendar DISABLE TRIGGER quotas_calendar_guard")
        owner.execute(
            "INSERT INTO quotas_calendar (from_at, zone, first_day, reason, set_by_id) VALUES (%s, %s, %s, 'test', %s)",
            [from_at, zone, first_day, by],
        )
        owner.execute("ALTER TABLE quotas_calendar ENABLE TRIGGER quotas_calendar_guard")
