"""Lists cost the same number of queries for 10 and for 20 rows."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from foundry.lib import clock
from foundry.people.models import User
from tenants.access import actions
from tests import make
from tests.people import api, browser

pytestmark = pytest.mark.django_db


def queries(client: Client, page: str) -> int:
    client.get(page)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(page).status_code == 200
    return len(captured)


def fill(kind: str, times: int) -> None:
    for _ in range(times):
        if kind == "grant":
            make.grant(limits={"tpm": 100, "rpm": 10})
        elif kind == "glass":
            grant = make.grant(limits={"tpm": 100})
            fields = {"limits": {"tpm": 150}, "hours": 1, "reason": "An outage."}
            actions.break_glass(grant.pk, **fields, actor=make.owner_of(grant.team), at=clock.now())  # type: ignore[arg-type]
        elif kind == "request":
            make.approved_step(make.request(data_class="restricted"))
            make.request()
        else:
            make.application(make.team(members=(make.person(),)))


LISTS: list[tuple[str, str, Callable[[User], Client]]] = [
    ("request", "/requests/", browser),
    ("request", "/approvals/", browser),
    ("glass", "/approvals/", browser),
    ("glass", "/grants/", browser),
    ("glass", "/api/v1/raises/", api),
    ("glass", "/api/v1/grants/", api),
    ("request", "/", browser),
    ("grant", "/grants/", browser),
    ("grant", "/", browser),
    ("team", "/teams/", browser),
    ("request", "/api/v1/requests/", api),
    ("grant", "/api/v1/grants/", api),
    ("team", "/api/v1/teams/", api),
]


@pytest.mark.parametrize(("kind", "page", "client"), LISTS, ids=[f"{kind} {page}" for kind, page, _ in LISTS])
def test_a_list_asks_as_often_for_ten_rows_as_for_twenty(
    kind: str, page: str, client: Callable[[User], Client]
) -> None:
    boss = make.person(roles=("admin", "security"))
    fill(kind, 10)
    ten = queries(client(boss), page)
    fill(kind, 10)
    assert queries(client(boss), page) == ten
