"""Each event of deciding tells the right people, once, and leads to the page where the next step is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from foundry.lib import clock
from foundry.notify.models import Event
from foundry.people.models import User
from tenants.access import actions, certify
from tenants.access.idle import look
from tenants.access.models import Grant, Request
from tenants.access.reminders import remind_of_ends, remind_of_reviews, remind_of_steps, tell_of_ends
from tenants.teams import actions as teams
from tenants.teams import vacancies
from tenants.teams.models import Team
from tests import make
from tests.people import browser

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = datetime(2026, 9, 16, 12, tzinfo=clock.now().tzinfo)  # a Wednesday


@dataclass
class House:
    """olga owns the team, mia asks; ada and lee are admins, sam is security, fin finance, kim answers for the offer."""

    people: dict[str, User]
    team: Team
    request: Request
    grant: Grant

    def __getattr__(self, name: str) -> User:
        return self.people[name]

    @property
    def glass(self) -> int:
        return self.grant.raises.get().pk


@pytest.fixture
def house() -> House:
    roles = {"ada": "admin", "lee": "admin", "sam": "security", "fin": "finance", "kim": "ops"}
    people = {name: make.person(name, roles=(role,)) for name, role in roles.items()}
    people |= {name: make.person(name) for name in ("olga", "mia")}
    at = NOW - 3 * DAY
    team = teams.create_team(
        slug="copilot", name="Copilot", cost_centre="1", owner=people["olga"], actor=people["ada"], at=at
    )
    teams.add_member(team, people["mia"], "member", actor=people["ada"], at=at)
    granted = make.request(of=team, by=people["mia"], at=at, ends_on=(NOW + 40 * DAY).date())
    actions.approve(granted.pk, actor=people["ada"], at=at)
    grant = Grant.objects.with_names().get(request=granted)
    actions.name_offer_owner(grant.offer, people["kim"], actor=people["ada"], at=at)
    request = make.request(of=team, by=people["mia"], data_class="restricted", at=NOW - HOUR)
    return House(people, team, request, grant)


def asked(h: House) -> None:
    actions.ask(h.request.pk, question="Why so much?", actor=h.ada, at=NOW)


def lent(h: House) -> None:
    actions.delegate(h.kim, starts_at=NOW, ends_at=NOW + DAY, actor=h.ada, at=NOW)


def handed_on(h: House) -> None:
    actions.hand_on(h.request.pk, to=h.lee, actor=h.ada, at=NOW)


def to_the_last_step(h: House) -> None:
    actions.approve(h.request.pk, actor=h.ada, at=NOW)


def denied(h: House) -> None:
    actions.deny(h.request.pk, code="too_much", actor=h.ada, at=NOW)


def granted_less(h: House) -> None:
    to_the_last_step(h)
    actions.approve(h.request.pk, limits={"tpm": 5}, reason="Less will do.", actor=h.sam, at=NOW)


def broken(h: House) -> None:
    actions.break_glass(h.grant.pk, limits={"tpm": 90_000}, hours=1, reason="Outage.", actor=h.olga, at=NOW)


def raised(h: House) -> None:
    ends_at = NOW + 2 * HOUR
    actions.raise_limits(
        h.grant.pk, limits={"tpm": 90_000}, ends_at=ends_at, reason="Launch.", actor=h.ada, at=NOW
    )


def submitted(h: House) -> None:
    make.request(of=h.team, by=h.mia, at=NOW)


def idle_after(h: House) -> None:
    actions.set_life_rules(idle_after_days=3, idle_answer_days=2, actor=h.lee, at=NOW)


def idle_told(h: House) -> None:
    idle_after(h)
    look(NOW + DAY)


def in_review(h: House) -> None:
    actions.open_certification(h.team, actor=h.olga, at=NOW)


def switch_off(person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)


def nothing(h: House) -> None:
    pass


@dataclass(frozen=True)
class Told:
    """:param first: what must be so before. :param tells: kind -> those who hear of it; `page` where it leads."""

    name: str
    act: Callable[[House], object]
    tells: dict[str, str]
    page: str = "request"
    first: Callable[[House], None] = nothing


LONG = (NOW + 360 * DAY).date()
LATER = NOW + DAY
DUE = NOW - HOUR + 2 * DAY  # two working days after it was asked

EVENTS = [
    Told("submitted", submitted, {"request.waits": "ada lee"}, page="new"),
    Told("asked", asked, {"request.question": "mia"}),
    Told("answered", lambda h: actions.answer(h.request.pk, answer="So.", actor=h.olga, at=LATER),
         {"request.answer": "ada"}, first=asked),
    Told("mentioned", lambda h: actions.comment(h.request.pk, text="@sam and @mia, look.", actor=h.olga, at=NOW),
         {"request.comment": "sam mia"}),
    Told("said to nobody", lambda h: actions.comment(h.request.pk, text="Hm.", actor=h.olga, at=NOW), {"request.comment": ""}),
    Told("one step approved", to_the_last_step, {"request.step_approved": "mia", "request.waits": "sam"}),
    Told("approved", lambda h: actions.approve(h.request.pk, actor=h.sam, at=LATER), {"request.approved": "mia"},
         first=to_the_last_step),
    Told("changed", lambda h: actions.approve(h.request.pk, limits={"tpm": 5}, reason="Less.", actor=h.sam, at=LATER),
         {"request.approved": "mia"}, first=to_the_last_step),
    Told("accepted", lambda h: actions.accept(h.request.pk, actor=h.olga, at=LATER), {"request.accepted": "sam"},
         first=granted_less),
    Told("denied", denied, {"request.denied": "mia"}),
    Told("appealed", lambda h: actions.appeal(h.request.pk, reason="It is little.", actor=h.mia, at=LATER),
         {"request.appeal": "ada", "request.waits": "ada lee"}, page="new", first=denied),
    Told("withdrawn", lambda h: actions.withdraw(h.request.pk, actor=h.mia, at=NOW), {"request.withdrawn": "ada lee"}),
    Told("withdrawn by the owner", lambda h: actions.withdraw(h.request.pk, actor=h.olga, at=NOW),
         {"request.withdrawn": "ada lee mia"}),
    Told("handed on", handed_on, {"request.handed_on": "lee"}),
    Told("passed on", lambda h: actions.pass_on(h.request.pk, at=DUE), {"request.passed_on": "ada"}),
    Told("due soon", lambda h: [remind_of_steps(at) for at in (DUE - 25 * HOUR, DUE - 23 * HOUR, DUE - HOUR)],
         {"request.due_soon": "ada lee"}),
    Told("due soon, handed on", lambda h: remind_of_steps(DUE - HOUR), {"request.due_soon": "lee"}, first=handed_on),
    Told("overdue", lambda h: [remind_of_steps(DUE + each * HOUR) for each in (1, 2, 23)], {"request.overdue": "ada lee"}),
    Told("a question stops the clock", lambda h: remind_of_steps(DUE + HOUR), {}, first=asked),
    Told("stands in", lent, {"delegation.begin": "kim"}, page="approvals"),
    Told("raised", raised, {"grant.raised": "olga"}, page="raise"),
    Told("raise ended", lambda h: actions.end_raise(h.glass, actor=h.lee, at=NOW + HOUR), {"grant.raise_ended": "olga"},
         page="raise", first=raised),
    Told("glass broken", broken, {"grant.break_glass": "ada lee sam fin kim"}, page="raise"),
    Told("reviewed", lambda h: actions.review(h.glass, justified=False, finding="No.", actor=h.fin, at=LATER),
         {"grant.glass_reviewed": "olga"}, page="raise", first=broken),
    Told("review overdue", lambda h: [remind_of_reviews(NOW + each * HOUR) for each in (47, 49, 50)],
         {"grant.review_overdue": "ada lee sam fin"}, page="raise", first=broken),
    Told("ends soon", lambda h: [remind_of_ends(NOW + 15 * DAY + each * HOUR) for each in (0, 1, 2)], {"grant.ends": "olga"},
         page="grant"),
    Told("goes on", lambda h: [tell_of_ends(h.grant.ends_at + each * HOUR) for each in (1, 2)], {"grant.grace": "olga ada lee"},
         page="new", first=lambda h: actions.renew(h.grant.pk, actor=h.mia, at=NOW) and None),
    Told("ended", lambda h: [tell_of_ends(h.grant.ends_at + each * HOUR) for each in (1, 2)], {"grant.ended": "olga mia"},
         page="grant"),
    Told("idle", lambda h: [look(NOW + each * DAY) for each in (1, 2)], {"grant.idle": "olga"}, page="idle", first=idle_after),
    Told("went back", lambda h: [look(NOW + each * DAY) for each in (4, 5)], {"grant.taken_back": "olga mia"}, page="grant",
         first=idle_told),
    Told("given back", lambda h: actions.give_back(h.grant.pk, reason="Over.", actor=h.ada, at=NOW),
         {"grant.given_back": "olga mia"}, page="grant"),
    Told("review begun", lambda h: actions.open_certification(h.team, actor=h.ada, at=NOW), {"team.certify": "olga"},
         page="review"),
    Told("review overdue", lambda h: [certify.look(NOW + each * DAY) for each in (20, 22, 23)],
         {"team.certify_overdue": "olga ada lee"}, page="review", first=in_review),
    Told("lost its owner", lambda h: [vacancies.watch(NOW + each * HOUR) for each in (1, 2)], {"team.ownerless": "ada lee mia"},
         page="team", first=lambda h: switch_off(h.olga)),
    Told("ends soon, ownerless", lambda h: remind_of_ends(NOW + 15 * DAY), {"grant.ends": "ada lee"}, page="team",
         first=lambda h: switch_off(h.olga)),
    Told("revoked", lambda h: actions.revoke(h.grant.pk, reason="Over.", actor=h.ada, at=NOW), {"grant.revoked": "olga mia"},
         page="grant"),
    Told("suspended", lambda h: actions.suspend(h.grant.pk, reason="Terms.", actor=h.ada, at=NOW),
         {"grant.suspended": "olga mia"}, page="grant"),
    Told("resumed", lambda h: actions.resume(h.grant.pk, actor=h.lee, at=LATER), {"grant.resumed": "olga mia"}, page="grant",
         first=lambda h: actions.suspend(h.grant.pk, reason="Terms.", actor=h.ada, at=NOW) and None),
]  # fmt: skip


@pytest.mark.parametrize("case", EVENTS, ids=[case.name for case in EVENTS])
def test_each_event_tells_the_right_people_once_and_leads_to_the_next_step(house: House, case: Told) -> None:
    case.first(house)
    before = set(Event.objects.values_list("pk", flat=True))
    case.act(house)
    new = Event.objects.exclude(pk__in=before).prefetch_related("notices__person")
    told = {event.kind: {notice.person for notice in event.notices.all()} for event in new}
    assert told == {
        kind: {house.people[name] for name in names.split()} for kind, names in case.tells.items()
    }
    assert new.count() == len(case.tells), "each kind is one event"
    page = {
        "request": f"/requests/{house.request.pk}/",
        "new": f"/requests/{Request.objects.latest('pk').pk}/",
        "grant": f"/grants/{house.grant.pk}/",
        "raise": f"/raises/{house.grant.raises.values_list('pk', flat=True).first()}/",
        "approvals": "/approvals/",
        "team": "/teams/copilot/",
        "review": "/teams/copilot/review/",
        "idle": f"/grants/{house.grant.pk}/idle/",
    }[case.page]
    assert {event.url for event in new} <= {page}


def test_an_overdue_step_is_told_of_again_the_next_day_and_no_more_when_decided(house: House) -> None:
    assert [remind_of_steps(DUE + each) for each in (HOUR, DAY + HOUR, DAY + 2 * HOUR)] == [1, 1, 0]
    actions.deny(house.request.pk, code="data", actor=house.ada, at=DUE + 2 * DAY)
    assert remind_of_steps(DUE + 3 * DAY) == 0


def test_an_offers_owner_is_told_reminded_decides_and_the_requester_hears(house: House) -> None:
    """End to end by an owner without any role that decides: from the policy to the grant."""
    draft = actions.start_draft(
        rules=[{"name": "Owner", "steps": [["offer_owner"]], "ends": True}], actor=house.ada, at=NOW
    )
    actions.switch_on(draft.pk, actor=house.lee, at=NOW)
    app = make.application(house.team)
    request = make.request(
        of=house.team, offer=house.grant.offer, app=app, by=house.mia, at=NOW, ends_on=LONG
    )
    step = request.steps.get()
    assert [notice.person for notice in Event.objects.get(key=f"step:{step.pk}").notices.all()] == [house.kim]
    remind_of_steps(step.due_at - HOUR)
    due = Event.objects.get(kind="request.due_soon", url=f"/requests/{request.pk}/")
    assert [notice.person for notice in due.notices.all()] == [house.kim]
    window = browser(house.kim)
    assert window.get("/approvals/").context["page"].paginator.count == 1
    assert f'href="/requests/{request.pk}/"' in window.get("/").text
    fields = {"tpm": "60,000", "ends_on": str(request.ends_on), "step": 1}
    assert window.post(f"/requests/{request.pk}/approve/", fields).status_code == 302
    assert Grant.objects.get(request=request).decision.by == house.kim
    for who in (house.ada, house.sam):
        assert browser(who).post(f"/requests/{request.pk}/approve/", fields).status_code == 403
