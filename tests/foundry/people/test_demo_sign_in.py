"""One click as a demo person: only while the demo is on, only as one of them."""

import pytest
from django.test import Client, override_settings

from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]
demo_on = override_settings(DEMO=True, ROOT_URLCONF="tests.foundry.people.urls_with_demo")


def test_without_the_demo_the_address_does_not_exist(client: Client) -> None:
    make.person("ada", roles=("admin",))
    assert client.post("/demo/sign-in/", {"email": "ada@foundry.example"}).status_code == 404
    assert client.get("/").status_code == 302


def test_without_the_demo_the_sign_in_page_names_nobody(client: Client) -> None:
    page = client.get("/login/").content.decode()
    assert "foundry.example" not in page
    assert "demo" not in page.lower()


@demo_on
def test_the_sign_in_page_shows_every_demo_person_as_one_click(client: Client) -> None:
    page = client.get("/login/").content.decode()
    for short in ("ada", "lee", "sam", "fin", "ops", "aud", "olga", "mia", "omar", "nina"):
        assert f'name="email" value="{short}@foundry.example"' in page


@demo_on
def test_one_click_signs_in_and_another_changes_who_one_is(client: Client) -> None:
    make.person("mia")
    make.person("ada", roles=("admin",))
    client.post("/demo/sign-in/", {"email": "mia@foundry.example"})
    assert client.get("/audit/").status_code == 403
    client.post("/demo/sign-in/", {"email": "ada@foundry.example"})
    assert client.get("/audit/").status_code == 200


@demo_on
def test_the_switcher_is_in_the_header_of_every_page(client: Client) -> None:
    client.force_login(make.person("mia"))
    page = client.get("/settings/").content.decode()
    assert "Be somebody else" in page
    assert "Demo company" in page


@demo_on
def test_a_person_who_is_not_of_the_demo_cannot_be_been(client: Client) -> None:
    make.person("real", roles=("admin",))
    answer = client.post("/demo/sign-in/", {"email": "real@foundry.example"}, follow=True)
    assert "No such demo person" in answer.content.decode()
    assert client.get("/").status_code == 302


@demo_on
def test_a_get_signs_nobody_in(client: Client) -> None:
    make.person("mia")
    assert client.get("/demo/sign-in/?email=mia@foundry.example").status_code == 405


@demo_on
def test_another_site_cannot_click_for_somebody() -> None:
    make.person("mia")
    client = Client(enforce_csrf_checks=True)
    assert client.post("/demo/sign-in/", {"email": "mia@foundry.example"}).status_code == 403
