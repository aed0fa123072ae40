"""Why a key can, or can't, call a model: the gateway's own words, for whoever may see the key."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from catalog.models import Offer, Price
from foundry.lib import clock
from tenants.access.actions import move_allocation, revoke, suspend
from tenants.access.models import Grant
from tenants.keys.actions import pause_caller, revoke_key
from tenants.keys.models import ApiKey
from tenants.levels.actions import set_limit
from tenants.levels.rules import Target
from tenants.usage.ingest import ingest
from tenants.usage.models import Shipper
from tests import make
from tests.foundry.web.markup import faults
from tests.people import browser
from tests.tenants.usage.test_ingest import call

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]


def asked(key: ApiKey, model: str, dialect: str = "chat", person: Any = None) -> dict[str, Any]:
    """What the API says, and the page says the same."""
    visitor = browser(person or make.owner_of(key.application.team))
    query = {"key": key.pk, "model": model, "dialect": dialect}
    answer = visitor.get("/api/v1/explain/", query)
    assert answer.status_code == 200, answer.content
    told: dict[str, Any] = answer.json()
    page = visitor.get("/explain/", query).content.decode()
    assert faults(page) == []
    for step in told["steps"]:
        assert step["check"] in page
        assert step["passes"] or step["code"] in page
    assert ("Yes." in page) == told["can"]
    return told


def failing(told: dict[str, Any]) -> list[str]:
    return [step["code"] for step in told["steps"] if not step["passes"]]


def world(**grant: Any) -> tuple[Grant, ApiKey, str]:
    row = make.grant(**grant)
    return row, make.key(row)[0], str(row.offer.model)


def test_a_call_that_would_go_through_says_where_to_and_which_limit_binds_first() -> None:
    grant, key, model = world(limits={"rpm": 10, "usd_per_month": 10**9})
    told = asked(key, model)
    assert (told["can"], told["grant"], told["code"], failing(told)) == (True, grant.pk, "", [])
    assert {level["kind"] for level in told["limits"]} == {"rpm", "usd_per_month"}
    assert told["binds_first"] == told["limits"][0]["kind"]
    assert all(level["decision"] for level in told["limits"])
    assert asked(key, grant.offer.call_name)["can"]


def test_every_failing_check_is_named_in_order_and_the_verdict_is_the_first() -> None:
    grant, key, model = world(limits={"usd_per_month": 10**9})
    Offer.objects.filter(pk=grant.offer_id).update(lifecycle="retired")
    grant.offer.host.__class__.objects.filter(pk=grant.offer.host_id).update(calling_base_url="")
    Price.objects.all().delete()
    told = asked(key, model)
    assert failing(told) == ["model_retired", "host_not_callable", "price_unknown"]
    assert (told["can"], told["code"]) == (False, "model_retired")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (revoke, "grant_ended"),
        (suspend, "grant_suspended"),
    ],
)
def test_a_grant_that_is_not_in_force_says_so(change: Callable[..., Any], code: str) -> None:
    grant, key, model = world()
    change(grant.pk, reason="An audit.", actor=make.admin(), at=clock.now())
    told = asked(key, model)
    assert told["code"] == code
    assert code in failing(told)


def test_names_that_nothing_stands_behind() -> None:
    _, key, _ = world()
    other = make.offer("grok-9")
    assert asked(key, str(other.model))["code"] == "model_not_granted"
    assert asked(key, "no/such")["code"] == "model_not_found"


def test_a_way_of_asking_that_the_host_does_not_speak() -> None:
    _, key, model = world()
    told = asked(key, model, "messages")
    assert (told["can"], told["code"]) == (False, "dialect_not_spoken")
    assert "/v1/chat/completions" in told["message"]


def test_a_revoked_key_and_a_paused_team() -> None:
    grant, key, model = world()
    ops = make.person(roles=("ops",))
    at = clock.now()
    pause_caller(grant.team, reason="A loop.", ends_at=at + timedelta(hours=1), actor=ops, at=at)
    told = asked(key, model)
    assert (told["code"], failing(told)) == ("team_paused", ["team_paused"])
    assert "A loop" in told["message"]
    revoke_key(key.pk, reason="Leaked.", actor=make.owner_of(grant.team), at=at)
    assert asked(key, model)["code"] == "invalid_api_key"


def test_a_used_up_budget_is_not_now() -> None:
    grant, key, model = world(limits={"tokens_per_day": 50, "rpm": 5})
    ingest([call(1, grant.team_id, grant_id=grant.pk, started_at=clock.now())])
    told = asked(key, model)
    assert (told["can"], told["code"], told["binds_first"]) == (
        False,
        "limit.tokens_per_day",
        "tokens_per_day",
    )


def test_a_level_that_binds_first_is_named_with_who_set_it() -> None:
    grant, key, model = world(limits={"tokens_per_day": 10**6})
    finance = make.person(roles=("finance",))
    set_limit(
        Target(team=grant.team),
        kind="tokens_per_day",
        maximum=100,
        reason="Tight.",
        actor=finance,
        at=clock.now(),
    )
    ingest([call(1, grant.team_id, grant_id=grant.pk, started_at=clock.now())])
    told = asked(key, model)
    assert (told["can"], told["code"]) == (False, "limit.tokens_per_day")
    first, second = told["limits"]
    assert (first["scope"], first["name"], first["decided_by"]) == ("team", grant.team.slug, finance.name)
    assert (second["scope"], second["decision"]) == ("grant", grant.decision_id)


def test_an_idle_limit_of_two_calls_binds_before_a_budget_that_is_partly_used() -> None:
    grant, key, model = world(limits={"rpm": 2, "tokens_per_month": 10**6})
    ingest([call(1, grant.team_id, grant_id=grant.pk, started_at=clock.now() - timedelta(minutes=3))])
    told = asked(key, model)
    assert told["limits"][1]["share"] > told["limits"][0]["share"] == 0
    assert (told["binds_first"], told["limits"][0]["calls_left"]) == ("rpm", 2)


def test_a_soft_limit_that_is_used_up_is_shown_and_refuses_nobody() -> None:
    grant, key, model = world(limits={"rpm": 100})
    set_limit(
        Target(team=grant.team), kind="tokens_per_day", maximum=1, mode="soft", reason="Watch.",
        actor=make.admin(), at=clock.now(),
    )  # fmt: skip
    ingest([call(1, grant.team_id, grant_id=grant.pk, started_at=clock.now())])
    told = asked(key, model)
    assert (told["can"], told["binds_first"]) == (True, "rpm")
    assert [(each["mode"], each["left"]) for each in told["limits"]] == [("hard", 100), ("soft", 0)]
    page = browser(make.admin()).get("/explain/", {"key": key.pk, "model": model}).content.decode()
    assert "Soft" in page
    assert "used up" in page


def test_it_says_where_a_call_moves_on_to_when_its_host_fails() -> None:
    grant, key, model = world()
    spare = make.offer(of=grant.offer.model, at=make.host())
    make.grant(of=grant.team, app=key.application, offer=spare)
    told = asked(key, model)
    assert (told["grant"], told["onward"]) == (grant.pk, [spare.call_name])
    assert asked(key, grant.offer.call_name)["onward"] == []


def test_only_who_may_see_the_key_is_told() -> None:
    _, key, model = world()
    query = {"key": key.pk, "model": model}
    for person in (make.person(), make.owner_of(make.team())):
        assert browser(person).get("/explain/", query).status_code == 404
        assert browser(person).get("/api/v1/explain/", query).status_code == 404
    assert asked(key, model, person=make.person(roles=("auditor",)))["can"]


@pytest.mark.parametrize("wrong", ["x", "-1", "9" * 30])
def test_a_key_that_is_no_number_is_no_key(wrong: str) -> None:
    person = browser(make.person())
    assert person.get(f"/explain/?key={wrong}&model=a/b").status_code == 404
    assert person.get(f"/api/v1/explain/?key={wrong}&model=a/b").status_code == 400


def test_a_grant_is_enforced_once_every_living_gateway_confirmed_it() -> None:
    grant, key, model = world()
    owner = browser(make.owner_of(grant.team))

    def shown() -> str:
        return owner.get(f"/grants/{grant.pk}/enforced/", headers={"hx-request": "true"}).content.decode()

    assert "no gateway process" in shown()
    row = Shipper.objects.create(spool="a", started_at=clock.now(), seen_at=clock.now(), version=1)
    Shipper.objects.create(spool="b", started_at=clock.now(), seen_at=clock.now(), version=0)
    Shipper.objects.create(spool="dead", started_at=clock.now(), seen_at=clock.now() - timedelta(minutes=1))
    assert "1 of 2" in shown()
    assert "every 1s" in shown()
    Shipper.objects.filter(spool="b").update(version=row.version)
    assert "Enforced" in shown()
    assert "every 1s" not in shown()
    assert asked(key, model)["enforcement"] == {"enforced": True, "processes": 2, "confirmed": 2}


def test_a_host_that_gateways_leave_alone_is_named_and_refuses_only_where_all_do() -> None:
    grant, key, model = world()
    host, at = grant.offer.host, clock.now()
    for name, resting in (("one", [host.pk]), ("two", [])):
        Shipper.objects.create(spool=name, started_at=at, seen_at=at, resting=resting)
    told = asked(key, model)
    assert told["can"]
    assert told["left_alone"] == [{"host": host.slug, "processes": 2, "resting": 1}]
    Shipper.objects.update(resting=[host.pk])
    told = asked(key, model)
    assert (told["can"], told["code"]) == (False, "host_left_alone")
    page = (
        browser(make.owner_of(grant.team)).get("/explain/", {"key": key.pk, "model": model}).content.decode()
    )
    assert "leaves it alone for a moment" in page
    assert "2 of 2 gateway processes leave" in page
    Shipper.objects.update(seen_at=at - timedelta(seconds=10))
    assert asked(key, model)["left_alone"] == [], "what is silent says nothing"


def test_a_limit_that_was_moved_names_who_moved_it_beside_the_decision() -> None:
    giver, _, _ = world(limits={"tpm": 60_000})
    taker = make.grant(of=giver.team, offer=giver.offer, limits={"tpm": 10_000})
    key, _ = make.key(taker)
    owner = make.owner_of(giver.team)
    move_allocation(
        giver.pk, to=taker.pk, kind="tpm", amount=5_000, reason="Batch.", actor=owner, at=clock.now()
    )
    (level,) = asked(key, str(giver.offer.model))["limits"]
    assert (level["maximum"], level["decision"], level["moved_by"]) == (15_000, taker.decision_id, owner.name)
    page = browser(owner).get("/explain/", {"key": key.pk, "model": str(giver.offer.model)}).content.decode()
    assert f"moved by {owner.name}" in page
