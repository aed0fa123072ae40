"""API tokens on the settings page and by the command: shown once, ended at once."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from foundry.audit.models import Entry
from foundry.lib import clock
from foundry.lib.errors import Forbidden, Invalid
from foundry.people.actions import issue_token, revoke_token
from foundry.people.models import ApiToken, User
from tests import make
from tests.people import browser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]
FORM = {"name": "nightly", "scopes": ["read", "write"], "days": "30"}


@pytest.fixture
def mia() -> User:
    return make.person("mia")


def me(secret: str) -> int:
    return Client(headers={"authorization": f"Bearer {secret}"}).get("/api/v1/me/").status_code


def shown_secret(page: str) -> str:
    return page[page.index("fdy_") :].partition("<")[0]


def test_a_new_token_is_shown_once_and_works(mia: User) -> None:
    page = browser(mia)
    secret = shown_secret(page.post("/settings/", FORM).content.decode())
    assert me(secret) == 200
    assert secret not in page.get("/settings/").content.decode()


def test_only_its_hash_is_kept_and_the_audit_does_not_hold_it(mia: User) -> None:
    token, secret = issue_token(mia, "x", ["read"], 1, actor=mia, at=clock.now())
    assert secret not in str(ApiToken.objects.filter(pk=token.pk).values())
    assert not any(secret.encode() in bytes(entry.body) for entry in Entry.objects.all())


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"days": "0"}, "days"),
        ({"days": "366"}, "days"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["root"]}, "scopes"),
        ({"name": ""}, "name"),
    ],
)
def test_a_wrong_form_makes_no_token_and_marks_its_field(
    mia: User, wrong: dict[str, object], why: str
) -> None:
    page = browser(mia).post("/settings/", {**FORM, **wrong}).content.decode()
    assert f'id="id_{why}_error"' in page
    assert not ApiToken.objects.exists()


def test_a_revoked_token_is_refused_at_once(mia: User) -> None:
    token, secret = issue_token(mia, "x", ["read"], 1, actor=mia, at=clock.now())
    assert me(secret) == 200
    browser(mia).post(f"/settings/tokens/{token.pk}/revoke/")
    assert me(secret) == 401


def test_an_expired_token_is_refused(mia: User) -> None:
    _, secret = issue_token(mia, "x", ["read"], 1, actor=mia, at=clock.now() - timedelta(days=1, seconds=1))
    assert me(secret) == 401


def test_the_token_of_a_switched_off_person_is_refused(mia: User) -> None:
    _, secret = issue_token(mia, "x", ["read"], 1, actor=mia, at=clock.now())
    User.objects.filter(pk=mia.pk).update(is_active=False)
    assert me(secret) == 401


def test_nobody_sees_or_revokes_another_persons_token(mia: User) -> None:
    token, secret = issue_token(mia, "for mia only", ["read"], 1, actor=mia, at=clock.now())
    other = browser(make.person())
    assert "for mia only" not in other.get("/settings/").content.decode()
    assert other.post(f"/settings/tokens/{token.pk}/revoke/").status_code == 404
    assert me(secret) == 200


def test_only_an_admin_ends_somebody_elses_token(mia: User) -> None:
    token, secret = issue_token(mia, "x", ["read"], 1, actor=mia, at=clock.now())
    with pytest.raises(Forbidden):
        revoke_token(token.pk, actor=make.person(roles=("ops",)), at=clock.now())
    revoke_token(token.pk, actor=make.person(roles=("admin",)), at=clock.now())
    assert me(secret) == 401


@pytest.mark.parametrize(("scopes", "days"), [([], 1), (["read"], 0), (["read"], 366), (["root"], 1)])
def test_the_action_itself_refuses_what_the_form_refuses(mia: User, scopes: list[str], days: int) -> None:
    with pytest.raises(Invalid):
        issue_token(mia, "x", scopes, days, actor=mia, at=clock.now())


def test_the_command_prints_a_token_that_works(mia: User, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("token", mia.email, "--scopes", "read", "--days", "2")
    assert me(capsys.readouterr().out.strip()) == 200


def test_the_command_says_what_to_do_for_an_unknown_person_or_scope(mia: User) -> None:
    with pytest.raises(CommandError, match=r"manage\.py admin"):
        call_command("token", "nobody@foundry.example")
    with pytest.raises(CommandError, match="Unknown scopes: root"):
        call_command("token", mia.email, "--scopes", "root")


def test_the_page_asks_the_same_of_the_database_for_ten_and_twenty_tokens(mia: User) -> None:
    page, counts = browser(mia), []
    for _ in range(2):
        for _ in range(10):
            issue_token(mia, "x", ["read"], 1, actor=mia, at=clock.now())
        counts.append(queries(page, "/settings/"))
    assert counts[0] == counts[1]


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200
    return len(seen)
