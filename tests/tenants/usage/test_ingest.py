"""Every call once: replays, contradictions, and sums that follow exactly."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import ProgrammingError, connection
from django.db.models import Sum

from tenants.quotas.models import Window
from tenants.usage.envelope import KINDS, Basis, Envelope, Outcome
from tenants.usage.ingest import ingest
from tenants.usage.models import UsageEvent, UsageHour
from tenants.usage.verify import verify
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


def test_the_same_call_with_two_contents_in_one_batch_is_named_and_the_first_word_kept() -> None:
    taken = ingest([call(1), call(1, tokens_in=999), call(2)])
    assert (taken.accepted, taken.duplicate, taken.conflicting) == (2, 1, ["call-1"])
    assert UsageEvent.objects.get(call_id="call-1").tokens_in == 100


def test_booking_never_reads_through_the_calls_that_are_booked() -> None:
    """What a call costs does not grow with the ledger; also where some are known already, with another content."""
    before = scans()
    ingest([call(number) for number in range(200)])
    ingest([call(number, tokens_in=number) for number in range(190, 210)])
    assert scans() == before


def scans() -> int:
    """How often this connection has read one of the ledger's tables from end to end."""
    told = (
        "SELECT coalesce(sum(seq_scan), 0) FROM pg_stat_xact_user_tables WHERE relname ~ '^usage_(key|event)'"
    )
    with connection.cursor() as cursor:
        cursor.execute(told)
        return int(cursor.fetchone()[0])


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
    windows = Window.objects.filter(holder_id=grant.pk)
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


def test_kinds_tags_and_what_hosts_say_are_in_the_hours_as_in_the_events() -> None:
    def kinds(**counts: int) -> tuple[int, ...]:
        return tuple(counts.get(kind, 0) for kind in KINDS)

    ingest([
        call(1, tag="v1", kinds=kinds(cache_write=40, web_search=2), told_nanos=500_000),
        call(2, tag="v1", kinds=kinds(cache_write=2, audio_output=10), told_nanos=400_000),
        call(3, tag="v1", cost_nanos=None, basis=Basis.UNKNOWN, told_nanos=7),
        call(4, tag="v2"),
    ])  # fmt: skip
    ingest([call(5, tag="v1", kinds=kinds(cache_write_1h=1)), call(6, tag="v2", kinds=kinds(image_input=5))])
    v1 = UsageHour.objects.get(tag="v1", basis=Basis.REFERENCE)
    assert dict(zip(KINDS, v1.kinds or [], strict=True)) == dict(
        zip(KINDS, kinds(cache_write=42, cache_write_1h=1, audio_output=10, web_search=2), strict=True)
    )
    assert (v1.calls, v1.told_calls, v1.told_nanos, v1.told_cost_nanos) == (3, 2, 900_000, 900_000)
    v2 = UsageHour.objects.get(tag="v2")
    assert (v2.calls, v2.told_calls, sum(v2.kinds or [])) == (2, 0, 5)
    unknown = UsageHour.objects.get(basis=Basis.UNKNOWN)
    assert (unknown.kinds, unknown.told_calls, unknown.told_nanos) == (None, 0, 0)
    assert [proof.differing for proof in verify() if proof.differing] == []
    UsageHour.objects.filter(pk=v2.pk).update(kinds=[0] * len(KINDS))
    assert [proof.name for proof in verify() if proof.differing] == ["hours against events"]
