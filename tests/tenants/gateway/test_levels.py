"""A call keeps to every limit it is under, and a refusal and /v1/quota say which level it is."""

import pytest

from foundry.lib import clock
from tenants.levels.actions import set_limit
from tenants.levels.rules import Target
from tenants.quotas.models import Passed, Window
from tenants.usage.enforced import of_holders
from tenants.usage.verify import verify
from tests import make
from tests.tenants.gateway.conftest import World
from tests.tenants.gateway.traffic import booked, burst, early_in_the_minute, nothing_held, question, within

pytestmark = pytest.mark.slow


def limit(target: Target, kind: str, maximum: int, mode: str = "hard") -> int:
    """The level's number."""
    told = {"kind": kind, "maximum": maximum, "mode": mode, "reason": "test"}
    row = set_limit(target, **told, actor=make.admin(), at=clock.now())  # type: ignore[arg-type]
    return row.level.holder_id


def test_what_a_call_uses_is_charged_to_all_its_levels_and_nothing_stays_held(world: World) -> None:
    grant = make.grant(offer=world.offer, limits={"tokens_per_month": 10**6})
    key, secret = make.key(grant)
    targets = [
        Target(), Target(team=grant.team), Target(key=key), Target(grant=grant, application=key.application),
        Target(grant=grant, key=key),
    ]  # fmt: skip
    holders = [limit(target, "tokens_per_day", 10**5) for target in targets]
    assert within(3, lambda: all(told.is_whole for told in of_holders(holders).values())), "enforced"
    answers = burst([world.gateway.url], secret, [question(max_tokens=50, knobs={"tokens_out": 7})] * 20)
    assert [answer.status for answer in answers] == [200] * 20
    booked(20)
    assert nothing_held()
    spent = Window.objects.filter(period="day", holder_id__in=[*holders, grant.pk]).values_list(
        "tokens_spent", flat=True
    )
    assert len(spent) == 6
    assert len(set(spent)) == 1
    assert [proof.differing for proof in verify()] == [[]] * 5


def test_a_grant_without_limits_of_a_kind_is_held_by_its_level(world: World) -> None:
    """What stands in the way first is named, with whose it is."""
    grant = make.grant(offer=world.offer, limits={"rpm": 1_000})
    _, secret = make.key(grant)
    limit(Target(team=grant.team), "tokens_per_day", 200)
    limit(Target(), "usd_per_day", 10**9)
    (over,) = burst([world.gateway.url], secret, [question(max_tokens=500)])
    error = over.body["error"]
    assert (over.status, error["code"]) == (429, "limit.tokens_per_day")
    assert (error["limit"]["scope"], error["limit"]["name"]) == ("team", grant.team.slug)
    assert f"Team {grant.team.slug}, over all its models, has used 0 of 200 tokens today" in error["message"]
    assert "larger than the whole limit and never passes it" in error["message"]
    (less,) = burst([world.gateway.url], secret, [question(max_tokens=1)])
    assert less.status == 200, less.body


def test_a_call_without_a_maximum_gets_what_the_tightest_level_leaves(world: World) -> None:
    grant = make.grant(offer=world.offer, limits={"tokens_per_day": 10**6})
    key, secret = make.key(grant)
    limit(Target(key=key), "tokens_per_day", 300)
    (answer,) = burst([world.gateway.url], secret, [question(knobs={"tokens_out": 3})])
    assert answer.status == 200, answer.body
    assert int(answer.headers["x-foundry-max-tokens"]) < 300


def test_quota_tells_each_level_and_the_first_to_bind(world: World) -> None:
    grant = make.grant(offer=world.offer, limits={"tokens_per_day": 10**6})
    key, secret = make.key(grant)
    limit(Target(team=grant.team), "tokens_per_day", 1_000)
    limit(Target(grant=grant, application=key.application), "tokens_per_day", 100_000)
    assert burst([world.gateway.url], secret, [question("Hello", knobs={"tokens_out": 28})])[0].status == 200
    status, answer = world.gateway.get("/v1/quota", secret)
    (told,) = answer["data"]
    found = {row["scope"]: (row["used"], row["left"]) for row in told["limits"]}
    assert status == 200
    assert found == {"grant": (30, 999_970), "team": (30, 970), "share": (30, 99_970)}
    assert told["binds_first_at"] == {"scope": "team", "name": grant.team.slug}
    by = {row["scope"]: (bool(row["set_by"]), row.get("decision")) for row in told["limits"]}
    assert by == {"grant": (True, grant.decision_id), "team": (True, None), "share": (True, None)}


def test_a_refusal_says_which_application_and_key_used_the_window(world: World) -> None:
    grant = make.grant(offer=world.offer, limits={"rpm": 1_000})
    key, secret = make.key(grant)
    other, quiet = make.key(grant)
    limit(Target(team=grant.team), "tokens_per_day", 2_000)
    busy = question(max_tokens=300, knobs={"usage": 299})
    assert {answer.status for answer in burst([world.gateway.url], secret, [busy] * 3)} == {200}
    assert burst([world.gateway.url], quiet, [question(max_tokens=50)])[0].status == 200
    booked(4)
    (over,) = burst([world.gateway.url], quiet, [question(max_tokens=1_900)])
    told = over.body["error"]["limit"]["used_by"]
    assert [(row["application"], row["key"]) for row in told] == [
        (key.application.slug, key.prefix), (other.application.slug, other.prefix),
    ]  # fmt: skip
    assert told[0]["share"] > 0.9
    assert f"Most of it went to {key.application.slug} with key {key.prefix}" in over.body["error"]["message"]


@pytest.mark.parametrize("scope", ["organisation", "team", "key", "share"])
def test_a_refusal_leads_to_who_set_that_limit_and_to_where_it_is_changed(world: World, scope: str) -> None:
    grant = make.grant(offer=world.offer, limits={"rpm": 1_000})
    key, secret = make.key(grant)
    target, page = {
        "organisation": (Target(), "/limits/"),
        "team": (Target(team=grant.team), f"/teams/{grant.team.slug}/limits/"),
        "key": (Target(key=key), f"/keys/{key.pk}/limits/"),
        "share": (Target(grant=grant, application=key.application), f"/grants/{grant.pk}/shares/"),
    }[scope]
    admin = make.admin()
    set_limit(target, kind="rpm", maximum=1, reason="test", actor=admin, at=clock.now())
    early_in_the_minute()
    first, over = burst([world.gateway.url], secret, [question()] * 2)
    assert sorted((first.status, over.status)) == [200, 429]
    error = max(first, over, key=lambda each: each.status).body["error"]
    assert error["limit"]["scope"] == scope
    assert error["ask_for_more"] == f"http://127.0.0.1:8000{page}"
    assert error["message"].endswith(f"{admin.name} set this limit; see {error['ask_for_more']}")


def test_headers_tell_of_the_limit_of_a_minute_that_leaves_least(world: World) -> None:
    grant = make.grant(offer=world.offer, limits={"rpm": 120, "tpm": 10_000})
    key, secret = make.key(grant)
    limit(Target(key=key), "rpm", 3)
    limit(Target(team=grant.team), "tpm", 10**6)
    early_in_the_minute()
    told = []
    for _ in range(3):
        (answer,) = burst([world.gateway.url], secret, [question(max_tokens=9)])
        told.append([answer.headers[f"x-ratelimit-{each}-requests"] for each in ("limit", "remaining")])
    assert told == [["3", "2"], ["3", "1"], ["3", "0"]]
    assert answer.headers["x-ratelimit-limit-tokens"] == "10000"


def test_a_refused_minute_names_the_key_that_made_most_calls_and_its_share_of_all(world: World) -> None:
    """Four keys call once each, with many tokens; a fifth four times, with few."""
    grant = make.grant(offer=world.offer, limits={"rpm": 8})
    quiet, (busy, secret) = [make.key(grant)[1] for _ in range(4)], make.key(grant)
    early_in_the_minute(20)
    for each in quiet:
        asked = question(max_tokens=300, knobs={"usage": 299})
        assert burst([world.gateway.url], each, [asked])[0].status == 200
    answers = burst([world.gateway.url], secret, [question(max_tokens=5, knobs={"usage": 3})] * 4)
    assert [answer.status for answer in answers] == [200] * 4
    booked(8)
    (over,) = burst([world.gateway.url], quiet[0], [question(max_tokens=5)])
    told = over.body["error"]["limit"]
    assert (told["kind"], len(told["used_by"])) == ("rpm", 3)
    assert told["used_by"][0] == {"application": busy.application.slug, "key": busy.prefix, "share": 0.5}
    assert [row["share"] for row in told["used_by"][1:]] == [0.125, 0.125]


@pytest.mark.parametrize("kind", ["rpm", "tokens_per_day", "concurrency"])
def test_soft_and_shadow_limits_let_pass_and_count_what_a_hard_one_had_refused(
    world: World, kind: str
) -> None:
    grant = make.grant(offer=world.offer, limits={"rpm": 1_000})
    _, secret = make.key(grant)
    body = question(
        max_tokens=50, knobs={"delay_ms": 1_000, "usage": 9_000 if kind == "tokens_per_day" else 30}
    )
    fitting = {"rpm": 10, "concurrency": 10, "tokens_per_day": 1_000}[kind]
    holder = limit(Target(team=grant.team), kind, fitting, "soft")
    limit(Target(team=grant.team), kind, fitting, "shadow")
    early_in_the_minute(20)
    first = burst([world.gateway.url], secret, [body] * (1 if kind == "tokens_per_day" else 10))
    booked(len(first))
    assert {answer.status for answer in first} == {200}
    assert "x-foundry-soft-limit" not in first[0].headers
    more = burst([world.gateway.url], secret, [body] * (5 if kind != "concurrency" else 14))
    assert {answer.status for answer in more} == {200}
    assert f"team {kind}" in {answer.headers.get("x-foundry-soft-limit") for answer in more}
    counts = Passed.objects.filter(holder_id=holder).values_list("kind", "mode", "calls")
    passed = 5 if kind != "concurrency" else 4
    assert set(counts) == {(kind, "soft", passed), (kind, "shadow", passed)}
    booked(len(first) + len(more))
    assert nothing_held()


def test_of_a_shadow_limit_callers_hear_nothing(world: World) -> None:
    grant = make.grant(offer=world.offer, limits={"rpm": 1_000})
    _, secret = make.key(grant)
    holder = limit(Target(team=grant.team), "rpm", 3, "shadow")
    early_in_the_minute(20)
    answers = burst([world.gateway.url], secret, [question()] * 10)
    assert [(answer.status, "x-foundry-soft-limit" in answer.headers) for answer in answers] == [
        (200, False)
    ] * 10
    assert Passed.objects.get(holder_id=holder).calls == 7
