"""requests/ and grants/ over the API: shapes, scopes, 404 for foreign rows, 409 for who came second."""

from datetime import timedelta
from typing import Any

import pytest

from foundry.lib import clock
from foundry.people.models import User
from tenants.access.models import Grant, Request
from tenants.teams.models import Team
from tests import make
from tests.people import api

pytestmark = pytest.mark.django_db
JSON = "application/json"


def body(of: Team, **changed: Any) -> dict[str, Any]:
    application = of.applications.first() or make.application(of)
    return {
        "team": of.slug,
        "offer": make.offer().pk,
        "application": application.pk,
        "purpose": "Answers",
        "data_class": "internal",
        "limits": {"tpm": 60_000, "usd_per_month": "25.50"},
        "ends_on": str((clock.now() + timedelta(days=30)).date()),
    } | changed


def post(person: User, path: str, fields: Any = None, *scopes: str) -> Any:
    return api(person, *scopes).post(f"/api/v1/{path}", fields or {}, content_type=JSON)


def test_a_request_is_asked_and_read_back_in_the_same_words() -> None:
    team = make.team()
    answer = post(make.owner_of(team), "requests/", body(team))
    assert answer.status_code == 201, answer.json()
    told = answer.json()
    assert told["limits"] == {"tpm": 60_000, "usd_per_month": "25.50"}
    assert (told["state"], told["grant"], told["steps"][0]["decision"]) == ("open", None, None)
    assert Request.objects.get(pk=told["id"]).asked["usd_per_month"] == 25_500_000_000


def test_the_application_can_be_named_by_its_slug() -> None:
    team = make.team()
    make.application(team, "chat")
    answer = post(make.owner_of(team), "requests/", body(team, application="chat"))
    assert answer.json()["application_slug"] == "chat"


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"limits": {"tpm": -1}}, "limits"),
        ({"limits": {"tpm": 10**30}}, "limits"),
        ({"limits": {"tpm": 1.5}}, "limits"),
        ({"limits": {"usd_per_month": 25.5}}, "limits"),
        ({"limits": {"usd_per_month": "NaN"}}, "limits"),
        ({"limits": {"usd_per_month": "1e999999999"}}, "limits"),
        ({"limits": {"usd_per_month": "0.0000000001"}}, "limits"),
        ({"limits": {"usd_per_month": "99999999"}}, "limits"),
        ({"limits": {"wishes": 1}}, "limits"),
        ({"limits": {}}, "limits"),
        ({"limits": [60]}, "limits"),
        ({"ends_on": "tomorrow"}, "ends_on"),
        ({"ends_on": "2001-01-01"}, "ends_on"),
        ({"data_class": "secret"}, "data_class"),
        ({"application": 10**30}, "application"),
        ({"application": "nothing"}, "application"),
        ({"offer": 999_999_999}, "offer"),
        ({"team": "nothing"}, "team"),
        ({"terms_version": 7}, "terms_version"),
        ({"purpose": ""}, "purpose"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_written(changed: dict[str, Any], where: str) -> None:
    team = make.team()
    answer = post(make.owner_of(team), "requests/", body(team, **changed))
    assert answer.status_code == 400, answer.json()
    assert where in answer.json()["errors"]
    assert answer["Content-Type"] == "application/problem+json"
    assert not Request.objects.exists()


def test_a_foreign_team_and_an_unknown_one_sound_alike() -> None:
    mine, foreign = make.team(), make.team()
    person = make.owner_of(mine)
    answers = [post(person, "requests/", body(mine, team=slug)).json() for slug in (foreign.slug, "nothing")]
    assert answers[0] == answers[1]


def test_an_approval_with_less_is_told_with_its_grant() -> None:
    request = make.request(limits={"tpm": 60_000})
    fields = {"limits": {"tpm": 30_000}, "reason": "Half is enough."}
    told = post(make.admin(), f"requests/{request.pk}/approve/", fields).json()
    assert told["state"] == "approved"
    assert told["limits"] == {"tpm": 60_000}
    assert told["steps"][0]["decision"]["limits"] == {"tpm": 30_000}
    assert told["grant"] == Grant.objects.get().pk


def test_a_token_without_decide_decides_nothing() -> None:
    request, boss = make.request(), make.admin()
    for act in ("approve", "deny"):
        answer = post(boss, f"requests/{request.pk}/{act}/", {"reason": "x"}, "read", "write", "admin")
        assert answer.status_code == 403
        assert "decide" in answer.json()["detail"]
    assert post(boss, f"requests/{request.pk}/approve/", {}, "decide").status_code == 200


def test_who_comes_second_gets_409_and_the_winners_name() -> None:
    request, lee = make.request(), make.person("lee", roles=("admin",))
    assert post(lee, f"requests/{request.pk}/approve/").status_code == 200
    second = post(make.admin(), f"requests/{request.pk}/deny/", {"reason": "No."})
    assert second.status_code == 409
    assert second.json()["code"] == "request.decided"
    assert "Lee" in second.json()["detail"]


def test_nobody_approves_their_own_request_over_the_api() -> None:
    boss = make.admin()
    request = make.request(of=make.team(owner=boss))
    answer = post(boss, f"requests/{request.pk}/approve/")
    assert (answer.status_code, answer.json()["code"]) == (403, "request.own")


def test_a_foreign_request_or_grant_is_404_for_every_act() -> None:
    grant, stranger = make.grant(), make.owner_of(make.team())
    for act in ("approve", "deny", "withdraw"):
        assert post(stranger, f"requests/{grant.request_id}/{act}/", {"reason": "x"}).status_code == 404
    for act in ("revoke", "suspend", "resume"):
        assert post(stranger, f"grants/{grant.pk}/{act}/", {"reason": "x"}).status_code == 404
    client = api(stranger)
    assert client.get(f"/api/v1/grants/{grant.pk}/").status_code == 404
    assert client.get("/api/v1/grants/").json()["results"] == []
    assert client.get(f"/api/v1/requests/?team={grant.team.slug}").json()["results"] == []


def test_filters_find_by_state_team_and_offer() -> None:
    request = make.approved(make.request())
    other = make.request()
    client = api(make.admin())

    def found(query: str) -> list[int]:
        return [row["id"] for row in client.get(f"/api/v1/requests/?{query}").json()["results"]]

    assert found("state=approved") == [request.pk]
    assert found(f"team={other.team.slug}") == [other.pk]
    assert found(f"offer={request.offer_id}") == [request.pk]
    assert client.get("/api/v1/requests/?state=maybe").status_code == 400


def test_grants_are_told_as_of_a_moment() -> None:
    week_ago = clock.now() - timedelta(days=7)
    grant = make.grant(limits={"tpm": 100}, at=week_ago)
    asked = make.request(
        of=grant.team, offer=grant.offer, app=grant.named.get().application, limits={"tpm": 900}
    )
    make.approved(asked)
    client = api(make.admin())

    def at(moment: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = client.get("/api/v1/grants/", {"at": moment}).json()["results"]
        return rows

    then = (week_ago + timedelta(days=1)).isoformat()
    assert [row["limits"] for row in at(then)] == [{"tpm": 100}]
    assert [row["limits"] for row in at(clock.now().isoformat())] == [{"tpm": 900}]
    assert at((week_ago - timedelta(days=1)).isoformat()) == []
    assert client.get("/api/v1/grants/", {"at": "yesterday"}).status_code == 400


def test_a_revoked_grant_says_so() -> None:
    grant = make.grant()
    told = post(make.owner_of(grant.team), f"grants/{grant.pk}/revoke/", {"reason": "Leaked."}).json()
    assert (told["state"], told["revoked_why"]) == ("revoked", "Leaked.")


def test_the_preview_tells_steps_cost_and_capacity_and_writes_nothing() -> None:
    host = make.host()
    offer = make.offer(at=host, pool=make.pool(host))
    fields = {"offer": offer.pk, "limits": {"tokens_per_month": 10_000_000}, "data_class": "restricted"}
    told = post(make.owner_of(make.team()), "requests/preview/", fields).json()
    assert [step["role"] for step in told["steps"]] == ["admin", "security"]
    assert told["cost_usd_per_month"] == "60.00"
    assert (told["headroom"]["unit"], told["headroom"]["left_tpm"]) == ("Count", None)
    assert told["obstacle"] is None
    assert not Request.objects.exists()
