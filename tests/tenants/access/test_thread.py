"""Ask, answer, hand on, pass on, accept, appeal: a thread that leads somewhere."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import DatabaseError, connection, transaction

from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden, Invalid, Refused
from foundry.notify.models import Notice
from foundry.people.models import User
from tenants.access import actions
from tenants.access.models import Note, Request
from tenants.access.tasks import pass_on_overdue
from tests import make
from tests.people import api, browser

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def told(person: User) -> list[str]:
    return list(Notice.objects.filter(person=person).order_by("pk").values_list("event__kind", flat=True))


def test_a_question_reaches_the_requester_and_the_answer_whoever_asked() -> None:
    request, ada = make.request(), make.admin()
    actions.ask(request.pk, question="Why so much?", actor=ada, at=clock.now())
    actions.answer(request.pk, answer="The pilot grows.", actor=request.requester, at=clock.now())
    assert told(request.requester) == ["request.question"]
    assert told(ada)[-1] == "request.answer"
    assert [note.kind for note in request.notes.all()] == ["question", "answer"]


def test_an_answer_leaves_the_decider_a_working_day() -> None:
    late = clock.now()
    request = make.request(at=late - 9 * DAY)
    actions.ask(request.pk, question="Why?", actor=make.admin(), at=late - 8 * DAY)
    actions.answer(request.pk, answer="So.", actor=request.requester, at=late)
    assert request.steps.get().due_at >= late + DAY


REFUSED: list[tuple[str, Callable[[Request, User], object], type[Refused]]] = [
    ("ask", lambda row, who: actions.ask(row.pk, question="?", actor=who, at=clock.now()), Forbidden),
    ("answer", lambda row, who: actions.answer(row.pk, answer="!", actor=who, at=clock.now()), Forbidden),
    ("comment", lambda row, who: actions.comment(row.pk, text="!", actor=who, at=clock.now()), Forbidden),
    (
        "hand on",
        lambda row, who: actions.hand_on(row.pk, to=make.admin(), actor=who, at=clock.now()),
        Forbidden,
    ),
    ("accept", lambda row, who: actions.accept(row.pk, actor=who, at=clock.now()), Forbidden),
    ("appeal", lambda row, who: actions.appeal(row.pk, reason="x", actor=who, at=clock.now()), Forbidden),
]


@pytest.mark.parametrize(("name", "act", "error"), REFUSED, ids=[row[0] for row in REFUSED])
def test_a_stranger_says_nothing(
    name: str, act: Callable[[Request, User], object], error: type[Refused]
) -> None:
    with pytest.raises(error):
        act(make.request(), make.owner_of(make.team()))


def test_an_answer_needs_a_question() -> None:
    request = make.request()
    with pytest.raises(Conflict) as refused:
        actions.answer(request.pk, answer="So.", actor=request.requester, at=clock.now())
    assert refused.value.code == "request.no_question"


def test_a_mention_tells_that_person_and_an_unknown_one_is_refused() -> None:
    mia = make.person("mia")
    request = make.request(of=make.team(members=(mia,)))
    actions.comment(request.pk, text="Can you say more, @mia?", actor=request.requester, at=clock.now())
    assert told(mia) == ["request.comment"]
    make.person("nina")
    for text in ("Hello @nina", "Hello @nobody"):
        with pytest.raises(Invalid):
            actions.comment(request.pk, text=text, actor=request.requester, at=clock.now())
    actions.comment(request.pk, text="write to a@b.example", actor=request.requester, at=clock.now())


def test_a_step_is_handed_on_only_to_somebody_who_may_decide_it() -> None:
    request, ada, lee = make.request(), make.admin(), make.admin()
    for wrong in (ada, request.requester, make.person(roles=("finance",))):
        with pytest.raises(Conflict):
            actions.hand_on(request.pk, to=wrong, actor=ada, at=clock.now())
    actions.hand_on(request.pk, to=lee, why="You know the team.", actor=ada, at=clock.now())
    assert request.steps.get().assignee == lee
    assert told(lee)[-1] == "request.handed_on"
    actions.approve(request.pk, actor=ada, at=clock.now())


def test_an_untouched_step_passes_to_the_next_who_may_decide_it_and_round_again() -> None:
    now = clock.now()
    boss = make.person("zed", roles=("admin",))
    request = make.request(of=make.team(owner=boss), by=boss, at=now - 9 * DAY)
    ann, ben = make.person("ann", roles=("admin",)), make.person("ben", roles=("admin",))
    names = []
    for days in range(0, 40, 4):
        actions.pass_on(request.pk, at=now + days * DAY)
        names.append(request.steps.get().assignee.email)  # type: ignore[union-attr]
    others = set(names) - {ann.email, ben.email}
    assert boss.email not in names
    assert {ann.email, ben.email} < {*names}, others
    assert all(before != after for before, after in pairwise(names))


def test_what_is_not_due_or_waits_for_the_team_is_not_passed_on() -> None:
    request, ada = make.request(), make.admin()
    assert actions.pass_on(request.pk, at=clock.now()) is None
    actions.ask(request.pk, question="Why?", actor=ada, at=clock.now())
    assert actions.pass_on(request.pk, at=clock.now() + 30 * DAY) is None


def test_the_sweep_passes_each_overdue_step_on_once() -> None:
    overdue, fresh = make.request(at=clock.now() - 9 * DAY), make.request()
    pass_on_overdue()
    pass_on_overdue()
    assert overdue.notes.filter(kind="passed_on").count() == 1
    assert not fresh.notes.exists()


def test_a_team_accepts_a_smaller_grant_once() -> None:
    request = make.approved(make.request(limits={"tpm": 100}), limits={"tpm": 50})
    actions.accept(request.pk, actor=request.requester, at=clock.now())
    with pytest.raises(Conflict):
        actions.accept(request.pk, actor=request.requester, at=clock.now())
    with pytest.raises(Conflict) as refused:
        actions.accept(
            make.approved(make.request(of=request.team)).pk, actor=request.requester, at=clock.now()
        )
    assert refused.value.code == "request.as_asked"


def test_an_appeal_asks_again_and_is_decided_anew() -> None:
    request = make.approved(make.request(limits={"tpm": 100}), limits={"tpm": 50})
    again = actions.appeal(request.pk, reason="We measured 90.", actor=request.requester, at=clock.now())
    assert (again.appeals, again.asked, again.grant) == (request, {"tpm": 100}, request.opened)
    assert [(note.kind, note.text) for note in again.notes.all()] == [("appeal", "We measured 90.")]
    make.approved(again)
    assert dict(request.opened.limits.at(clock.now()).values_list("kind", "maximum")) == {"tpm": 100}


def test_a_denial_can_be_appealed_and_an_open_request_cannot() -> None:
    request = make.request()
    with pytest.raises(Conflict):
        actions.appeal(request.pk, reason="x", actor=request.requester, at=clock.now())
    actions.deny(request.pk, code="too_much", actor=make.admin(), at=clock.now())
    again = actions.appeal(request.pk, reason="It is little.", actor=request.requester, at=clock.now())
    assert (again.state, again.appeals) == ("open", request)


def test_a_denial_needs_words_or_a_reason_of_the_list() -> None:
    request, ada = make.request(), make.admin()
    for fields in ({}, {"code": "other"}, {"code": "mood", "reason": "x"}):
        with pytest.raises(Invalid):
            actions.deny(request.pk, **fields, actor=ada, at=clock.now())
    decision = actions.deny(request.pk, code="no_budget", actor=ada, at=clock.now())
    assert (decision.reason, decision.reason_code) == ("No budget for it.", "no_budget")


def test_deciders_hear_of_a_request_and_the_requester_of_its_decision() -> None:
    ada, sam = make.admin(), make.person(roles=("security",))
    request = make.request(data_class="restricted")
    assert (told(ada)[-1], told(sam)) == ("request.waits", [])
    actions.approve(request.pk, actor=ada, at=clock.now())
    assert told(sam) == ["request.waits"]
    actions.approve(request.pk, actor=sam, at=clock.now())
    assert told(request.requester) == ["request.step_approved", "request.approved"]


def test_notes_are_never_changed_or_removed() -> None:
    request = make.request()
    actions.comment(request.pk, text="Hm.", actor=request.requester, at=clock.now())
    for sql in ("UPDATE access_note SET text = 'x'", "DELETE FROM access_note", "TRUNCATE access_note"):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            connection.cursor().execute(sql)
    assert Note.objects.get().text == "Hm."


def test_the_thread_is_told_and_written_over_the_api() -> None:
    request, ada = make.request(), make.admin()
    path = f"/api/v1/requests/{request.pk}"
    asked = api(ada, "decide").post(f"{path}/ask/", {"question": "Why?"}, content_type="application/json")
    assert asked.status_code == 200, asked.json()
    answered = api(request.requester).post(
        f"{path}/answer/", {"answer": "So."}, content_type="application/json"
    )
    assert [(note["kind"], note["text"]) for note in answered.json()["notes"]] == [
        ("question", "Why?"),
        ("answer", "So."),
    ]
    denied = api(ada).post(f"{path}/deny/", {"code": "unclear"}, content_type="application/json").json()
    assert denied["steps"][0]["decision"]["reason_code"] == "unclear"
    appealed = api(request.requester).post(
        f"{path}/appeal/", {"reason": "Look."}, content_type="application/json"
    )
    assert (appealed.status_code, appealed.json()["appeals"]) == (201, request.pk)


def test_the_page_shows_the_thread_and_the_forms_that_fit() -> None:
    request, ada = make.request(), make.admin()
    client, theirs = browser(ada), browser(request.requester)
    assert "Ask the team" in client.get(f"/requests/{request.pk}/").text
    client.post(f"/requests/{request.pk}/ask/", {"text": "Why so much?"})
    page = theirs.get(f"/requests/{request.pk}/").text
    assert "Why so much?" in page
    assert f"/requests/{request.pk}/answer/" in page
    assert "Ask the team" not in page
    theirs.post(f"/requests/{request.pk}/answer/", {"text": "<b>So</b>"})
    assert "&lt;b&gt;So&lt;/b&gt;" in client.get(f"/requests/{request.pk}/").text
    client.post(f"/requests/{request.pk}/deny/", {"step": 1, "code": "data"})
    page = theirs.get(f"/requests/{request.pk}/").text
    assert "This data may not go there." in page
    assert "Ask again, for this reason" in page
