"""Who may not call gets a clear error, in OpenAI's shape, and nothing is held or charged."""

from datetime import timedelta

import pytest

from catalog import actions as supply
from catalog.models import Offer, Price
from foundry.lib import clock
from tenants.access import actions as access
from tenants.keys import actions as keys
from tenants.keys.models import ApiKey
from tenants.quotas.models import Window
from tests import make
from tests.tenants.gateway.conftest import World
from tests.tenants.gateway.traffic import URL_PATH, booked, nothing_held, question, within

pytestmark = pytest.mark.slow


def refused(world: World, secret: str, body: object = None) -> tuple[int, str, str]:
    """Status, code and message of a refused call."""
    status, answer = world.gateway.post(URL_PATH, question() if body is None else body, secret)
    error = answer["error"]
    assert set(error) >= {"message", "type", "param", "code"}
    return status, error["code"], error["message"]


def soon_refused(world: World, secret: str) -> tuple[int, str, str]:
    """The same for a call whose right ended just now: at most a second later."""
    assert within(1, lambda: world.gateway.post(URL_PATH, question(), secret)[0] != 200)
    return refused(world, secret)


NO_KEYS = [
    "", "sk-fdy-" + "x" * 43, "sk-fdy-", "' OR '1'='1", "sk-fdy-" + "x" * 42 + "'", "fdy_" + "x" * 43,
    "sk-fdy-" + "é" * 43, "sk-fdy-" + "x" * 5_000,
]  # fmt: skip


def test_without_a_usable_key_nothing_is_said_but_how_to_get_one(world: World) -> None:
    for secret in NO_KEYS:
        shown = secret.encode().decode("latin-1")
        status, code, message = refused(world, shown)
        assert (status, code) == (401, "invalid_api_key"), secret
        assert "/keys/" in message
        assert world.gateway.get("/v1/models", shown)[0] == 401
        assert world.gateway.get("/v1/quota", shown)[0] == 401


def test_a_key_works_as_x_api_key_and_never_in_the_address(world: World) -> None:
    _, secret = make.key(make.grant(offer=world.offer, limits={"rpm": 10}))
    assert world.gateway.ask("GET", "/v1/models", "", None)[0] == 401
    assert world.gateway.get(f"/v1/models?api_key={secret}&key={secret}")[0] == 401
    assert world.gateway.get("/v1/models", secret)[0] == 200


def test_a_model_that_nobody_granted_is_403_and_one_that_nobody_offers_404(world: World) -> None:
    _, secret = make.key(make.grant(offer=world.offer, limits={"rpm": 10}))
    other = make.offer("grok-9", at=world.offer.host)
    status, code, message = refused(world, secret, question(model=str(other.model)))
    assert (status, code) == (403, "model_not_granted")
    assert f"/catalog/{other.model}/" in message
    assert refused(world, secret, question(model="xai/none"))[:2] == (404, "model_not_found")
    hidden = make.offer("secret-1", at=world.offer.host, hidden=True)
    assert refused(world, secret, question(model=str(hidden.model)))[:2] == (404, "model_not_found")


def test_a_grant_that_ended_says_when_and_where_to_ask_again(world: World) -> None:
    at = clock.now() - timedelta(days=20)
    grant = make.grant(offer=world.offer, limits={"rpm": 10}, at=at, ends_on=(at + timedelta(days=5)).date())
    app = grant.applications.get()
    _, secret = make.key(make.grant(of=grant.team, app=app, offer=make.offer(), limits={"rpm": 10}))
    status, code, message = refused(world, secret)
    assert (status, code) == (403, "grant_ended")
    assert f"grant={grant.pk}" in message
    assert f"{grant.ends_at:%Y-%m-%d}" in message
    (event,) = booked(1)
    assert (event.outcome, event.code, event.grant_id, event.cost_nanos) == (
        "refused",
        "grant_ended",
        grant.pk,
        0,
    )


def test_a_suspended_grant_says_why(world: World) -> None:
    grant = make.grant(offer=world.offer, limits={"rpm": 10})
    _, secret = make.key(grant)
    access.suspend(grant.pk, reason="Terms under review.", actor=make.admin(), at=clock.now())
    status, code, message = refused(world, secret)
    assert (status, code) == (403, "grant_suspended")
    assert "Terms under review." in message


def test_money_is_not_spent_at_an_unknown_price(world: World) -> None:
    grant = make.grant(offer=world.offer, limits={"usd_per_month": 10**9})
    _, secret = make.key(grant)
    Price.objects.filter(offer=world.offer).update(ends_at=clock.now())
    assert refused(world, secret)[:2] == (403, "price_unknown")


def test_without_a_money_limit_an_unknown_price_is_booked_as_unknown(world: World) -> None:
    _, secret = make.key(make.grant(offer=world.offer, limits={"rpm": 10}))
    Price.objects.filter(offer=world.offer).update(ends_at=clock.now())
    assert world.gateway.post(URL_PATH, question(), secret)[0] == 200
    (event,) = booked(1)
    assert (event.cost_nanos, event.basis) == (None, "unknown")
    assert event.tokens_in > 0


def test_new_terms_must_be_acknowledged_first(world: World) -> None:
    grant = make.grant(offer=world.offer, limits={"rpm": 10})
    _, secret = make.key(grant)
    world.offer.terms = make.terms("stricter", version=2)
    world.offer.save(update_fields=["terms"])
    assert refused(world, secret)[:2] == (403, "terms_not_acknowledged")


def test_terms_that_count_later_are_needed_only_from_then_on(world: World) -> None:
    grant = make.grant(offer=world.offer, limits={"rpm": 10})
    _, secret = make.key(grant)
    make.terms("stricter")
    later = clock.now() + timedelta(hours=1)
    supply.assign_terms("stricter", offers=[world.offer.pk], counts_from=later, actor="ada", at=clock.now())
    assert world.gateway.post(URL_PATH, question(), secret)[0] == 200
    Offer.objects.filter(pk=world.offer.pk).update(terms_from=clock.now())
    assert soon_refused(world, secret)[:2] == (403, "terms_not_acknowledged")
    never = make.terms("never acknowledged")
    Offer.objects.filter(pk=world.offer.pk).update(terms_from=later, terms_before=never)
    assert refused(world, secret)[:2] == (403, "terms_not_acknowledged")
    access.acknowledge(grant.team, make.terms("stricter"), actor=make.owner_of(grant.team), at=clock.now())
    assert within(1, lambda: world.gateway.post(URL_PATH, question(), secret)[0] == 200)


def test_a_host_that_lost_its_calling_address_fails_closed(world: World) -> None:
    _, secret = make.key(make.grant(offer=world.offer, limits={"rpm": 10}))
    world.offer.host.calling_base_url = ""
    world.offer.host.save(update_fields=["calling_base_url"])
    status, code, message = refused(world, secret)
    assert (status, code) == (503, "host_not_callable")
    assert "has no calling address" in message


def test_a_host_that_is_switched_off_says_so(world: World) -> None:
    _, secret = make.key(make.grant(offer=world.offer, limits={"rpm": 10}))
    supply.switch_host(world.offer.host_id, on=False, actor=make.admin(), at=clock.now())
    status, code, message = soon_refused(world, secret)
    assert (status, code) == (503, "host_not_callable")
    assert "is switched off" in message


NO_NAMES: list[object] = ["sandbox/echo\0", "a\nb", "x" * 100_000, {"id": "sandbox/echo"}, 7]


@pytest.mark.parametrize("name", NO_NAMES, ids=["NUL", "line break", "long", "object", "number"])
def test_what_is_no_name_of_a_model_is_400_and_says_what_one_is(world: World, name: object) -> None:
    _, secret = make.key(make.grant(offer=world.offer, limits={"rpm": 10}))
    status, code, message = refused(world, secret, question() | {"model": name})
    assert (status, code) == (400, "invalid_request")
    assert "a name such as publisher/model" in message
    assert [event.code for event in booked(1)] == ["invalid_request"]


def test_what_is_no_chat_completion_is_400_and_holds_nothing(world: World) -> None:
    _, secret = make.key(make.grant(offer=world.offer, limits={"rpm": 10}))
    for number, body in enumerate(
        (b"", b"{", b"\xff\xfe", b'{"model": "a/b", "messages": [{}], "max_tokens": -5}'), start=1
    ):
        status, answer = world.gateway.post(URL_PATH, body, secret)
        assert (status, answer["error"]["code"]) == (400, "invalid_request")
        assert {event.code for event in booked(number)} == {"invalid_request"}
    assert nothing_held()
    assert not Window.objects.exists()


ELSEWHERE = [
    ("GET", URL_PATH, 405), ("POST", "/v1/models", 405), ("GET", "/v1/chat/completions/", 404), ("GET", "//v1/models", 404),
    ("GET", "/v1/%6dodel/x", 404), ("GET", "/", 404),
]  # fmt: skip


def test_other_addresses_and_methods_say_what_there_is(world: World) -> None:
    for method, path, status in ELSEWHERE:
        found, answer = world.gateway.ask(method, path, "", b"{}" if method == "POST" else None)
        assert (found, answer["error"]["type"]) == (
            status,
            "not_found_error" if status == 404 else "invalid_request_error",
        )


def test_a_revoked_key_is_refused_within_a_second(world: World) -> None:
    """Rounds of: call, revoke, call. The change is told to every process, which forgets all it knew."""
    grant = make.grant(offer=world.offer, limits={"tokens_per_month": 10**9})
    owner = make.owner_of(grant.team)
    for _ in range(20):
        key, secret = make.key(grant)
        assert world.gateway.post(URL_PATH, question(), secret)[0] == 200
        keys.revoke_key(key.pk, reason="test", actor=owner, at=clock.now())
        assert soon_refused(world, secret)[:2] == (401, "invalid_api_key")


def test_an_expired_key_stops_at_its_second(world: World) -> None:
    grant = make.grant(offer=world.offer, limits={"rpm": 100})
    key, secret = make.key(grant)
    assert world.gateway.post(URL_PATH, question(), secret)[0] == 200
    ApiKey.objects.filter(pk=key.pk).update(expires_at=clock.now())
    status, code, message = soon_refused(world, secret)
    assert (status, code) == (401, "invalid_api_key")
    assert "expired" in message


def test_a_revoked_grant_and_a_lowered_limit_count_at_once(world: World) -> None:
    grant = make.grant(offer=world.offer, limits={"rpm": 1_000})
    _, secret = make.key(grant)
    assert world.gateway.post(URL_PATH, question(), secret)[0] == 200
    access.revoke(grant.pk, reason="Over.", actor=make.admin(), at=clock.now())
    assert soon_refused(world, secret)[:2] == (403, "grant_ended")
