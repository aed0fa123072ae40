"""Scripts ask for some calls, and for one; what cannot be asked for is refused in words and never ignored."""

from typing import Any

import pytest
from django.test import Client

from foundry.lib import clock
from foundry.people.models import User
from tenants.access.models import Grant
from tenants.keys.models import ApiKey
from tenants.levels.actions import set_limit
from tenants.levels.rules import Target
from tenants.usage.ingest import ingest
from tests import make
from tests.people import api, browser
from tests.tenants.usage.test_call_page import FREE, booked
from tests.tenants.usage.test_ingest import call

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]
API, EVENTS = "/api/v1/usage/", "/api/v1/usage/events/"


def book(grant: Grant, key: ApiKey, number: int, **more: Any) -> None:
    named = {
        "grant_id": grant.pk, "key_id": key.pk, "application_id": key.application_id, "offer_id": grant.offer_id,
        "model": str(grant.offer.model), "started_at": clock.now(), "source": "gateway",
    }  # fmt: skip
    ingest([call(number, grant.team_id, **(named | more))])


def found(client: Client, query: str) -> list[str]:
    answer = client.get(f"{EVENTS}?{query}")
    assert answer.status_code == 200, answer.content
    return sorted(row["call_id"] for row in answer.json()["results"])


def test_every_filter_of_the_summary_narrows_the_calls_too() -> None:
    grant, other = make.grant(), make.grant()
    mine, foreign = make.key(grant)[0], make.key(other)[0]
    book(grant, mine, 1, tag="v1.2", outcome="cancelled")
    book(other, foreign, 2)
    admin = api(make.admin())
    asked = {
        "team": grant.team.slug, "model": str(grant.offer.model), "host": grant.offer.host.slug, "offer": grant.offer_id,
        "key": mine.pk, "grant": grant.pk, "application": mine.application.slug, "tag": "v1.2", "outcome": "cancelled",
    }  # fmt: skip
    assert found(admin, "limit=10&range=7d") == ["call-1", "call-2"]
    for name, value in asked.items():
        theirs = admin.get(f"{API}summary/?{name}={value}").json()["totals"]["calls"]
        assert (found(admin, f"{name}={value}"), theirs) == (["call-1"], 1), name
    assert found(admin, f"team={other.team.slug}&outcome=cancelled") == []
    assert found(admin, "key=999999999") == []
    member = api(make.owner_of(grant.team))
    assert found(member, "outcome=ok") == []


WRONG = [
    ("outcome=lost", "outcome", "'lost' is no outcome", "cancelled"),
    ("key=abc", "key", "'abc' is no number of a key", "id"),
    ("grant=-1", "grant", "is no number", "id"),
    ("offer=" + "9" * 30, "offer", "is no number", "id"),
    ("team=nowhere", "team", "no team 'nowhere' that you may see", "slug"),
    ("application=nothing", "application", "no application 'nothing'", "slug"),
    ("host=nobody", "host", "no host 'nobody'", "slug"),
    ("colour=red", "colour", "'colour' is nothing to ask for", "application, tag, outcome"),
]


@pytest.mark.parametrize("address", ["events/", "summary/", "export/"])
@pytest.mark.parametrize(("query", "name", "words", "remedy"), WRONG, ids=[each[0][:20] for each in WRONG])
def test_what_cannot_be_asked_for_is_refused_in_words(
    address: str, query: str, name: str, words: str, remedy: str
) -> None:
    answer = api(make.admin()).get(f"{API}{address}?{query}")
    problem = answer.json()
    assert answer.status_code == 400, problem
    assert words in problem["detail"]
    assert remedy in problem["remedy"]
    assert list(problem["errors"]) == [name]


@pytest.mark.parametrize(("query", "status"), [("outcome=lost", 400), ("team=nowhere", 200)])
def test_the_usage_page_says_so_too(query: str, status: int) -> None:
    for page in ("/usage/", "/usage/csv/"):
        assert browser(make.person()).get(f"{page}?{query}").status_code == status


def test_a_foreign_team_reads_as_one_that_is_not() -> None:
    grant, other = make.grant(), make.grant()
    client = api(make.owner_of(grant.team))
    foreign, none = (client.get(f"{EVENTS}?team={slug}") for slug in (other.team.slug, "nowhere"))
    assert foreign.status_code == none.status_code == 400
    assert foreign.json()["detail"].replace(other.team.slug, "nowhere") == none.json()["detail"]


def test_one_call_tells_what_its_page_shows() -> None:
    grant = make.grant(limits={"rpm": 60})
    told: dict[str, Any] = {"kind": "tpm", "maximum": 900, "mode": "hard", "reason": "test"}
    set_limit(Target(team=grant.team), **told, actor=make.admin(), at=clock.now())
    booked(grant, call_id="sent")
    booked(grant, call_id="refused", code="limit.tpm", **FREE)
    client = api(make.owner_of(grant.team))
    one = client.get(f"{EVENTS}sent/").json()
    listed = next(row for row in client.get(EVENTS).json()["results"] if row["call_id"] == "sent")
    assert {name: one[name] for name in listed} == listed
    assert (one["team"], one["offer"], one["why"]) == (grant.team.slug, str(grant.offer), "")
    assert one["cost_usd"] == "4.500000000"
    assert [(part["count"], part["cost_usd"]) for part in one["parts"]] == [
        (600_000, "1.800000000"), (400_000, "1.200000000"), (100_000, "1.500000000"),
    ]  # fmt: skip
    limits = client.get(f"{EVENTS}refused/").json()["limits"]
    assert [(row["scope"], row["kind"], row["maximum"], row["mode"], row["refused"]) for row in limits] == [
        ("team", "tpm", 900, "hard", True), ("grant", "rpm", 60, "hard", False),
    ]  # fmt: skip


def test_one_call_is_told_to_whom_its_page_is_shown() -> None:
    grant = make.grant()
    booked(grant)
    people: list[tuple[User, int]] = [
        (make.owner_of(grant.team), 200), (make.person(roles=("ops",)), 200), (make.owner_of(make.team()), 404),
    ]  # fmt: skip
    for person, status in people:
        assert api(person).get(f"{EVENTS}0192-call/").status_code == status
        assert browser(person).get("/calls/0192-call/").status_code == status
    admin = api(make.admin())
    for call_id in ("none", "%00", "a.b", "0192-call/?source=test"):
        assert admin.get(f"{EVENTS}{call_id}{'' if '?' in call_id else '/'}").status_code == 404, call_id
    assert admin.get(f"{EVENTS}0192-call/?key=1").status_code == 400
