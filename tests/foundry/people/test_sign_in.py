"""Signing in with a password, and what slows down who guesses."""

import pytest
from django.test import Client

from foundry.people import throttle
from foundry.people.models import User
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]
PASSWORD = "correct horse battery"
WRONG = "do not match"
TIRED = "Too many wrong tries"


@pytest.fixture
def mia() -> User:
    mia = make.person("mia")
    mia.set_password(PASSWORD)
    mia.save(update_fields=["password"])
    return mia


def sign_in(client: Client, email: str, password: str, **headers: str) -> str:
    """What the page says; empty when signed in."""
    answer = client.post("/login/", {"username": email, "password": password}, **headers)  # type: ignore[arg-type]
    return "" if answer.status_code == 302 else answer.content.decode()


def test_a_person_with_the_right_password_gets_home(mia: User, client: Client) -> None:
    answer = client.post("/login/", {"username": mia.email, "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get("/").status_code == 200


def test_the_address_may_be_written_in_capitals(mia: User, client: Client) -> None:
    assert sign_in(client, mia.email.upper(), PASSWORD) == ""


def test_one_lands_where_one_wanted_to_go_but_never_on_another_site(mia: User) -> None:
    for wanted, landed in (
        ("/settings/", "/settings/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
    ):
        form = {"username": mia.email, "password": PASSWORD, "next": wanted}
        assert Client().post("/login/", form)["Location"] == landed


def test_a_stranger_is_sent_to_sign_in_and_back(client: Client) -> None:
    assert client.get("/settings/")["Location"] == "/login/?next=/settings/"


def test_a_wrong_password_and_an_unknown_address_read_the_same(mia: User, client: Client) -> None:
    pages = [sign_in(client, email, "wrong") for email in (mia.email, "nobody@foundry.example")]
    assert all(WRONG in page for page in pages)


def test_a_switched_off_account_does_not_get_in(mia: User, client: Client) -> None:
    mia.is_active = False
    mia.save(update_fields=["is_active"])
    assert WRONG in sign_in(client, mia.email, PASSWORD)


def test_a_person_without_a_password_cannot_sign_in_with_an_empty_one(client: Client) -> None:
    assert sign_in(client, make.person("sso").email, "") != ""
    assert client.get("/").status_code == 302


def test_after_ten_wrong_tries_even_the_right_password_must_wait(mia: User, client: Client) -> None:
    for _ in range(throttle.PER_ACCOUNT):
        assert WRONG in sign_in(client, mia.email, "wrong")
    assert TIRED in sign_in(client, mia.email, PASSWORD)


def test_nine_wrong_tries_do_not_lock_anyone_out(mia: User, client: Client) -> None:
    for _ in range(throttle.PER_ACCOUNT - 1):
        sign_in(client, mia.email, "wrong")
    assert sign_in(client, mia.email, PASSWORD) == ""


def test_an_account_that_rests_does_not_lock_out_another(mia: User, client: Client) -> None:
    for _ in range(throttle.PER_ACCOUNT):
        sign_in(client, "omar@foundry.example", "wrong")
    assert sign_in(client, mia.email, PASSWORD) == ""


def test_an_address_that_tries_many_accounts_rests_too(mia: User, client: Client) -> None:
    for number in range(throttle.PER_ADDRESS):
        sign_in(client, f"guess{number}@foundry.example", "wrong", REMOTE_ADDR="203.0.113.9")
    assert TIRED in sign_in(client, mia.email, PASSWORD, REMOTE_ADDR="203.0.113.9")
    assert sign_in(client, mia.email, PASSWORD, REMOTE_ADDR="203.0.113.10") == ""


def test_without_redis_nobody_guesses_and_the_page_says_why(
    mia: User, client: Client, settings: object
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # type: ignore[attr-defined]
    assert "Redis does not answer" in sign_in(client, mia.email, PASSWORD)


def test_signing_out_needs_a_click_and_ends_the_session(mia: User, client: Client) -> None:
    client.force_login(mia)
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/")["Location"] == "/login/"
    assert client.get("/").status_code == 302


def test_the_form_needs_its_csrf_token(mia: User) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/login/", {"username": mia.email, "password": PASSWORD})
    assert answer.status_code == 403
    assert "open for too long" in answer.content.decode()
