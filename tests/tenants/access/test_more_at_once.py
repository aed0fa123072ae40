"""What meets a decision: its request running out, a policy switched on, a grant revoked, a raise, a broken glass."""

from collections import Counter
from datetime import datetime, timedelta
from functools import partial

import pytest

from foundry.lib import clock
from foundry.lib.errors import Conflict, Invalid, Refused
from foundry.people.models import User
from tenants.access import actions
from tenants.access.models import Decision, Grant, Limit, Raise, Request
from tenants.access.periods import end_of
from tests import make
from tests.servers import Urls
from tests.tenants.access.test_two_at_once import ROUNDS, THREADS, approve, at_once, switch

pytestmark = pytest.mark.slow
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def bosses(count: int = THREADS) -> list[User]:
    return [make.person(f"boss{number}", roles=("admin",)) for number in range(count)]


def approve_then(request: Request, person: User, at: datetime) -> None:
    actions.approve(request.pk, actor=person, at=at)


def codes(raised: list[Refused | None]) -> Counter[str]:
    return Counter(error.code for error in raised if error is not None)


def test_a_request_that_runs_out_while_it_is_approved_opens_no_grant_that_is_over(committed: Urls) -> None:
    """Half of the clocks stand before its last day, half after: at most one approval, and only from before."""
    people, team, offer = bosses(), make.team(), make.offer()
    for _ in range(ROUNDS):
        today = clock.now()
        request = make.request(of=team, offer=offer, at=today - 5 * DAY, ends_on=(today + DAY).date())
        late = end_of(request.ends_on) + HOUR
        raised = at_once(
            [partial(approve_then, request, who, late if n % 2 else today) for n, who in enumerate(people)]
        )
        assert sum(error is None for error in raised) == 1
        assert set(codes(raised)) <= {"request.decided", "request.ends_on"}
        assert all(isinstance(error, Invalid) or "approved" in str(error) for error in raised if error)
        decision = Decision.objects.get(request=request)
        assert decision.at == today
        assert Grant.objects.get(request=request).ends_at > decision.at


def test_a_policy_that_is_switched_on_meanwhile_changes_nothing_of_what_is_decided(committed: Urls) -> None:
    people, team, offer = bosses(), make.team(), make.offer()
    for _ in range(ROUNDS):
        request = make.request(of=team, offer=offer)
        draft = actions.start_draft(
            rules=[{"name": "All", "steps": [["admin"]]}], actor=people[0], at=clock.now()
        )
        half = THREADS // 2
        decides = [partial(approve, request, who) for who in people[:half]]
        raised = at_once([*decides, *[partial(switch, draft.pk, who) for who in people[half:]]])
        assert [sum(error is None for error in part) for part in (raised[:half], raised[half:])] == [1, 1]
        assert set(codes(raised[:half])) == {"request.decided"}
        assert Decision.objects.filter(request=request).count() == 1
        assert [step.role for step in request.steps.all()] == ["admin"]


def revoke(grant: Grant, who: User) -> None:
    actions.revoke(grant.pk, reason="Over.", actor=who, at=clock.now())


def test_a_grant_that_is_revoked_while_its_change_is_approved_never_lives_on_by_it(committed: Urls) -> None:
    people, team, offer = bosses(), make.team(), make.offer()
    for _ in range(ROUNDS):
        app = make.application(team)
        grant = make.grant(of=team, offer=offer, app=app)
        request = make.request(of=team, offer=offer, app=app, limits={"tpm": 90_000})
        half = THREADS // 2
        acts = [*[partial(approve, request, who) for who in people[:half]]]
        raised = at_once([*acts, *[partial(revoke, grant, who) for who in people[half:]]])
        assert sum(error is None for error in raised[half:]) == 1
        assert set(codes(raised[half:])) == {"grant.revoked"}
        assert set(codes(raised[:half])) <= {"request.decided", "grant.meanwhile"}
        grant.refresh_from_db()
        assert grant.revoked_at
        held = Grant.objects.filter(team=team, named__application=app).live(clock.now())
        assert held.count() <= 1
        assert grant not in held
        assert all(each.decision.request_id == request.pk for each in held)


def glass(grant: Grant, who: User) -> None:
    actions.break_glass(
        grant.pk, limits={"tpm": 61_000}, hours=1, reason="An outage.", actor=who, at=clock.now()
    )


def test_of_many_who_break_one_glass_one_does_and_of_many_reviews_one_counts(committed: Urls) -> None:
    people, owner = bosses(), make.person()
    team, offer = make.team(owner=owner), make.offer()
    for _ in range(ROUNDS):
        grant = make.grant(of=team, offer=offer)
        raised = at_once([partial(glass, grant, owner)] * THREADS)
        assert codes(raised) == {"raise.unreviewed": THREADS - 1}
        held = Raise.objects.get(grant=grant)
        acts = [
            partial(actions.review, held.pk, justified=n % 2 == 0, finding="Seen.", actor=who, at=clock.now())
            for n, who in enumerate(people)
        ]
        raised = at_once(acts)  # type: ignore[arg-type]
        assert codes(raised) == {"raise.reviewed": THREADS - 1}
        held.refresh_from_db()
        assert raised.index(None) == people.index(held.reviewed_by)  # type: ignore[arg-type]


def lift(grant: Grant, who: User, maximum: int) -> None:
    at = clock.now()
    actions.raise_limits(
        grant.pk, limits={"tpm": maximum}, ends_at=at + HOUR, reason="A launch.", actor=who, at=at
    )


def test_raises_and_a_decision_at_once_leave_one_answer_to_how_much(committed: Urls) -> None:
    """Whichever comes first: no raise outlives a decision that it came before, and the highest of the others counts."""
    people, team, offer = bosses(), make.team(), make.offer()
    for _ in range(ROUNDS):
        app = make.application(team)
        grant = make.grant(of=team, offer=offer, app=app)
        request = make.request(of=team, offer=offer, app=app, limits={"tpm": 70_000})
        lifts = [partial(lift, grant, who, 80_000 + n) for n, who in enumerate(people[1:])]
        raised = at_once([partial(approve, request, people[0]), *lifts])
        assert all(error is None or isinstance(error, Conflict) for error in raised), raised
        if raised[0] is not None:  # its clock stood before a raise that was faster
            assert codes(raised[:1]) == {"grant.meanwhile": 1}
            approve(request, people[0])
        decision, now = Decision.objects.get(request=request), clock.now()
        later = [held for held in grant.raises.all() if held.ended_at is None]
        rows = Limit.objects.filter(grant=grant)
        assert rows.at(now).get().maximum == max([70_000, *(held.limits["tpm"] for held in later)])
        assert rows.granted_at(now).get().maximum == 70_000
        assert all(held.over_at == decision.at for held in grant.raises.all() if held not in later)
