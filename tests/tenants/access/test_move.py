"""A team's owner moves part of a limit between its own grants; the sum never changes, and every moment stays exact."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from catalog.models import Offer
from foundry.audit.models import Entry
from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden, Invalid, Refused
from foundry.people.models import User
from tenants.access import actions
from tenants.access.models import Grant, Limit, Move
from tenants.teams import actions as teams
from tests import make
from tests.people import api, browser
from tests.servers import Urls
from tests.tenants.access.test_two_at_once import at_once

NOW = clock.now()
HOUR, DAY, TICK = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
LIMITS = {"tpm": 60_000, "rpm": 60, "concurrency": 5, "usd_per_month": 100 * 10**9}
Pair = tuple[Grant, Grant]


def two(at: Any = NOW - 10 * DAY) -> Pair:
    giver = make.grant(at=at, limits=LIMITS)
    return giver, make.grant(of=giver.team, offer=giver.offer, at=at, limits=LIMITS)


@pytest.fixture
def pair(db: None) -> Pair:
    return two()


def moved(giver: Grant, taker: Grant, **told: Any) -> Move:
    fields: dict[str, Any] = {"kind": "tpm", "amount": 20_000, "reason": "More batch.", "at": NOW}
    fields |= {"actor": make.owner_of(giver.team)} | told
    return actions.move_allocation(giver.pk, to=taker.pk, **fields)


def held(grant: Grant, at: Any = NOW, kind: str = "tpm") -> int:
    return Limit.objects.at(at).get(grant=grant, kind=kind).maximum


def test_both_change_from_one_moment_on_and_nothing_else_does(pair: Pair) -> None:
    giver, taker = pair
    before = [(each.ends_at, each.data_class, each.decision_id) for each in pair]
    made = moved(giver, taker)
    assert [(held(giver, at), held(taker, at)) for at in (NOW - TICK, NOW, NOW + DAY)] == [
        (60_000, 60_000), (40_000, 80_000), (40_000, 80_000),
    ]  # fmt: skip
    assert {held(each, kind="rpm") for each in pair} == {60}
    rows = Grant.objects.filter(pk__in=[giver.pk, taker.pk]).order_by("pk")
    assert [(each.ends_at, each.data_class, each.decision_id) for each in rows] == before
    entry = Entry.objects.filter(verb="grant.move").get().content
    assert (entry["before"]["giver"], entry["before"]["taker"]) == (60_000, 60_000)
    assert entry["after"] == {
        "team": giver.team.slug, "from": giver.pk, "to": taker.pk, "kind": "tpm", "giver": 40_000, "taker": 80_000,
        "move": made.pk, "amount": 20_000, "reason": "More batch.",
    }  # fmt: skip


def test_back_and_forth_and_then_a_decision_counts_as_it_always_did(pair: Pair) -> None:
    giver, taker = pair
    moved(giver, taker, at=NOW)
    moved(taker, giver, amount=5_000, at=NOW + HOUR)
    moved(giver, taker, kind="usd_per_month", amount=10**9, at=NOW + HOUR)
    asked = actions.renew(giver.pk, actor=make.owner_of(giver.team), at=NOW + 2 * HOUR)
    assert asked.asked["tpm"] == 45_000, "a renewal asks for what it has now"
    make.approved(asked, at=NOW + 3 * HOUR)
    moved(giver, taker, amount=1, at=NOW + 4 * HOUR)
    then = [NOW - TICK, NOW, NOW + HOUR, NOW + 3 * HOUR, NOW + 4 * HOUR]
    assert [held(giver, at) for at in then] == [60_000, 40_000, 45_000, 45_000, 44_999]
    assert [held(taker, at) for at in then] == [60_000, 80_000, 75_000, 75_000, 75_001]
    assert held(giver, NOW + DAY, "usd_per_month") + held(taker, NOW + DAY, "usd_per_month") == 200 * 10**9
    connection.check_constraints()
    said = browser(make.owner_of(giver.team)).get(f"/grants/{giver.pk}/").text
    assert "60,000 tokens per minute →" not in said, "the renewal changed no limit: the move did"
    assert f"to grant {taker.pk}" in said


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"amount": 60_000}, "move.amount"),
        ({"amount": 60_001}, "move.amount"),
        ({"amount": 0}, "move.amount"),
        ({"amount": -5}, "move.amount"),
        ({"kind": "concurrency", "amount": 1}, "move.kind"),
        ({"kind": "tokens_per_day", "amount": 1}, "move.kind"),
        ({"reason": " "}, "request.reason"),
    ],
)
def test_what_makes_no_sense_is_refused_with_words(pair: Pair, told: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        moved(*pair, **told)
    assert refused.value.code == code
    assert refused.value.remedy
    assert [held(each) for each in pair] == [60_000, 60_000]


def test_only_an_owner_of_the_team_moves_and_only_between_its_own(pair: Pair) -> None:
    giver, taker = pair
    member = make.person()
    teams.add_member(giver.team, member, "member", actor=make.owner_of(giver.team), at=NOW)
    for actor in (member, make.admin()):
        with pytest.raises(Forbidden):
            moved(giver, taker, actor=actor)
    foreign = make.grant(offer=giver.offer, at=NOW - DAY)
    for other in (foreign, giver):
        with pytest.raises(Invalid) as refused:
            moved(giver, other)
        assert refused.value.code == "move.to"
    both = make.person(roles=("auditor",))
    teams.add_member(giver.team, both, "owner", actor=make.admin(), at=NOW)
    with pytest.raises(Invalid, match="same team"):
        moved(giver, foreign, actor=both)


def test_another_offer_only_of_the_same_pool(pair: Pair) -> None:
    giver, _ = pair
    offer = make.offer(at=giver.offer.host)
    other = make.grant(of=giver.team, offer=offer, at=NOW - DAY)
    with pytest.raises(Invalid, match="other capacity"):
        moved(giver, other)
    pool = make.pool(giver.offer.host)
    Offer.objects.filter(pk__in=[offer.pk, giver.offer_id]).update(pool=pool)
    moved(giver, other)
    assert (held(giver), held(other)) == (40_000, 80_000)
    Offer.objects.filter(pk=offer.pk).update(pool=make.pool(giver.offer.host, "second"))
    with pytest.raises(Invalid, match="other capacity"):
        moved(giver, other, at=NOW + HOUR)


def ended(grant: Grant) -> None:
    actions.revoke(grant.pk, reason="Over.", actor=make.admin(), at=NOW - HOUR)


def suspended(grant: Grant) -> None:
    actions.suspend(grant.pk, reason="Leak.", actor=make.admin(), at=NOW - HOUR)


def asked(grant: Grant) -> None:
    actions.renew(grant.pk, actor=make.owner_of(grant.team), at=NOW - HOUR)


def raised(grant: Grant) -> None:
    actions.break_glass(
        grant.pk,
        limits={"tpm": 70_000},
        hours=8,
        reason="Fire.",
        actor=make.owner_of(grant.team),
        at=NOW - HOUR,
    )


def others_suspended(grant: Grant) -> None:
    actions.suspend_team(grant.team, reason="Audit.", actor=make.admin(), at=NOW - HOUR)


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize(
    ("first", "code"),
    [
        (ended, "grant.revoked"),
        (suspended, "grant.suspended"),
        (others_suspended, "grant.suspended"),
        (asked, "move.undecided"),
        (raised, "move.raised"),
    ],
)
def test_what_is_not_live_or_undecided_or_raised_waits(pair: Pair, first: Any, code: str, side: int) -> None:
    first(pair[side])
    with pytest.raises(Conflict) as refused:
        moved(*pair)
    assert refused.value.code == code
    assert not Move.objects.exists()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE access_move SET amount = 1",
        "DELETE FROM access_move",
        "TRUNCATE access_move CASCADE",
        "UPDATE access_limit SET moved_id = NULL WHERE moved_id IS NOT NULL",
        "UPDATE access_limit SET maximum = maximum + 1 WHERE moved_id IS NOT NULL",
        "UPDATE access_limit SET ends_at = now() WHERE moved_id IS NOT NULL",
    ],
)
def test_the_database_keeps_it_as_it_was(pair: Pair, sql: str) -> None:
    moved(*pair)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL ROLE foundry_app")
        with pytest.raises(DatabaseError), transaction.atomic():
            cursor.execute(sql)


def by_hand(giver: Grant, taker: Grant, of_taker: int, **told: Any) -> None:
    """A move as somebody with raw access would write it, past every rule of the application."""
    fields: dict[str, Any] = {"kind": "tpm", "amount": 20_000, "reason": "x", "at": NOW}
    fields |= {"by": make.owner_of(giver.team)} | told
    made = Move.objects.create(giver=giver, taker=taker, **fields)
    for grant, maximum in ((giver, 40_000), (taker, of_taker)):
        grant.limits.filter(kind="tpm", ends_at=None).update(ends_at=NOW)
        Limit.objects.create(
            grant=grant, kind="tpm", maximum=maximum, starts_at=NOW, decision=grant.decision, moved=made
        )
    connection.check_constraints()


def halved(giver: Grant, taker: Grant) -> None:
    told: dict[str, Any] = {"by": make.owner_of(giver.team), "at": NOW}
    Move.objects.create(giver=giver, taker=taker, kind="tpm", amount=1, reason="x", **told)
    connection.check_constraints()


def test_the_database_refuses_a_sum_that_grows_and_a_move_by_halves(pair: Pair) -> None:
    with pytest.raises(DatabaseError, match="exactly what"), transaction.atomic():
        by_hand(*pair, 80_001)
    with pytest.raises(DatabaseError, match="both grants"), transaction.atomic():
        halved(*pair)
    by_hand(*pair, 80_000)


def test_the_database_knows_who_and_between_which(pair: Pair) -> None:
    giver, taker = pair
    with pytest.raises(DatabaseError, match="an owner"), transaction.atomic():
        by_hand(giver, taker, 80_000, by=make.admin())
    with pytest.raises(DatabaseError, match="its own"), transaction.atomic():
        by_hand(giver, make.grant(offer=giver.offer, at=NOW - DAY), 80_000)
    with pytest.raises(DatabaseError, match="one pool"), transaction.atomic():
        by_hand(giver, make.grant(of=giver.team, offer=make.offer(), at=NOW - DAY), 80_000)
    for first, words in ((suspended, "live"), (asked, "undecided"), (raised, "raised"), (ended, "live")):
        with transaction.atomic():
            first(taker)
            with pytest.raises(DatabaseError, match=words), transaction.atomic():
                by_hand(giver, taker, 80_000)
            transaction.set_rollback(True)


def test_by_page_it_shows_both_before_and_after_and_then_does_it(pair: Pair) -> None:
    giver, taker = pair
    owner = browser(make.owner_of(giver.team))
    url = f"/grants/{giver.pk}/move/"
    assert url in owner.get(f"/grants/{giver.pk}/").text
    assert "80,000" not in owner.get(url).text
    typed = {"to": str(taker.pk), "kind": "tpm", "amount": "20,000", "reason": "More batch."}
    too_much = owner.post(url, typed | {"amount": "60,000"})
    assert too_much.status_code == 400
    assert "Less than the 60000" in too_much.text
    shown = owner.post(url, typed)
    for words in ("60,000 tokens per minute → 40,000", "60,000 tokens per minute → 80,000"):
        assert words in shown.text
    assert not Move.objects.exists(), "nothing is done before it is confirmed"
    assert owner.post(url, typed | {"confirmed": "1"}).status_code == 302
    assert (held(giver, clock.now()), held(taker, clock.now())) == (40_000, 80_000)


def test_without_another_grant_there_is_no_button(db: None) -> None:
    grant = make.grant(at=NOW - DAY)
    make.grant(of=grant.team, offer=make.offer(), at=NOW - DAY)
    page = browser(make.owner_of(grant.team))
    assert f"/grants/{grant.pk}/move/" not in page.get(f"/grants/{grant.pk}/").text
    assert "no other live grant" in page.get(f"/grants/{grant.pk}/move/").text


def test_by_the_api_twice_with_one_key_it_is_done_once(pair: Pair) -> None:
    giver, taker = pair
    client = api(make.owner_of(giver.team))
    told = {"to": taker.pk, "kind": "usd_per_month", "amount": "12.50", "reason": "More batch."}
    url, again = f"/api/v1/grants/{giver.pk}/move/", {"HTTP_IDEMPOTENCY_KEY": "one"}
    said = [client.post(url, told, content_type="application/json", **again) for _ in range(2)]
    assert [each.status_code for each in said] == [201, 201]
    assert said[0].json() == said[1].json()
    assert said[0].json()["amount"] == "12.50"
    now = clock.now()
    assert [held(each, now, "usd_per_month") for each in pair] == [87_500_000_000, 112_500_000_000]
    wrong = client.post(url, told | {"amount": "much"}, content_type="application/json")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "move.amount")


def move_now(giver: Grant, taker: Grant, owner: User) -> None:
    moved(giver, taker, actor=owner, at=clock.now())


def revoke_now(grant: Grant, admin: User) -> None:
    actions.revoke(grant.pk, reason="Over.", actor=admin, at=clock.now())


@pytest.mark.slow
def test_of_many_moves_at_once_in_both_directions_the_sum_stays(committed: Urls) -> None:
    giver, taker = two()
    owner = make.owner_of(giver.team)

    def move(one: Grant, other: Grant) -> None:
        moved(one, other, amount=25_000, actor=owner, at=clock.now())

    for _ in range(10):
        before = held(giver, clock.now())
        acts = [
            partial(move, *each) for each in ((giver, taker), (giver, taker), (giver, taker), (taker, giver))
        ]
        lost = at_once(acts)
        assert all(isinstance(each, Refused) for each in lost if each)
        now = clock.now()
        done = sum((1 if number == 3 else -1) for number, each in enumerate(lost) if each is None)
        assert held(giver, now) == before + 25_000 * done
        assert held(giver, now) + held(taker, now) == 120_000
        assert held(giver, now) > 0
        assert held(taker, now) > 0


@pytest.mark.slow
def test_a_move_that_meets_a_revoke_is_whole_or_not_at_all(committed: Urls) -> None:
    seen = set()
    for _ in range(12):
        giver, taker = two()
        owner, admin = make.owner_of(giver.team), make.admin()
        lost = at_once([partial(move_now, giver, taker, owner), partial(revoke_now, taker, admin)])
        assert lost[1] is None, "revoking always works"
        went = Move.objects.filter(giver=giver).exists()
        assert went == (lost[0] is None)
        now = clock.now()
        assert (held(giver, now), held(taker, now)) == ((40_000, 80_000) if went else (60_000, 60_000))
        seen.add(went)
    assert seen
