"""Keys on screen and by API: the secret once, foreign keys never."""

from typing import Any

import pytest
from django.test import Client

from foundry.lib import clock
from tenants.keys.models import ApiKey
from tenants.levels.actions import set_limit
from tenants.levels.rules import Target
from tests import make
from tests.foundry.web.markup import faults
from tests.people import api, browser

pytestmark = pytest.mark.django_db


def test_the_secret_stands_in_the_answer_that_made_it_and_nowhere_after(redis_url: str) -> None:
    grant = make.grant()
    client, application = browser(make.owner_of(grant.team)), grant.applications.get()
    made = client.post("/keys/", {"application": application.pk, "name": "chat"})
    secret = made.context["made"]["secret"]
    assert secret in made.content.decode()
    assert secret not in client.get("/keys/").content.decode()
    assert client.get("/keys/").context["rows"][0]["key"].prefix in secret


def test_a_form_without_a_name_says_so_and_makes_nothing(redis_url: str) -> None:
    grant = make.grant()
    client = browser(make.owner_of(grant.team))
    answer = client.post("/keys/", {"application": grant.applications.get().pk, "name": ""})
    assert answer.status_code == 400
    assert not ApiKey.objects.exists()


def test_the_api_gives_the_secret_once(redis_url: str) -> None:
    grant = make.grant()
    client = api(make.owner_of(grant.team))
    made = post(
        client, "/api/v1/keys/", {"team": grant.team.slug, "application": grant.applications.get().slug}
    )
    assert made["secret"].startswith(made["prefix"])
    listed = client.get("/api/v1/keys/").json()["results"]
    assert [row["id"] for row in listed] == [made["id"]]
    assert "secret" not in listed[0]
    assert listed[0]["last_used_at"] is None


def test_a_foreign_application_looks_like_none(redis_url: str) -> None:
    grant = make.grant()
    client = api(make.person())
    answer = client.post(
        "/api/v1/keys/", {"team": grant.team.slug, "application": "x"}, content_type="application/json"
    )
    assert answer.status_code == 400
    assert answer.json()["errors"] == {"team": "Unknown."}


def test_the_first_call_page_waits_and_shows_what_to_paste(redis_url: str) -> None:
    grant = make.grant()
    client = browser(make.owner_of(grant.team))
    waiting = client.get(f"/grants/{grant.pk}/first-call/").content.decode()
    assert "every 2s" in waiting
    assert "Waiting for it" in waiting
    made = client.post(f"/grants/{grant.pk}/first-call/", {"application": grant.applications.get().slug})
    secret = made.context["secret"]
    assert f"Bearer {secret}" in made.content.decode().replace("&quot;", '"')
    assert str(grant.offer.model) in made.content.decode()


def test_the_page_of_a_key_leads_to_its_own_limits_and_shows_them(redis_url: str) -> None:
    grant = make.grant()
    key, _ = make.key(grant)
    owner = make.owner_of(grant.team)
    set_limit(Target(key=key), kind="rpm", maximum=7, reason="A trial.", actor=owner, at=clock.now())
    page, path = browser(owner).get(f"/keys/{key.pk}/").content.decode(), f"/keys/{key.pk}/limits/"
    assert faults(page) == []
    assert f'hx-get="{path}"' in page
    assert f'<a href="{path}">' in page
    part = browser(owner).get(path, headers={"HX-Request": "true"}).content.decode()
    assert "7 calls per minute" in part
    assert "<h1" not in part


@pytest.mark.parametrize("count", [10, 20])
def test_the_list_asks_as_many_questions_for_twenty_keys_as_for_ten(
    count: int, redis_url: str, django_assert_max_num_queries: Any
) -> None:
    grant = make.grant()
    for _ in range(count):
        make.key(grant)
    client = browser(make.owner_of(grant.team))
    client.get("/keys/")
    with django_assert_max_num_queries(10):
        client.get("/keys/")


def post(client: Client, path: str, body: dict[str, object]) -> Any:
    answer = client.post(path, body, content_type="application/json")
    assert answer.status_code == 201, answer.content
    return answer.json()
