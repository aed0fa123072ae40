"""Two people at once: one wins, the others are told who did (reliability I6)."""

import os
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import cycle, islice

import pytest
from django.db import connection

from foundry.audit.models import Entry
from foundry.lib import clock
from foundry.lib.errors import Conflict, Refused
from foundry.people.models import User
from tenants.access import actions
from tenants.access.models import Decision, Grant, Request
from tenants.access.states import RequestState
from tests import make
from tests.servers import Urls

ROUNDS, THREADS = int(os.environ.get("ROUNDS", "20")), 8


def approve(request: Request, person: User) -> None:
    actions.approve(request.pk, actor=person, at=clock.now())


def deny(request: Request, person: User) -> None:
    actions.deny(request.pk, reason="too much", actor=person, at=clock.now())


def withdraw(request: Request, person: User) -> None:
    actions.withdraw(request.pk, actor=request.requester, at=clock.now())


def at_once(acts: list[Callable[[], None]]) -> list[Refused | None]:
    """Run all acts in threads that start together; what each raised."""
    barrier = threading.Barrier(len(acts))
    raised: dict[int, Refused | None] = dict.fromkeys(range(len(acts)))
    broke: list[Exception] = []

    def run(number: int) -> None:
        barrier.wait()
        try:
            acts[number]()
        except Refused as error:
            raised[number] = error
        except Exception as error:  # noqa: BLE001  (what a person would see as a broken page)
            broke.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broke == []
    return list(raised.values())


@pytest.mark.slow
def test_of_many_deciders_at_once_one_wins_and_the_others_hear_who(committed: Urls) -> None:
    deciders = [make.person(f"boss{number}", roles=("admin",)) for number in range(THREADS)]
    team, offer = make.team(), make.offer()
    for _ in range(ROUNDS):
        request = make.request(of=team, offer=offer)
        kinds = islice(cycle([approve, deny, approve, withdraw]), THREADS)
        acts = [partial(act, request, who) for act, who in zip(kinds, deciders, strict=True)]
        one_wins(request, at_once(acts))


def one_wins(request: Request, raised: list[Refused | None]) -> None:
    losers = [error for error in raised if error is not None]
    assert len(losers) == THREADS - 1
    assert all(isinstance(error, Conflict) for error in losers), losers
    request.refresh_from_db()
    decision = Decision.objects.filter(request=request).select_related("by").first()
    assert (decision is None) == (request.state == RequestState.WITHDRAWN)
    assert Grant.objects.filter(request=request).count() == (request.state == RequestState.APPROVED)
    assert Entry.objects.filter(object_type="access.request", object_id=str(request.pk)).count() == 2
    for error in losers:
        assert isinstance(error, Conflict)
        assert error.code == ("request.decided" if decision else "request.withdrawn"), error.code
        if decision:
            assert str(decision.by) in error.detail


@pytest.mark.slow
def test_a_policy_that_is_switched_on_meanwhile_moves_no_request_that_is_asked(committed: Urls) -> None:
    """Whichever comes first: each request has the steps of the very version that it names."""
    bosses = [make.person(f"keeper{number}", roles=("admin",)) for number in range(THREADS)]
    team, offer = make.team(), make.offer()
    apps = [make.application(team) for _ in range(THREADS // 2)]
    wanted = {1: ["admin"]}
    for round_ in range(ROUNDS // 2):
        role = ("security", "admin")[round_ % 2]
        draft = actions.start_draft(
            rules=[{"name": role, "steps": [[role]]}], actor=bosses[0], at=clock.now()
        )
        wanted[round_ + 2] = [role]
        asks = [partial(asked, team, offer, app) for app in apps]
        switches = [partial(switch, draft.pk, boss) for boss in bosses[: THREADS // 2]]
        raised = at_once([*asks, *switches])
        assert sum(error is None for error in raised[len(asks) :]) == 1
        assert {error.code for error in raised[: len(asks)] if error} <= {"policy.changed"}
        for request in Request.objects.open().select_related("policy"):
            assert request.policy is not None
            assert request.policy.number is not None
            assert [step.role for step in request.steps.all()] == wanted[request.policy.number]
            actions.withdraw(request.pk, actor=make.owner_of(team), at=clock.now())


def switch(draft_id: int, boss: User) -> None:
    actions.switch_on(draft_id, actor=boss, at=clock.now())


@pytest.mark.slow
def test_deciding_and_passing_on_at_once_leaves_one_decision(committed: Urls) -> None:
    """The sweep, who stands in, and whoever hands on meet at the request's lock."""
    deciders = [make.person(f"boss{number}", roles=("admin",)) for number in range(THREADS)]
    team, offer, long_ago = make.team(), make.offer(), clock.now() - timedelta(days=9)
    for _ in range(ROUNDS):
        request = make.request(of=team, offer=offer, at=long_ago)
        others = [partial(pass_on, request), partial(hand_on, request, deciders[0], deciders[1])]
        acts = [partial(approve, request, who) for who in deciders[2:]]
        raised = at_once([*others, *acts])
        assert sum(error is None for error in raised[2:]) == 1
        assert all(isinstance(error, Conflict) for error in raised[2:] if error)
        assert Decision.objects.filter(request=request).count() == 1
        assert Grant.objects.filter(request=request).count() == 1


def pass_on(request: Request) -> None:
    actions.pass_on(request.pk, at=clock.now())


def hand_on(request: Request, who: User, to: User) -> None:
    actions.hand_on(request.pk, to=to, actor=who, at=clock.now())


@pytest.mark.slow
def test_of_two_equal_requests_at_once_one_is_written(committed: Urls) -> None:
    offer = make.offer()
    team = make.team()
    application = make.application(team)
    for _ in range(10):
        raised = at_once([lambda: asked(team, offer, application)] * 4)
        assert sum(error is None for error in raised) == 1
        assert all(isinstance(error, Conflict) and error.code == "request.open" for error in raised if error)
        actions.withdraw(Request.objects.open().get().pk, actor=make.owner_of(team), at=clock.now())


def asked(team: object, offer: object, application: object) -> None:
    make.request(of=team, offer=offer, app=application)  # type: ignore[arg-type]
