"""The ledger's proof notices each way in which it could disagree with itself."""

from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command

from tenants.usage.ingest import ingest
from tenants.usage.verify import verify
from tests import make
from tests.servers import Urls
from tests.tenants.usage.test_ingest import call

PLANTS = {
    "an hour with a token too many": (
        "UPDATE usage_hour SET tokens_in = tokens_in + 1",
        "hours against events",
    ),
    "an hour with a nano-dollar too few": (
        "UPDATE usage_hour SET cost_nanos = cost_nanos - 1",
        "hours against events",
    ),
    "an hour that is gone": ("DELETE FROM usage_hour", "hours against events"),
    "a lost event": ("DELETE FROM usage_event WHERE call_id = 'call-1'", "calls known and booked"),
    "a budget charged wrongly": (
        "UPDATE quotas_window SET tokens_spent = tokens_spent + 1",
        "budgets' windows against events",
    ),
    "a hold that nobody has": ("UPDATE quotas_window SET tokens_held = 5", "what processes lease"),
}


@pytest.fixture
def booked(committed: Urls) -> Urls:
    grant = make.grant()
    ingest([call(number, grant.team_id, grant_id=grant.pk) for number in range(3)])
    return committed


def test_a_whole_ledger_agrees_and_says_how_much_was_compared(booked: Urls) -> None:
    out = StringIO()
    call_command("ledger", "verify", stdout=out)
    assert {each.name: each.compared for each in verify()} == {
        "calls known and booked": 3,
        "calls booked once": 3,
        "hours against events": 1,
        "budgets' windows against events": 2,
        "what processes lease": 2,
    }
    assert "3 compared, agree" in out.getvalue()


@pytest.mark.parametrize("plant", sorted(PLANTS))
def test_it_names_what_differs(plant: str, booked: Urls) -> None:
    statement, proof = PLANTS[plant]
    with psycopg.connect(booked.super_url) as superuser:
        superuser.execute(statement)
    told = {each.name: each.differing for each in verify()}
    assert told[proof], told
    with pytest.raises(CommandError, match="does not agree"):
        call_command("ledger", "verify", stdout=StringIO(), stderr=StringIO())


def test_it_names_a_call_that_is_booked_twice(booked: Urls) -> None:
    columns = (
        "source, call_id, started_at, team_id, model, outcome, code, streamed, "
        "tokens_in, tokens_out, tokens_cached, tokens_reasoning, basis"
    )
    with psycopg.connect(booked.super_url) as superuser:
        superuser.execute(
            f"INSERT INTO usage_event ({columns}) SELECT {columns} FROM usage_event WHERE call_id = 'call-2'"
        )
    told = {each.name: each.differing for each in verify()}
    assert told["calls booked once"] == ["test call-2 is booked 2 times"]
