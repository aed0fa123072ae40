"""Questions by admins stand on the form where offer and data match, and a request keeps them as they were asked."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.people.models import User
from tenants.access import actions
from tenants.access.models import Question, Request
from tests import make
from tests.people import api, browser

pytestmark = pytest.mark.django_db


def ask(text: str, by: User | None = None, **fields: Any) -> Question:
    return actions.add_question(text=text, actor=by or make.admin(), at=clock.now(), **fields)


def body(request: Request, offer: Any, **fields: Any) -> dict[str, Any]:
    return {
        "team": request.team.slug, "offer": offer.pk, "application": request.application_id, "purpose": "x",
        "data_class": "internal", "limits": {"tpm": 1000}, "ends_on": str(request.ends_on),
    } | fields  # fmt: skip


def test_a_question_is_asked_where_offer_and_data_match() -> None:
    offer, other = make.offer(), make.offer()
    always = ask("Always?")
    of_offer, of_data = ask("Of it?", offer=offer), ask("Of data?", data_class="restricted")
    both = ask("Both?", offer=offer, data_class="restricted", position=5)
    asked = Question.objects.asked_for
    assert list(asked(offer, "restricted")) == [always, of_offer, of_data, both]
    assert list(asked(offer, "internal")) == [always, of_offer]
    assert list(asked(other, "public")) == [always]
    owner = make.owner_of(make.team())
    make.application(owner.memberships.get().team)
    page = browser(owner).get("/requests/questions/", {"offer": offer.pk, "data_class": "restricted"}).text
    assert "Both?" in page
    assert "Both?" not in browser(owner).get(f"/requests/new/?offer={offer.pk}").text


def test_an_answer_is_needed_by_page_and_by_api_and_stands_on_the_decisions_page() -> None:
    old, offer = make.request(), make.offer()
    owner, question = old.requester, ask("Who reads it?", kind="choice", choices=["People", "Machines"])
    client, path, name = api(owner), "/api/v1/requests/", f"answers.{question.pk}"
    refused = client.post(path, body(old, offer), content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (400, "request.answers")
    assert refused.json()["errors"] == {name: "This needs an answer."}
    wrong = body(old, offer, answers={str(question.pk): "Nobody"})
    assert "People, Machines" in client.post(path, wrong, content_type="application/json").text
    form = body(old, offer) | {"tpm": "1000"}
    assert "This needs an answer." in browser(owner).post(f"/requests/new/?offer={offer.pk}", form).text
    sent = browser(owner).post(f"/requests/new/?offer={offer.pk}", form | {name: "People"})
    assert sent.status_code == 302
    made = Request.objects.get(offer=offer)
    page = browser(make.admin()).get(f"/requests/{made.pk}/").text
    assert "Who reads it?" in page
    assert "People" in page
    assert client.get(f"{path}{made.pk}/").json()["answers"][0]["answer"] == "People"


def test_a_request_keeps_the_question_as_it_was_asked() -> None:
    old, offer, admin = make.request(), make.offer(), make.admin()
    first = ask("First words?", by=admin)
    answers = {str(first.pk): "Yes, weekly"}
    sent = api(old.requester).post(
        "/api/v1/requests/", body(old, offer, answers=answers), content_type="application/json"
    )
    assert sent.status_code == 201
    second = actions.change_question(first.pk, text="Other words?", actor=admin, at=clock.now())
    assert (second.version, second.follows) == (2, first)
    told = Request.objects.get(offer=offer).answers[0]
    assert (told["text"], told["version"]) == ("First words?", 1)
    with pytest.raises(Conflict):
        actions.change_question(first.pk, text="Late", actor=admin, at=clock.now())
    actions.retire_question(second.pk, actor=admin, at=clock.now())
    assert not Question.objects.asked_for(offer, "internal").exists()


def test_what_may_be_left_out_is_left_out_and_renewals_are_not_asked() -> None:
    grant = make.grant()
    ask("Anything else?", required=False, kind="yes_no")
    make.request(of=grant.team)
    ask("Required from now on?")
    made = actions.renew(grant.pk, actor=make.owner_of(grant.team), at=clock.now())
    assert made.answers == []


def test_only_admins_ask_and_bad_questions_are_refused() -> None:
    with pytest.raises(Forbidden):
        ask("Why?", by=make.person(roles=("security",)))
    for fields in ({"kind": "choice", "choices": ["one"]}, {"kind": "essay"}, {"data_class": "secret"}):
        with pytest.raises(Invalid):
            ask("Why?", **fields)
    with pytest.raises(IntegrityError), transaction.atomic():
        Question.objects.create(text="x", kind="choice", by=make.admin(), at=clock.now())


def test_an_admin_adds_changes_and_retires_on_the_page() -> None:
    client = browser(make.admin())
    fields = {"text": "Who reads it?", "kind": "yes_no", "required": "on", "position": "3"}
    assert client.post("/policies/questions/", fields).status_code == 302
    row = Question.objects.get()
    assert "Who reads it?" in client.get("/policies/questions/").text
    changed = client.post(f"/policies/questions/{row.pk}/", fields | {"text": "Who sees it?"})
    assert changed.status_code == 302
    page = client.get("/policies/questions/").text
    assert "Who sees it?" in page
    assert "Version 2" in page
    client.post(f"/policies/questions/{Question.objects.in_use().get().pk}/retire/")
    assert "Nothing beside the usual" in client.get("/policies/questions/").text
