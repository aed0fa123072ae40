"""Whoever should know is told once, in the transaction of the act."""

from datetime import UTC, datetime

import pytest
from django.db import transaction

from foundry.lib import clock
from foundry.notify.models import Delivery, Event, Notice, Preference
from foundry.notify.outbox import next_digest, tell
from tests import make
from tests.foundry.notify.make import hook, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]


@pytest.fixture(autouse=True)
def with_mail(settings: object) -> None:
    settings.MAIL_ON = True  # type: ignore[attr-defined]


def channels() -> dict[str, str]:
    rows = Delivery.objects.filter(person__isnull=False).values_list("person__name", "channel")
    return dict(rows)


def test_the_same_event_is_told_once() -> None:
    mia = make.person("mia")
    for _ in range(3):
        tell("a.b", key="one", title="T", url="/", to=[mia, mia], also=[mia], at=clock.now())
    assert (Event.objects.count(), Notice.objects.count(), Delivery.objects.count()) == (1, 1, 1)


def test_an_act_that_fails_tells_nobody() -> None:
    mia = make.person("mia")
    with transaction.atomic():
        tell("a.b", key="undone", title="T", url="/", to=[mia], at=clock.now())
        transaction.set_rollback(True)
    assert not Event.objects.exists()


def test_by_mail_comes_what_the_preset_says() -> None:
    people = {name: make.person(name) for name in ("everything", "mine", "daily", "plain")}
    for name, preset in (("everything", "all"), ("mine", "mine"), ("daily", "digest")):
        Preference.objects.create(person=people[name], preset=preset)
    told(also=tuple(people.values()))
    assert channels() == {"Everything": "mail", "Daily": "digest"}
    Delivery.objects.all().delete()
    told(*people.values())
    assert channels() == {"Everything": "mail", "Mine": "mail", "Daily": "digest", "Plain": "mail"}


def test_without_a_mail_server_the_inbox_still_has_it(settings: object) -> None:
    settings.MAIL_ON = False  # type: ignore[attr-defined]
    told(make.person())
    assert (Notice.objects.count(), Delivery.objects.count()) == (1, 0)


def test_somebody_who_left_is_not_told() -> None:
    gone = make.person()
    gone.is_active = False
    told(gone)
    assert not Notice.objects.exists()


@pytest.mark.parametrize(
    ("kinds", "scope", "hears"),
    [((), "", True), (("request.approve",), "", True), (("grant.end",), "", False),
     ((), "team:copilot", True), ((), "team:search", False)],
)  # fmt: skip
def test_a_hook_hears_what_it_asked_for(kinds: tuple[str, ...], scope: str, hears: bool) -> None:
    hook("https://hooks.example/x", kinds=kinds, scope=scope)
    told(scope="team:copilot")
    assert Delivery.objects.filter(hook__isnull=False).exists() is hears


@pytest.mark.parametrize(("hour", "day", "then"), [(6, 1, 1), (7, 1, 2), (23, 1, 2)])
def test_the_daily_mail_goes_at_seven(hour: int, day: int, then: int) -> None:
    at = datetime(2026, 3, day, hour, 30, tzinfo=UTC)
    assert next_digest(at) == datetime(2026, 3, then, 7, tzinfo=UTC)
