"""The link that makes the first admin: once, within an hour, by a click."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from foundry.audit.models import Entry
from foundry.lib import clock
from foundry.people.actions import make_sign_in_link, use_sign_in_link
from foundry.people.models import SignInLink, User
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]


def path_of(secret: str) -> str:
    return f"/welcome/{secret}/"


@pytest.fixture
def secret() -> str:
    return make_sign_in_link(make.person("ada", roles=("admin",)), actor="command line", at=clock.now())


def test_the_link_signs_in_once(secret: str) -> None:
    first, second = Client(), Client()
    assert first.post(path_of(secret))["Location"] == "/"
    assert first.get("/audit/").status_code == 200
    assert second.post(path_of(secret))["Location"] == "/login/"
    assert second.get("/").status_code == 302


def test_a_mail_scanner_that_follows_the_link_does_not_use_it_up(secret: str, client: Client) -> None:
    assert client.get(path_of(secret)).status_code == 200
    assert client.get("/").status_code == 302
    assert client.post(path_of(secret))["Location"] == "/"


def test_the_link_is_too_old_after_an_hour(secret: str) -> None:
    assert use_sign_in_link(secret, clock.now() + timedelta(minutes=61)) is None


def test_an_unknown_link_says_how_to_make_another(client: Client) -> None:
    answer = client.post(path_of("guess"), follow=True)
    assert "python manage.py admin" in answer.content.decode()


def test_a_switched_off_person_is_not_let_in_by_a_link(secret: str) -> None:
    User.objects.update(is_active=False)
    assert use_sign_in_link(secret, clock.now()) is None


def test_only_a_hash_of_the_link_is_kept_and_the_audit_does_not_hold_it(secret: str) -> None:
    link = SignInLink.objects.get()
    assert secret.encode() not in bytes(link.digest)
    assert not any(secret.encode() in bytes(entry.body) for entry in Entry.objects.all())


def test_the_command_makes_the_first_admin_and_prints_a_link_that_works(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("admin", "First@Foundry.example")
    link = capsys.readouterr().out.strip()
    assert client.post(link[link.index("/welcome/") :])["Location"] == "/"
    assert User.objects.get(email="first@foundry.example").is_any("admin")


def test_the_command_makes_no_second_admin_and_no_member_one() -> None:
    make.person("ada", roles=("admin",))
    make.person("mia")
    with pytest.raises(CommandError, match="An admin exists already"):
        call_command("admin", "second@foundry.example")
    with pytest.raises(CommandError, match="no admin"):
        call_command("admin", "mia@foundry.example")
