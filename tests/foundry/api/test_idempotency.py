"""A write that is sent twice under one Idempotency-Key happens once and is answered twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from foundry.api.models import GivenAnswer
from foundry.api.tasks import forget_answers
from foundry.lib import clock
from tenants.keys.models import ApiKey
from tenants.teams.models import Team
from tests import make
from tests.people import api
from tests.servers import Urls

NEW = {"slug": "novel", "name": "Novel", "cost_centre": "1", "owner": "olga@foundry.example"}


def create(client: Client, body: dict[str, Any], key: str, path: str = "teams") -> Any:
    return client.post(
        f"/api/v1/{path}/", body, content_type="application/json", headers={"idempotency-key": key}
    )


@pytest.mark.django_db
def test_the_second_sending_gets_the_first_answer_and_makes_nothing(redis_url: str) -> None:
    client, _ = api(make.admin()), make.person("olga")
    first, second = create(client, NEW, "a"), create(client, NEW, "a")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second["Idempotency-Replayed"] == "true"
    assert Team.objects.count() == 1


@pytest.mark.django_db
def test_a_refusal_is_repeated_as_well(redis_url: str) -> None:
    client = api(make.admin())
    first, second = create(client, NEW, "a"), create(client, NEW, "a")
    assert first.status_code == second.status_code == 400
    assert first.json() == second.json()


@pytest.mark.django_db
def test_one_key_for_two_different_writes_is_refused(redis_url: str) -> None:
    client, _ = api(make.admin()), make.person("olga")
    create(client, NEW, "a")
    other = create(client, NEW | {"slug": "other"}, "a")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency.reused")
    assert Team.objects.count() == 1


@pytest.mark.django_db
def test_two_people_may_use_the_same_key(redis_url: str) -> None:
    make.person("olga")
    create(api(make.admin()), NEW, "a")
    second = create(api(make.admin()), NEW | {"slug": "other"}, "a")
    assert second.status_code == 201


@pytest.mark.django_db
def test_a_secret_is_not_kept_for_a_second_answer(redis_url: str) -> None:
    grant = make.grant()
    client, body = (
        api(make.owner_of(grant.team)),
        {"team": grant.team.slug, "application": grant.applications.get().slug},
    )
    first, second = create(client, body, "k", "keys"), create(client, body, "k", "keys")
    assert first.json()["secret"]
    assert second.json() == first.json() | {"secret": None}
    assert ApiKey.objects.count() == 1
    assert first.json()["secret"] not in str(GivenAnswer.objects.get().body)


@pytest.mark.django_db
def test_without_a_person_nothing_is_remembered(redis_url: str) -> None:
    assert create(Client(), NEW, "a").status_code == 401
    assert not GivenAnswer.objects.exists()


@pytest.mark.django_db
def test_an_absurd_key_is_refused_in_words(redis_url: str) -> None:
    answer = create(api(make.admin()), NEW, "k" * 101)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency.key")


@pytest.mark.django_db
def test_answers_are_forgotten_after_two_days(redis_url: str) -> None:
    create(api(make.admin()), NEW, "a")
    GivenAnswer.objects.update(at=clock.now() - timedelta(days=3))
    forget_answers()
    assert not GivenAnswer.objects.exists()


def test_eight_at_once_make_one(committed: Urls) -> None:
    client, _ = api(make.admin()), make.person("olga")

    def send(_: int) -> int:
        try:
            return int(create(client, NEW, "a").status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert answers == [201] * 8
    assert Team.objects.count() == 1
