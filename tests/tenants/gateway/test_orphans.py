"""Calls whose gateway died may still run at their host: they count among running calls for a while, and for nothing else."""

import threading
from pathlib import Path

import psycopg
import pytest

from catalog.models import Offer
from tenants.levels.rules import Target
from tenants.usage.models import UsageEvent
from tests import make, processes
from tests.servers import Urls
from tests.tenants.gateway.test_levels import limit
from tests.tenants.gateway.traffic import URL_PATH, burst, nothing_held, question, within

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("scope", ["grant", "team", "share"])
def test_the_slots_of_calls_whose_gateway_died_are_not_handed_out_while_their_host_may_work(
    committed: Urls, tmp_path: Path, offer: Offer, scope: str
) -> None:
    grant = make.grant(
        offer=offer, limits={"tokens_per_day": 10**6, "concurrency": 3 if scope == "grant" else 90}
    )
    key, secret = make.key(grant)
    if scope == "team":
        limit(Target(team=grant.team), "concurrency", 3)
    if scope == "share":
        limit(Target(grant=grant, application=key.application), "concurrency", 3)
    with processes.gateway(tmp_path, committed.gateway_url) as first:
        slow = question(knobs={"delay_ms": 60_000})
        asked = threading.Thread(target=lambda: burst([first.url], secret, [slow] * 2), daemon=True)
        asked.start()
        assert within(10, lambda: first.get("/v1/quota", secret)[0] == 200 and running(first, secret) >= 2)
        first.kill()
        asked.join()
    with processes.gateway(tmp_path, committed.gateway_url) as second:
        assert within(15, lambda: UsageEvent.objects.filter(outcome="unknown").count() == 2)
        assert within(10, nothing_held), "budgets are given back"
        busy = question(knobs={"delay_ms": 2_000})
        codes = sorted(answer.code for answer in burst([second.url], secret, [busy] * 2))
        assert codes == ["", "limit.concurrency"]
        with psycopg.connect(committed.super_url) as superuser:
            superuser.execute("UPDATE gateway.orphaned SET until = now()")
        assert [answer.code for answer in burst([second.url], secret, [busy] * 3)] == [""] * 3


def running(gateway: processes.Server, secret: str) -> int:
    """How many calls run under the limit of calls at once that binds first."""
    (told,) = gateway.get("/v1/quota", secret)[1]["data"]
    return max(int(row["used"]) for row in told["limits"] if row["kind"] == "concurrency")


def test_who_ends_cleanly_leaves_none(committed: Urls, tmp_path: Path, offer: Offer) -> None:
    _, secret = make.key(make.grant(offer=offer, limits={"concurrency": 1}))
    for _ in range(2):
        with processes.gateway(tmp_path, committed.gateway_url) as gateway:
            assert gateway.post(URL_PATH, question(), secret)[0] == 200
