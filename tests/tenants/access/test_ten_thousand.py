"""The inbox asks the database as often for 10,000 open requests as for 10, and a model's page for 500 grants as for 10.

By whom and how they look: who decides, who reads everything, who is of one team and sees only its own; the first page,
the last, sorted, narrowed. The time of each is printed (`-s`), not judged: a busy machine is no fault of a page.
"""

import time
from datetime import timedelta

import psycopg
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from foundry.lib import clock
from foundry.people.models import User
from tenants.access.models import Decision, Grant, Request, Step
from tenants.access.opening import open_new
from tenants.teams.models import Application, Environment, Team
from tests import make
from tests.people import browser
from tests.servers import Urls

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
MANY_REQUESTS, MANY_GRANTS = 10_000, 500
LAST = "page=99999"
INBOX = ["/approvals/", "/approvals/?sort=risk", f"/approvals/?{LAST}", f"/approvals/?sort=risk&{LAST}"]
LISTS = ["/", "/requests/?state=open", f"/requests/?state=open&{LAST}"]


@transaction.atomic
def open_requests(team: Team, like: Request, times: int) -> None:
    """So many open requests, each of an application of its own, each with its step."""
    apps = Application.objects.bulk_create(
        Application(
            team=team,
            slug=f"many-{times}-{n}",
            name=f"Many {n}",
            environment=Environment.PRODUCTION if n % 2 else Environment.DEVELOPMENT,
        )
        for n in range(times)
    )
    at = clock.now()
    rows = Request.objects.bulk_create(
        Request(
            team=team, offer=like.offer, application=app, requester=like.requester, purpose="Many",
            data_class="restricted" if n % 3 else "public", asked={"tpm": 1}, ends_on=like.ends_on,
            policy=like.policy, created_at=at,
        )
        for n, app in enumerate(apps)
    )  # fmt: skip
    Step.objects.bulk_create(
        Step(request=row, position=1, role=("admin", "security")[n % 2], why="It is asked.",
             due_at=at + timedelta(hours=n % 200 - 20))
        for n, row in enumerate(rows)
    )  # fmt: skip


def measured(people: dict[str, User], paths: list[str]) -> dict[str, int]:
    """Queries by person and page; prints how long each took."""
    found = {}
    for who, person in people.items():
        client = browser(person)
        client.get(paths[0])
        for path in paths:
            began = time.perf_counter()
            with CaptureQueriesContext(connection) as captured:
                assert client.get(path).status_code == 200
            found[f"{who} {path}"] = len(captured)
            print(f"{(time.perf_counter() - began) * 1000:6.0f} ms {len(captured):3} queries  {who} {path}")
    return found


def settle(database: Urls) -> None:
    """What autovacuum does within a minute of such a growth: the planner learns how many rows there are."""
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute("ANALYZE")


@pytest.fixture
def people(committed: Urls) -> dict[str, User]:
    roles = {"admin": ("admin",), "approver": ("security",), "auditor": ("auditor",), "member": ()}
    return {who: make.person(roles=held) for who, held in roles.items()}


def test_the_inbox_with_ten_thousand_open_requests(people: dict[str, User], committed: Urls) -> None:
    first = make.request(of=make.team(members=(people["member"],)))
    paths = [*INBOX, *LISTS, f"/requests/?team={first.team.slug}"]
    open_requests(first.team, first, 9)
    settle(committed)
    few = measured(people, paths)
    open_requests(first.team, first, MANY_REQUESTS - 10)
    settle(committed)
    assert Step.objects.next_up().count() == MANY_REQUESTS
    assert measured(people, paths) == few


def test_the_page_of_a_model_with_five_hundred_grants(people: dict[str, User], committed: Urls) -> None:
    first = make.grant(of=make.team(members=(people["member"],)))
    offer = first.offer
    paths = [
        f"/catalog/{offer.model.publisher.slug}/{offer.model.slug}/",
        f"/grants/?offer={offer.pk}",
        "/catalog/",
    ]
    open_grants(first, 9)
    settle(committed)
    few = measured(people, paths)
    open_grants(first, MANY_GRANTS - 10)
    settle(committed)
    assert Grant.objects.live(clock.now()).filter(offer=offer).count() == MANY_GRANTS
    assert measured(people, paths) == few


@transaction.atomic
def open_grants(like: Grant, times: int) -> None:
    """So many more grants of the same offer, every other one of another team, with the decisions behind them."""
    other, at, asked = make.team(), clock.now(), like.request
    apps = Application.objects.bulk_create(
        Application(team=other if n % 2 else like.team, slug=f"more-{times}-{n}", name=f"More {n}",
                    environment=Environment.PRODUCTION)
        for n in range(times)
    )  # fmt: skip
    rows = Request.objects.bulk_create(
        Request(team=app.team, offer=like.offer, application=app, requester=asked.requester, purpose="More",
                data_class="internal", asked=asked.asked, ends_on=asked.ends_on, policy=asked.policy,
                created_at=at)
        for app in apps
    )  # fmt: skip
    steps = Step.objects.bulk_create(
        Step(request=row, position=1, role="admin", why="It is asked.", due_at=at) for row in rows
    )
    decisions = Decision.objects.bulk_create(
        Decision(step=step, request=step.request, outcome="approved", by=like.decision.by, at=at,
                 granted=asked.asked, ends_at=like.ends_at)
        for step in steps
    )  # fmt: skip
    Request.objects.filter(pk__in=[row.pk for row in rows]).update(state="approved", closed_at=at)
    for decision in decisions:
        open_new(decision.request, decision, None, at=at)
