"""One call's page tells its route, its right and its cost; nobody finds a foreign one."""

from typing import Any

import pytest

from catalog.models import Price
from foundry.lib import clock
from tenants.access.models import Grant
from tenants.usage.ingest import ingest
from tests import make
from tests.foundry.web.markup import faults
from tests.people import browser
from tests.tenants.usage.test_ingest import call

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]


def booked(grant: Grant, **fields: Any) -> None:
    key, _ = make.key(grant)
    named: dict[str, Any] = {
        "source": "gateway", "call_id": "0192-call", "started_at": clock.now(), "grant_id": grant.pk, "key_id": key.pk,
        "application_id": key.application_id, "offer_id": grant.offer_id, "model": str(grant.offer.model),
        "price_id": Price.objects.get(offer=grant.offer).pk, "basis": "host",
        "tokens_in": 1_000_000, "tokens_cached": 400_000, "tokens_out": 100_000, "cost_nanos": 4_500_000_000, "status": 200,
    }  # fmt: skip
    ingest([call(1, grant.team_id, **(named | fields))])


def test_it_tells_route_right_and_cost() -> None:
    grant = make.grant()
    booked(grant)
    page = browser(make.owner_of(grant.team)).get("/calls/0192-call/").content.decode()
    for told in (
        "0192-call",
        grant.team.name,
        str(grant.offer),
        "1,100,000",
        "$4.50",
        "$3.00",
        "$1.80",
        "$1.20",
        "$1.50",
    ):
        assert told in page, told
    assert f"/grants/{grant.pk}/" in page
    assert "60,000" in page
    assert faults(page) == []


def test_a_refused_call_says_why() -> None:
    grant = make.grant()
    free: dict[str, Any] = {
        "tokens_in": 0,
        "tokens_cached": 0,
        "tokens_out": 0,
        "cost_nanos": 0,
        "basis": "none",
        "price_id": None,
    }
    booked(grant, outcome="refused", code="limit.tpm", status=429, **free)
    page = browser(make.owner_of(grant.team)).get("/calls/0192-call/").content.decode()
    assert "limit.tpm" in page
    assert "HTTP 429" in page
    assert faults(page) == []


def test_a_call_of_unknown_price_costs_unknown() -> None:
    grant = make.grant()
    booked(grant, cost_nanos=None, basis="unknown", price_id=None)
    assert "unknown" in browser(make.owner_of(grant.team)).get("/calls/0192-call/").content.decode()


def test_nobody_finds_a_foreign_call() -> None:
    booked(make.grant())
    other = browser(make.owner_of(make.team()))
    assert other.get("/calls/0192-call/").status_code == 404
    assert "that you may see is booked" in other.get("/calls/?id=0192-call", follow=True).content.decode()
    assert browser(make.person(roles=("ops",))).get("/calls/0192-call/").status_code == 200


@pytest.mark.parametrize("wanted", ["", "x", "%00", "x" * 5000, "../../etc"])
def test_a_search_that_finds_nothing_says_so(wanted: str) -> None:
    answer = browser(make.person()).get(f"/calls/?id={wanted}", follow=True)
    assert answer.status_code == 200
    assert "callout" in answer.content.decode()


def test_a_search_by_id_leads_there() -> None:
    grant = make.grant()
    booked(grant)
    answer = browser(make.owner_of(grant.team)).get("/calls/?id= 0192-call ")
    assert answer.headers["location"] == "/calls/0192-call/"
