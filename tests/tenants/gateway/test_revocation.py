"""What is taken away or changed counts a second later in four processes, by each path, with Redis there or not.

The second is counted from the moment at which the action's transaction was over. What a process does that is cut off from
the database is in `test_outage.py`.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest

from foundry.lib import clock, secrets
from tenants.access import actions as access
from tenants.access.models import Grant
from tenants.keys import actions as keys
from tenants.keys.models import ApiKey
from tenants.levels.actions import set_limit
from tenants.levels.rules import Target
from tenants.teams import actions as teams
from tenants.teams.models import Team
from tests import make, processes
from tests.tenants.gateway.conftest import World
from tests.tenants.gateway.scripted import answer, completion, play, scripted
from tests.tenants.gateway.test_hundred import FITTING, call_of
from tests.tenants.gateway.traffic import burst, codes, early_in_the_minute, question

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
CALLS, PROMISED_S = 500, 1.0
Take = Callable[[Grant, ApiKey], None]


def revoke_key(grant: Grant, key: ApiKey) -> None:
    keys.revoke_key(key.pk, reason="test", actor=make.owner_of(grant.team), at=clock.now())


def revoke_grant(grant: Grant, key: ApiKey) -> None:
    access.revoke(grant.pk, reason="Over.", actor=make.admin(), at=clock.now())


def suspend_grant(grant: Grant, key: ApiKey) -> None:
    access.suspend(grant.pk, reason="Under review.", actor=make.admin(), at=clock.now())


def close_team(grant: Grant, key: ApiKey) -> None:
    Team.objects.filter(pk=grant.team_id).update(closed_at=clock.now())


def expire_key(grant: Grant, key: ApiKey) -> None:
    ApiKey.objects.filter(pk=key.pk).update(expires_at=clock.now())


def disable_host(grant: Grant, key: ApiKey) -> None:
    host = grant.offer.host
    host.disabled_at = clock.now()
    host.save(update_fields=["disabled_at"])


def spoil_credential(grant: Grant, key: ApiKey) -> None:
    host = grant.offer.host
    host.calling_credential = b"no token"
    host.save(update_fields=["calling_credential"])


def pause_host(grant: Grant, key: ApiKey) -> None:
    make.pause(grant.offer.host)


def limit(target: Target) -> None:
    set_limit(target, kind="tokens_per_day", maximum=1, reason="test", actor=make.admin(), at=clock.now())


def limit_team(grant: Grant, key: ApiKey) -> None:
    limit(Target(team=grant.team))


def limit_key(grant: Grant, key: ApiKey) -> None:
    limit(Target(key=key))


def limit_share(grant: Grant, key: ApiKey) -> None:
    limit(Target(grant=grant, application=key.application))


def limit_organisation(grant: Grant, key: ApiKey) -> None:
    limit(Target())


def pause_key(grant: Grant, key: ApiKey) -> None:
    ends = clock.now() + timedelta(hours=1)
    keys.pause_caller(key, reason="A loop.", ends_at=ends, actor=make.admin(), at=clock.now())


def pause_team(grant: Grant, key: ApiKey) -> None:
    ends = clock.now() + timedelta(hours=1)
    keys.pause_caller(grant.team, reason="A loop.", ends_at=ends, actor=make.admin(), at=clock.now())


def keep_elsewhere(grant: Grant, key: ApiKey) -> None:
    make.keep_to(key, ["192.0.2.0/24"])


def keep_to_another_offer(grant: Grant, key: ApiKey) -> None:
    other = make.grant(of=grant.team, app=key.application, offer=make.offer())
    owner, at = make.owner_of(grant.team), clock.now()
    keys.change_key(key.pk, name="x", grants=[other], networks=[], expires_at=None, actor=owner, at=at)


def remove_its_person(grant: Grant, key: ApiKey) -> None:
    teams.remove_member(grant.team, key.created_by, actor=make.owner_of(grant.team), at=clock.now())


def own_key(grant: Grant) -> tuple[ApiKey, str]:
    """A member's own."""
    member = make.person()
    teams.add_member(grant.team, member, "member", actor=make.owner_of(grant.team), at=clock.now())
    return make.key(grant, by=member, personal=True)


PATHS: dict[str, tuple[Take, str]] = {
    "a revoked key": (revoke_key, "invalid_api_key"),
    "an expired key": (expire_key, "invalid_api_key"),
    "a closed team": (close_team, "invalid_api_key"),
    "a revoked grant": (revoke_grant, "grant_ended"),
    "a suspended grant": (suspend_grant, "grant_suspended"),
    "a host switched off": (disable_host, "host_not_callable"),
    "a credential that is void": (spoil_credential, "host_not_callable"),
    "a pause": (pause_host, "host_paused"),
    "a paused key": (pause_key, "key_paused"),
    "a paused team": (pause_team, "team_paused"),
    "a key kept to other networks": (keep_elsewhere, "key_network"),
    "a key kept to another offer": (keep_to_another_offer, "model_not_granted"),
    "a member who was removed": (remove_its_person, "invalid_api_key"),
    "a team's limit": (limit_team, "limit.tokens_per_day"),
    "a key's limit": (limit_key, "limit.tokens_per_day"),
    "a share": (limit_share, "limit.tokens_per_day"),
    "the organisation's limit": (limit_organisation, "limit.tokens_per_day"),  # the last: it holds for all
}


@pytest.fixture(params=["with Redis", "without Redis"])
def four(request: pytest.FixtureRequest, world: World) -> Iterator[list[str]]:
    """Four processes; `without`, no Redis answers where they would look for one."""
    nowhere = {"REDIS_URL": "redis://127.0.0.1:1/0"} if request.param == "without Redis" else {}
    with ExitStack() as stack:
        others = [
            stack.enter_context(processes.gateway(world.folder / name, world.urls.gateway_url, **nowhere))
            for name in (("second", "third", "fourth", "fifth") if nowhere else ("second", "third", "fourth"))
        ]
        yield [each.url for each in ([] if nowhere else [world.gateway]) + others]


def test_each_path_is_closed_a_second_later_in_every_process(world: World, four: list[str]) -> None:
    assert len(four) == 4
    found = {}
    for path, (take, _) in PATHS.items():
        host = make.host(calling_base_url=f"{world.sandbox.url}/v1", is_sandbox=True)
        offer = make.offer(at=host, of=world.offer.model, host_model_id="echo")
        grant = make.grant(offer=offer, limits={"tokens_per_month": 10**9})
        key, secret = own_key(grant) if take is remove_its_person else make.key(grant)
        body = question(model=str(offer.call_name))
        assert codes(burst(four, secret, [body] * 8)) == {"": 8}, path
        take(grant, key)
        time.sleep(PROMISED_S)
        found[path] = dict(codes(burst(four, secret, [body] * CALLS)))
    assert found == {path: {code: CALLS} for path, (_, code) in PATHS.items()}


@pytest.mark.parametrize("kind", ["rpm", "tokens_per_day", "usd_per_month"])
def test_a_lowered_limit_holds_a_second_later_exactly(world: World, four: list[str], kind: str) -> None:
    """What the processes had leased under the old one goes back; what was used counts under the new one."""
    body, hundred = call_of(kind)
    grant = make.grant(offer=world.offer, limits={kind: 10 * hundred})
    app = grant.applications.get()
    _, secret = make.key(grant)
    if kind == "rpm":
        early_in_the_minute(30)
    assert codes(burst(four, secret, [body] * 40)) == {"": 40}
    less = make.request(of=grant.team, offer=world.offer, app=app, limits={kind: hundred})
    make.approved(less)
    time.sleep(PROMISED_S)
    left = FITTING - 40
    assert codes(burst(four, secret, [body] * CALLS)) == {"": left, f"limit.{kind}": CALLS - left}


def test_a_rotated_credential_is_the_one_that_is_used_a_second_later(world: World, four: list[str]) -> None:
    with scripted({"hello": play(answer(completion()))}) as host:
        at = make.host(calling_base_url=f"{host.url}/v1", is_sandbox=True)
        at.calling_credential = secrets.encrypt("old")
        at.save(update_fields=["calling_credential"])
        offer = make.offer(at=at, of=make.model("odd", by=make.publisher("odd")))
        _, secret = make.key(make.grant(offer=offer, limits={"tokens_per_month": 10**9}))
        body = question("hello", model="odd/odd")
        assert codes(burst(four, secret, [body] * 8)) == {"": 8}
        at.calling_credential = secrets.encrypt("new")
        at.save(update_fields=["calling_credential"])
        time.sleep(PROMISED_S)
        assert codes(burst(four, secret, [body] * CALLS)) == {"": CALLS}
        assert Counter(host.shown) == {"Bearer old": 8, "Bearer new": CALLS}
