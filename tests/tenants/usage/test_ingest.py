"""Every call once: replays, contradictions, and sums that follow exactly."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import ProgrammingError, connection
from django.db.models import Sum

from tenants.quotas.models import Window
from tenants.usage.envelope import Basis, Envelope, Outcome
from tenants.usage.ingest import ingest
from tenants.usage.models import UsageEvent, UsageHour
from tests import make

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def call(number: int, team_id: int = 1, **fields: object) -> Envelope:
    defaults: dict[str, object] = {
        "source": "test",
        "call_id": f"call-{number}",
        "started_at": NOON + timedelta(minutes=number),
        "team_id": team_id,
        "outcome": Outcome.OK,
        "model": "xai/grok-3",
        "tokens_in": 100,
        "tokens_out": 10,
        "cost_nanos": 450_000,
        "basis": Basis.REFERENCE,
        "latency_ms": 210,
    }
    return Envelope(**(defaults | fields))  # type: ignore[arg-type]


def test_a_replayed_batch_changes_nothing() -> None:
    batch = [call(number) for number in range(100)]
    assert ingest(batch).accepted == 100
    again = ingest(batch)
    assert (again.accepted, again.duplicate, again.conflicting) == (0, 100, [])
    assert UsageEvent.objects.count() == 100


def test_a_call_twice_in_one_batch_counts_once() -> None:
    taken = ingest([call(1), call(1)])
    assert (taken.accepted, taken.duplicate, taken.conflicting) == (1, 1, [])
    assert UsageHour.objects.aggregate(total=Sum("calls"))["total"] == 1


def test_the_same_call_with_another_content_is_named_and_changes_nothing() -> None:
    ingest([call(1)])
    taken = ingest([call(1, tokens_in=999)])
    assert (taken.accepted, taken.conflicting) == (0, ["call-1"])
    assert UsageEvent.objects.get().tokens_in == 100


def test_hours_hold_exactly_what_the_events_hold() -> None:
    ingest([call(number, tokens_in=number, cost_nanos=number * 7) for number in range(150)])
    sums = {
        name: UsageEvent.objects.aggregate(total=Sum(name))["total"]
        for name in ("tokens_in", "tokens_out", "cost_nanos")
    }
    told = {name: UsageHour.objects.aggregate(total=Sum(name))["total"] for name in sums}
    assert told == sums
    assert list(UsageHour.objects.values_list("hour", "calls")) == [
        (NOON, 60),
        (NOON + timedelta(hours=1), 60),
        (NOON + timedelta(hours=2), 30),
    ]


def test_an_unknown_price_is_counted_and_is_not_zero() -> None:
    ingest([call(1, cost_nanos=None, basis=Basis.UNKNOWN), call(2)])
    unknown = UsageHour.objects.get(basis="unknown")
    assert (unknown.cost_nanos, unknown.unknown_cost_calls) == (0, 1)
    assert UsageEvent.objects.get(call_id="call-1").cost_nanos is None


def test_a_grants_windows_are_charged_with_what_was_booked() -> None:
    grant = make.grant()
    ingest([call(number, grant.team_id, grant_id=grant.pk) for number in range(3)])
    windows = Window.objects.filter(grant=grant)
    assert {(row.period, row.tokens_spent, row.usd_nanos_spent) for row in windows} == {
        ("day", 330, 1_350_000),
        ("month", 330, 1_350_000),
    }


@pytest.mark.parametrize(
    "statement", ["UPDATE usage_event SET tokens_in = 0", "DELETE FROM usage_event", "DELETE FROM usage_key"]
)
def test_the_application_cannot_change_or_remove_what_is_booked(statement: str) -> None:
    ingest([call(1)])
    with connection.cursor() as cursor, pytest.raises(ProgrammingError, match="permission denied"):
        cursor.execute(statement)
