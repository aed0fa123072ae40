"""Keys and usage cost the same number of queries for 10 and for 20 rows."""

from collections.abc import Callable

import pytest
from django.test import Client

from foundry.lib import clock
from foundry.people.models import User
from tenants.usage.ingest import ingest
from tests import make
from tests.people import api, browser
from tests.tenants.access.test_same_queries import queries
from tests.tenants.usage.test_ingest import call

pytestmark = pytest.mark.django_db
PAGES: list[tuple[str, Callable[[User], Client]]] = [
    ("/keys/", browser),
    ("/keys/?state=all", browser),
    ("/usage/", browser),
    ("/usage/?by=team", browser),
    ("/usage/?by=key&range=24h", browser),
    ("/usage/csv/", browser),
    ("/api/v1/keys/", api),
    ("/api/v1/usage/summary/?by=team,model,host,key,application,outcome,day", api),
    ("/api/v1/usage/events/", api),
]


def fill(times: int, first: int) -> None:
    """That many teams, each with a grant, a key and a call of its own."""
    for number in range(first, first + times):
        grant = make.grant()
        key, _ = make.key(grant)
        named = {
            "grant_id": grant.pk,
            "key_id": key.pk,
            "application_id": key.application_id,
            "offer_id": grant.offer_id,
        }
        ingest([call(number, grant.team_id, started_at=clock.now(), model=str(grant.offer.model), **named)])


@pytest.mark.parametrize(("page", "client"), PAGES, ids=[page for page, _ in PAGES])
def test_twenty_rows_cost_what_ten_do(page: str, client: Callable[[User], Client], redis_url: str) -> None:
    boss = make.admin()
    fill(10, 0)
    ten = queries(client(boss), page)
    fill(10, 10)
    assert queries(client(boss), page) == ten
