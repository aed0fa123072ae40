"""Grants that nobody calls: their owners are asked once, keep them once, or they go back and can be asked for again."""

from datetime import datetime, timedelta
from functools import partial

import pytest

from catalog import actions as catalog
from catalog.models import Host, Offer
from foundry.audit.models import Entry
from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.notify.models import Event
from tenants.access import actions
from tenants.access.headroom import granted_by_pool
from tenants.access.idle import look
from tenants.access.models import Grant, Idle, Return
from tests import make
from tests.people import api, browser
from tests.tenants.access.test_guards import refuses
from tests.tenants.access.test_weighing import hour

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def grant_of(days: int = 100, **asked: object) -> Grant:
    """A grant that is so many days old."""
    now = clock.now()
    return make.grant(at=now - days * DAY, ends_on=(now + 100 * DAY).date(), **asked)


def idle_grant() -> tuple[Grant, datetime]:
    """One whose owner was told just now, and when."""
    grant, now = grant_of(), clock.now()
    assert look(now) == (0, 1)
    return grant, now


def test_the_owner_is_asked_once_and_it_goes_back_when_it_is_due() -> None:
    grant, now = idle_grant()
    told = Event.objects.get(kind="grant.idle")
    assert {notice.person for notice in told.notices.all()} == {make.owner_of(grant.team)}
    assert told.url == f"/grants/{grant.pk}/idle/"
    assert [look(now + days * DAY) for days in (1, 13, 15, 16)] == [(0, 0), (0, 0), (1, 0), (0, 0)]
    back = Return.objects.get()
    assert (back.kind, back.by, back.at) == ("idle", None, now + 15 * DAY)
    assert [grant.state(now + days * DAY) for days in (14, 15)] == ["live", "revoked"]
    assert Entry.objects.get(verb="grant.take_back").actor_label.startswith("life rules")


def test_its_capacity_is_free_from_that_moment() -> None:
    at = make.host()
    pool = make.pool(at)
    grant = grant_of(offer=make.offer(at=at, pool=pool), limits={"tpm": 50_000})
    now = clock.now()
    look(now)
    assert granted_by_pool([pool.pk], now)[pool.pk] == 50_000
    look(now + 15 * DAY)
    assert granted_by_pool([pool.pk], now + 15 * DAY).get(pool.pk, 0) == 0
    assert grant.pk


def test_a_call_a_young_grant_and_a_suspended_one_are_not_asked_about() -> None:
    called, now = grant_of(), clock.now()
    hour(called, now - DAY, 1, 10)
    grant_of(30)
    stopped = grant_of()
    actions.suspend(stopped.pk, reason="Terms.", actor=make.admin(), at=now - 2 * DAY)
    actions.resume(stopped.pk, actor=make.admin(), at=now - DAY)
    assert look(now) == (0, 0)


def test_time_for_which_its_host_or_offer_was_paused_speaks_against_nobody() -> None:
    grant, now, ops = grant_of(days=61), clock.now(), make.person(roles=("ops",))

    def pause(what: Host | Offer, begins: datetime, days: float) -> None:
        asked = {"reason": "Repair.", "starts_at": begins, "ends_at": begins + days * DAY}
        catalog.pause(what, **asked, actor=ops, at=begins)

    pause(grant.offer.host, now - 30 * DAY, 2)
    pause(grant.offer, now - 29 * DAY, 2)  # a day of it lies in the other
    assert look(now) == (0, 0)
    assert look(now + 2 * DAY - HOUR) == (0, 0)
    asked_at = now + 2 * DAY + HOUR
    assert look(asked_at) == (0, 1)
    pause(grant.offer.host, asked_at + DAY, 3)
    assert [look(asked_at + days * DAY) for days in (14.1, 16.9, 17.1)] == [(0, 0), (0, 0), (1, 0)]


def test_a_suspension_after_the_notice_leaves_its_owner_as_many_days_as_before() -> None:
    grant, now = idle_grant()
    admin = make.admin()
    block = actions.suspend(grant.pk, reason="Audit.", actor=admin, at=now + DAY)
    actions.resume(grant.pk, block=block.pk, actor=admin, at=now + 13 * DAY)
    assert [look(now + days * DAY) for days in (14, 15, 25.9, 26.1)] == [(0, 0), (0, 0), (0, 0), (1, 0)]


def test_a_call_after_the_notice_answers_it() -> None:
    grant, now = idle_grant()
    hour(grant, now + 2 * DAY, 1, 10)
    assert look(now + 3 * DAY) == (0, 0)
    assert Idle.objects.get().used_at == now + 3 * DAY
    assert look(now + 15 * DAY) == (0, 0)
    assert grant.state(now + 15 * DAY) == "live"


def test_a_call_in_the_last_moment_is_seen_before_it_goes_back() -> None:
    grant, now = idle_grant()
    hour(grant, now + 15 * DAY - timedelta(hours=1), 1, 10)
    assert look(now + 15 * DAY) == (0, 0)
    assert grant.state(now + 15 * DAY) == "live"


def test_an_owner_keeps_it_once_and_says_why_and_the_next_time_it_goes_back() -> None:
    grant, now = idle_grant()
    owner = make.owner_of(grant.team)
    with pytest.raises(Invalid):
        actions.keep_idle(grant.pk, reason=" ", actor=owner, at=now + DAY)
    actions.keep_idle(grant.pk, reason="The season begins in March.", actor=owner, at=now + DAY)
    assert look(now + 20 * DAY) == (0, 0)
    assert look(now + 62 * DAY) == (0, 1)
    with pytest.raises(Conflict) as refused:
        actions.keep_idle(grant.pk, reason="Still.", actor=owner, at=now + 63 * DAY)
    assert refused.value.code == "grant.kept_once"
    assert look(now + 77 * DAY) == (1, 0)


def test_the_wrong_people_keep_and_give_back_nothing() -> None:
    member = make.person()
    grant = grant_of(of=make.team(members=(member,)))
    look(clock.now())
    for person in (member, make.admin(), make.owner_of(make.team())):
        with pytest.raises(Forbidden):
            actions.keep_idle(grant.pk, reason="Mine.", actor=person, at=clock.now())
    for person in (member, make.person(roles=("ops",)), make.owner_of(make.team())):
        with pytest.raises(Forbidden):
            actions.give_back(grant.pk, reason="Over.", actor=person, at=clock.now())


def test_one_page_keeps_or_gives_back_and_says_first_whom_it_hits() -> None:
    grant, _ = idle_grant()
    owner = browser(make.owner_of(grant.team))
    page = owner.get(f"/grants/{grant.pk}/idle/")
    assert "Nobody called it since" in page.text
    assert "Whom it hits" in page.text
    assert "Nobody calls" in owner.get("/").text
    assert "Keep it or give it back" in owner.get(f"/grants/{grant.pk}/").text
    assert owner.post(f"/grants/{grant.pk}/keep/", {"reason": "March."}).status_code == 302
    assert "kept it" in owner.get(f"/grants/{grant.pk}/idle/").text
    assert owner.post(f"/grants/{grant.pk}/give-back/", {"reason": "Over."}).status_code == 302
    assert Return.objects.get().kind == "owner"
    assert "Ask for it again" in owner.get(f"/grants/{grant.pk}/").text


def test_what_went_back_is_asked_for_again_in_one_click_at_the_same_size() -> None:
    grant, now = idle_grant()
    look(now + 15 * DAY)
    again = actions.ask_again(grant.pk, actor=make.owner_of(grant.team), at=now + 16 * DAY)
    assert (again.asked, again.purpose, again.grant) == ({"tpm": 60_000}, grant.request.purpose, None)
    make.approved(again, at=now + 17 * DAY)
    assert Grant.objects.get(request=again).pk != grant.pk
    with pytest.raises(Forbidden):
        actions.ask_again(grant.pk, actor=make.admin(), at=now + 18 * DAY)


def test_the_api_says_that_it_is_asked_about_and_keeps_gives_back_and_asks_again() -> None:
    grant, _ = idle_grant()
    client = api(make.owner_of(grant.team))
    path = f"/api/v1/grants/{grant.pk}/"
    send = partial(client.post, data={"reason": "March."}, content_type="application/json")
    assert client.get(path).json()["idle"]["due_at"]
    assert send(f"{path}keep/").json()["idle"] is None
    assert send(f"{path}give-back/").json()["state"] == "revoked"
    asked = client.post(f"{path}ask-again/", {"days": 30}, content_type="application/json")
    assert (asked.status_code, asked.json()["changes_grant"]) == (201, None)


def test_zero_days_ask_about_nothing() -> None:
    grant_of()
    actions.set_life_rules(idle_after_days=0, actor=make.admin(), at=clock.now())
    assert look(clock.now()) == (0, 0)


NOTICE = """INSERT INTO access_idle (grant_id, decision_id, rules_id, since, noticed_at, due_at, kept_why)
            VALUES (%s, %s, %s, %s, %s, %s, '')"""
BACK = "INSERT INTO access_return (grant_id, kind, at, by_id, idle_id, why) VALUES (%s, %s, %s, %s, %s, 'x')"


def test_the_database_asks_by_the_rules_and_takes_back_only_what_they_allow() -> None:
    grant, now = idle_grant()
    held = Idle.objects.get()
    other = grant_of()
    fields = (other.pk, other.decision_id, held.rules_id)
    refuses("by the rules in force", NOTICE, *fields, now - 10 * DAY, now, now + 20 * DAY)
    refuses("by the rules in force", NOTICE, *fields, now - 90 * DAY, now, now + DAY)
    refuses("ends at that moment", BACK, grant.pk, "idle", now, None, held.pk)
    Grant.objects.filter(pk=grant.pk).update(revoked_at=now, revoked_why="x")
    refuses("neither kept nor called", BACK, grant.pk, "idle", now, None, held.pk)
    refuses("an owner of the team or an admin", BACK, grant.pk, "owner", now, make.person().pk, None)
    refuses("permission denied", "DELETE FROM access_idle")
    refuses("an owner of the team keeps it",
            "UPDATE access_idle SET kept_at = now(), kept_by_id = %s, kept_why = 'x'", make.admin().pk)  # fmt: skip
    refuses("never rewritten", "UPDATE access_idle SET due_at = due_at - interval '9 days'")
