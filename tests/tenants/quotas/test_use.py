"""What a grant has used of its budgets, today and this month."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tenants.access.models import Grant
from tenants.keys.models import ApiKey
from tenants.levels.actions import set_limit
from tenants.levels.rules import Target
from tenants.quotas.limits import KINDS, window_of
from tenants.quotas.use import of_grants, users
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


def busy(grant: Grant, key: ApiKey, calls: int, **fields: Any) -> None:
    """So many calls of the key in the minute of NOON."""
    named = {"grant_id": grant.pk, "application_id": key.application_id, "key_id": key.pk, "started_at": NOON}
    ingest([call(n, grant.team_id, call_id=f"{key.pk}-{n}", **(named | fields)) for n in range(calls)])


def shares(holder: int, kind: str, at: datetime = NOON) -> list[tuple[str, float]]:
    return [
        (key, round(share, 3)) for _, key, share in users([holder], at).get((holder, *window_of(kind)), [])
    ]


def test_users_of_a_window_are_ranked_by_the_limits_own_unit_and_share_all_that_is_used() -> None:
    """Three with many tokens, one with many calls, one with dear ones: 20 calls, 1,540 tokens, 15 dollars."""
    grant = make.grant()
    keys = [make.key(grant)[0] for _ in range(5)]
    for key in keys[:3]:
        busy(grant, key, 2, tokens_in=100, tokens_out=50, cost_nanos=10**8)
    busy(grant, keys[3], 12, tokens_in=30, tokens_out=0, cost_nanos=10**8)
    busy(grant, keys[4], 2, tokens_in=140, tokens_out=0, cost_nanos=66 * 10**8)
    busy(grant, keys[0], 40, outcome="refused", tokens_in=0, tokens_out=0, cost_nanos=0, source="refused")
    first, second, third, many, dear = (key.prefix for key in keys)
    for kind in ("rpm", "concurrency"):
        assert shares(grant.pk, kind) == [(many, 0.6), (first, 0.1), (second, 0.1)]
    for kind in ("tpm", "tokens_per_day", "tokens_per_month"):
        assert shares(grant.pk, kind) == [(many, 0.234), (first, 0.195), (second, 0.195)]
    for kind in ("usd_per_day", "usd_per_month"):
        assert shares(grant.pk, kind) == [(dear, 0.88), (many, 0.08), (first, 0.013)]
    assert third not in dict(shares(grant.pk, "rpm"))


def test_users_are_those_of_the_limits_own_window() -> None:
    grant = make.grant()
    keys = [make.key(grant)[0] for _ in range(4)]
    back = [timedelta(seconds=20), timedelta(minutes=50), timedelta(hours=5), timedelta(hours=20)]
    at = NOON.replace(minute=55, second=30)
    for key, earlier in zip(keys, back, strict=True):
        busy(grant, key, 1, started_at=at - earlier)
    found = {kind: {key for key, _ in shares(grant.pk, kind, at)} for kind in KINDS}
    minute, hour, day, month = ({key.prefix for key in keys[:n]} for n in (1, 2, 3, 4))
    assert (found["rpm"], found["tpm"], found["concurrency"]) == (minute, minute, hour)
    assert found["tokens_per_day"] == found["usd_per_day"] == day
    assert len(month & found["tokens_per_month"]) == 3
    assert [share for _, share in shares(grant.pk, "tokens_per_month", at)] == [0.25] * 3


def test_a_key_and_a_share_have_users_of_their_own_and_the_organisation_tells_of_none() -> None:
    grant, other = make.grant(), make.grant()
    one, two = make.key(grant)[0], make.key(grant)[0]
    foreign = make.key(other)[0]
    for key, of, calls in ((one, grant, 3), (two, grant, 1), (foreign, other, 6)):
        busy(of, key, calls)
    targets = [
        Target(key=one), Target(grant=grant, key=two), Target(grant=grant, application=one.application),
        Target(team=grant.team), Target(),
    ]  # fmt: skip
    more: dict[str, Any] = {"kind": "rpm", "maximum": 10, "reason": "test"}
    holders = [set_limit(each, **more, actor=make.admin(), at=NOON).level.holder_id for each in targets]
    both = [(one.prefix, 0.75), (two.prefix, 0.25)]
    of_application = both if one.application_id == two.application_id else [(one.prefix, 1.0)]
    wanted = [[(one.prefix, 1.0)], [(two.prefix, 1.0)], of_application, both, []]
    for kind in ("rpm", "concurrency", "tpm", "tokens_per_day", "usd_per_month"):
        assert [shares(holder, kind) for holder in holders] == wanted, kind
