"""The calendar of budgets: who changes it and from when on, what it does, and how it is told."""

from datetime import UTC, date, timedelta

import pytest
from django.db import DatabaseError, transaction

from foundry.audit.models import Entry
from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.notify.models import Event
from tenants.levels.actions import plan_calendar, withdraw_calendar
from tenants.levels.calendar_rules import effect, usable
from tenants.quotas.models import Calendar
from tenants.quotas.use import period_of
from tests import make
from tests.foundry.web.markup import faults
from tests.people import api, browser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]
DAY = timedelta(days=1)


def test_finance_and_admins_plan_it_and_everybody_concerned_is_told_once() -> None:
    grant, at = make.grant(), clock.now()
    owner, finance, member = make.owner_of(grant.team), make.person(roles=("finance",)), make.person()
    for person in (owner, member, make.person(roles=("ops",))):
        with pytest.raises(Forbidden):
            plan_calendar(**make.berlin(at), actor=person, at=at)
    row = plan_calendar(**make.berlin(at), actor=finance, at=at)
    assert row.from_at.astimezone(UTC).hour in (22, 23)
    assert Entry.objects.latest("pk").verb == "calendar.plan"
    told = Event.objects.get(kind="calendar.plan")
    assert set(told.notices.values_list("person", flat=True)) >= {owner.pk, finance.pk}
    assert not told.notices.filter(person=member).exists()
    assert period_of(at).day.hour == 0  # nothing changes before
    withdraw_calendar(row.pk, actor=make.admin(), at=at)
    assert (row.state(at), Calendar.objects.get(pk=row.pk).state(at)) == ("planned", "withdrawn")
    assert period_of(row.from_at).day.hour == 0
    gone = Event.objects.get(kind="calendar.withdraw")
    assert set(gone.notices.values_list("person", flat=True)) >= {owner.pk, finance.pk}
    with pytest.raises(Conflict):
        withdraw_calendar(row.pk, actor=finance, at=at)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"zone": "Europe/Atlantis"}, "zone"), ({"zone": "'; DROP TABLE x;--"}, "zone"), ({"first_day": 29}, "first_day"),
        ({"first_day": 0}, "first_day"), ({"reason": " "}, "reason"), ({"days": 0}, "from_day"), ({"days": 1_000}, "from_day"),
        ({"from_day": date(1, 1, 1)}, "from_day"), ({"from_day": date(9999, 12, 31)}, "from_day"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named_by_its_field(wrong: dict[str, object], field: str) -> None:
    at = clock.now()
    days = wrong.pop("days", 20)
    assert isinstance(days, int)
    with pytest.raises(Invalid) as refused:
        plan_calendar(**make.berlin(at, days) | wrong, actor=make.admin(), at=at)
    assert set(refused.value.errors) == {field}
    assert not Calendar.objects.exists()


def test_only_one_change_is_planned_and_none_that_changes_nothing() -> None:
    at, admin = clock.now(), make.admin()
    with pytest.raises(Invalid, match="already"):
        plan_calendar(**make.berlin(at) | {"zone": "UTC"}, actor=admin, at=at)
    plan_calendar(**make.berlin(at), actor=admin, at=at)
    with pytest.raises(Conflict, match="planned"):
        plan_calendar(**make.berlin(at, 40) | {"first_day": 5}, actor=admin, at=at)


def test_a_change_says_what_the_day_and_the_month_become() -> None:
    at, admin = clock.now(), make.admin()
    next_month = (at.replace(day=1) + 40 * DAY).date()
    mid = usable("America/New_York", 1, next_month.replace(day=20), "Ours.", actor=admin, at=at)
    first = usable("America/New_York", 1, next_month.replace(day=1), "Ours.", actor=admin, at=at)
    assert "one month's budget" in effect(mid).lines[1]
    assert "goes on until" in effect(first).lines[1], "it would be five hours old"
    east = usable("Asia/Tokyo", 1, next_month.replace(day=1), "Ours.", actor=admin, at=at)
    assert "ends then, too, after" in effect(east).lines[1]
    assert not Calendar.objects.exists()
    first.from_at += timedelta(hours=1)  # no midnight
    with pytest.raises(DatabaseError), transaction.atomic():
        first.save(force_insert=True)


def test_the_page_says_what_counts_and_asks_before_it_plans() -> None:
    at, finance = clock.now(), make.person(roles=("finance",))
    person = browser(finance)
    form = {name: str(value) for name, value in make.berlin(at).items()}
    seen = person.get("/limits/calendar/").content.decode()
    assert "Days begin at midnight, UTC; months on day 1." in seen
    assert faults(seen) == []
    asked = person.post("/limits/calendar/", form).content.decode()
    assert "days with one month" in asked
    assert "Plan it" in asked
    assert faults(asked) == []
    assert not Calendar.objects.exists()
    assert person.post("/limits/calendar/", form | {"confirmed": "1"}).status_code == 302
    row = Calendar.objects.get()
    seen = person.get("/limits/calendar/").content.decode()
    assert "Days begin at midnight, Europe/Berlin; months on day 1." in seen
    assert "planned" in seen
    assert "Withdraw it" in seen
    assert "Withdraw it" not in browser(make.person()).get("/limits/calendar/").content.decode()
    again = person.post("/limits/calendar/", form | {"first_day": "5"})
    assert (again.status_code, b"Withdraw that one first." in again.content) == (400, True)
    assert person.post(f"/limits/calendar/{row.pk}/withdraw/").status_code == 302
    row.refresh_from_db()
    assert row.withdrawn_by == finance


def test_by_the_api_it_is_tried_planned_listed_and_withdrawn() -> None:
    at, client = clock.now(), api(make.person(roles=("finance",)))
    body = {name: str(value) for name, value in make.berlin(at).items()}
    tried = client.post("/api/v1/budget-calendar/preview/", body, content_type="application/json").json()
    assert tried["before"]["day_ends"] == tried["after"]["day"]
    assert len(tried["told"]) == 2
    made = client.post("/api/v1/budget-calendar/", body, content_type="application/json")
    assert (made.status_code, made.json()["state"]) == (201, "planned")
    assert [row["id"] for row in client.get("/api/v1/budget-calendar/").json()["results"]] == [
        made.json()["id"]
    ]
    period = client.get("/api/v1/budget-calendar/period/", {"at": made.json()["from_at"]}).json()
    assert period["day"] == made.json()["from_at"]
    gone = client.post(f"/api/v1/budget-calendar/{made.json()['id']}/withdraw/")
    assert (gone.status_code, gone.json()["state"]) == (200, "withdrawn")
    for far in ("9999-12-31", "0001-01-01T00:00:00%2B14:00"):
        assert client.get(f"/api/v1/budget-calendar/period/?at={far}").status_code == 400
    bad = client.post("/api/v1/budget-calendar/", body | {"zone": "Mars"}, content_type="application/json")
    assert (bad.status_code, "zone" in bad.json()["errors"]) == (400, True)
