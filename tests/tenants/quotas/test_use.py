"""What a grant has used of its budgets, today and this month."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tenants.quotas.use import of_grants
from tenants.usage.ingest import ingest
from tests import make
from tests.tenants.usage.test_ingest import NOON, call

pytestmark = pytest.mark.django_db


def test_today_and_this_month_are_told_apart() -> None:
    grant = make.grant()
    today = [call(n, grant.team_id, grant_id=grant.pk) for n in range(3)]
    yesterday = call(9, grant.team_id, grant_id=grant.pk, started_at=NOON - timedelta(days=1))
    last_month = call(10, grant.team_id, grant_id=grant.pk, started_at=NOON - timedelta(days=20))
    ingest([*today, yesterday, last_month])
    assert of_grants([grant.pk], NOON) == {
        grant.pk: {
            "tokens_per_day": 330,
            "tokens_per_month": 440,
            "usd_per_day": 1_350_000,
            "usd_per_month": 1_800_000,
        }
    }


def test_a_grant_without_a_call_has_used_nothing() -> None:
    assert set(of_grants([7], NOON)[7].values()) == {0}


def test_many_grants_are_one_question() -> None:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        of_grants(list(range(1, 40)), NOON)
    assert len(asked) == 2  # when its day and month begin, and what is used of them
