"""What a token may do for its person, and what is remembered of it."""

from datetime import timedelta

import pytest
from django.test import Client

from foundry.audit.models import Entry
from foundry.lib import clock
from foundry.people.actions import issue_token
from foundry.people.models import ApiToken, User
from tests import make
from tests.people import api, browser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]
ME = "/api/v1/me/"
TEAM = {"slug": "novel", "name": "Novel", "cost_centre": "1"}


@pytest.fixture
def ada() -> User:
    return make.person("ada", roles=("admin",))


def bearer(secret: str) -> Client:
    return Client(headers={"authorization": f"Bearer {secret}"})


def test_me_tells_who_one_is_and_what_the_token_may(ada: User) -> None:
    body = api(ada, "read", "decide").get(ME).json()
    assert body == {
        "email": "ada@foundry.example",
        "name": "Ada",
        "roles": ["admin"],
        "teams": [],
        "token_scopes": ["decide", "read"],
    }


def test_a_session_has_all_of_its_persons_rights_and_no_scopes(ada: User) -> None:
    assert browser(ada).get(ME).json()["token_scopes"] is None


@pytest.mark.parametrize(
    ("scopes", "reads", "writes"),
    [
        (["read"], 200, 403),
        (["write"], 403, 201),
        (["read", "write"], 200, 201),
        (["decide"], 403, 403),
        (["admin"], 403, 403),
    ],
)
def test_reading_needs_read_and_writing_needs_write(
    ada: User, scopes: list[str], reads: int, writes: int
) -> None:
    client = api(ada, *scopes)
    assert client.get(ME).status_code == reads
    team = TEAM | {"owner": ada.email}
    assert client.post("/api/v1/teams/", team, content_type="application/json").status_code == writes


def test_a_token_never_gives_more_than_its_person_may() -> None:
    mia = make.person("mia")
    answer = api(mia, "read", "write", "decide", "admin").post(
        "/api/v1/teams/", TEAM | {"owner": mia.email}, content_type="application/json"
    )
    assert answer.status_code == 403


def test_the_audit_names_the_token_that_acted(ada: User) -> None:
    _, secret = issue_token(ada, "nightly", ["write"], 1, actor=ada, at=clock.now())
    answer = bearer(secret).post(
        "/api/v1/teams/", TEAM | {"owner": ada.email}, content_type="application/json"
    )
    assert answer.status_code == 201
    entry = Entry.objects.latest("seq")
    assert entry.actor == ada
    assert entry.token.startswith("nightly (fdy_")
    assert secret not in entry.token


def test_the_last_use_is_remembered_but_not_written_for_every_call(ada: User) -> None:
    token, secret = issue_token(ada, "x", ["read"], 1, actor=ada, at=clock.now())
    client = bearer(secret)
    client.get(ME)
    first = ApiToken.objects.get(pk=token.pk).last_used_at
    assert first is not None
    ApiToken.objects.filter(pk=token.pk).update(last_used_at=first - timedelta(hours=1))
    client.get(ME)
    second = ApiToken.objects.get(pk=token.pk).last_used_at
    assert second is not None
    assert second >= first


def test_a_refused_token_has_no_last_use(ada: User) -> None:
    token, secret = issue_token(ada, "x", ["read"], 1, actor=ada, at=clock.now() - timedelta(days=2))
    assert bearer(secret).get(ME).status_code == 401
    assert ApiToken.objects.get(pk=token.pk).last_used_at is None


@pytest.mark.parametrize("header", ["Basic fdy_x", "bearer", "Token fdy_x"])
def test_other_kinds_of_credential_sign_nobody_in(header: str) -> None:
    assert Client(headers={"authorization": header}).get(ME).status_code == 401


def test_the_page_of_a_person_does_not_open_with_an_api_token(ada: User) -> None:
    assert api(ada).get("/settings/").status_code == 302
