"""Every error of the API is a problem in JSON: what, why, what now."""

import json
from typing import Any

import pytest
from django.test import Client

from foundry.lib.errors import Conflict
from foundry.people.models import User
from tests import make
from tests.people import api, browser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]
TEAMS = "/api/v1/teams/"


@pytest.fixture
def ada() -> User:
    return make.person("ada", roles=("admin",))


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The answer's body, after a look at everything that all problems share."""
    body: dict[str, Any] = json.loads(answer.content)
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert answer["Content-Type"] == "application/problem+json"
    assert body["detail"]
    assert body["remedy"]
    assert body["title"]
    assert body["type"].startswith("/api/v1/docs/")
    return body


def test_400_malformed_json(ada: User) -> None:
    body = problem(api(ada).post(TEAMS, "{", content_type="application/json"), 400, "invalid")
    assert "JSON" in body["detail"]


def test_400_names_each_field_that_is_wrong(ada: User) -> None:
    answer = api(ada).post(TEAMS, {"slug": "novel"}, content_type="application/json")
    assert {"name", "cost_centre"} <= set(problem(answer, 400, "invalid")["errors"])


def test_401_without_any_credential() -> None:
    answer = Client().get(TEAMS)
    problem(answer, 401, "not_signed_in")
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("secret", ["fdy_wrong", "", "sk-fdy-of-the-gateway", "ü\udcff"])
def test_401_with_a_token_that_is_none(secret: str) -> None:
    header = f"Bearer {secret}".encode("utf-8", "surrogateescape").decode("latin-1")
    problem(Client().get(TEAMS, HTTP_AUTHORIZATION=header), 401, "not_signed_in")


def test_403_for_what_the_token_may_not(ada: User) -> None:
    answer = api(ada, "read").post(TEAMS, {}, content_type="application/json")
    assert "'write'" in problem(answer, 403, "forbidden")["detail"]


def test_403_for_a_session_without_its_csrf_token(ada: User) -> None:
    client = browser(ada, enforce_csrf_checks=True)
    problem(client.post(TEAMS, {}, content_type="application/json"), 403, "forbidden")


@pytest.mark.parametrize("path", ["teams/nowhere/", "audit/999/", "no/such/thing/", "grants/abc/"])
def test_404_reads_the_same_for_what_is_not_there_and_what_one_may_not_know(ada: User, path: str) -> None:
    problem(api(ada).get(f"/api/v1/{path}"), 404, "not_found")


def test_405_says_what_the_address_takes(ada: User) -> None:
    answer = api(ada).delete("/api/v1/audit/")
    problem(answer, 405, "method_not_allowed")
    assert "GET" in answer["Allow"]


def test_406_for_a_form_that_is_not_spoken(ada: User) -> None:
    problem(api(ada).get(TEAMS, headers={"accept": "application/xml"}), 406, "not_acceptable")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_415_for_anything_but_json(ada: User, kind: str) -> None:
    problem(api(ada).post(TEAMS, "slug=x", content_type=kind), 415, "unsupported_media_type")


def test_a_refused_action_keeps_its_code_detail_and_remedy(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise Conflict("request.decided", "Lee approved it.", remedy="Reload.", errors={"id": "Decided."})

    monkeypatch.setattr("foundry.people.api.MeView.list", refuse)
    body = problem(api(ada).get("/api/v1/me/"), 409, "request.decided")
    assert (body["detail"], body["remedy"], body["errors"]) == (
        "Lee approved it.",
        "Reload.",
        {"id": "Decided."},
    )


def test_500_tells_no_secret_and_no_traceback(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr("foundry.people.api.MeView.list", fail)
    client = api(ada)
    client.raise_request_exception = False
    answer = client.get("/api/v1/me/")
    problem(answer, 500, "broken")
    assert b"hunter2" not in answer.content
