"""One list of what a team holds: who answers for it says keep, reduce or give back, each once, and that stays."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden
from tenants.access import actions, certify
from tenants.access.models import Certification, Certified, Grant, Return
from tenants.teams.models import Team
from tests import make
from tests.people import api, browser
from tests.tenants.access.test_guards import refuses
from tests.tenants.access.test_weighing import hour

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def reviewed(grants: int = 1, **asked: object) -> tuple[Team, list[Grant], Certification]:
    """A team whose owner began a review of so many grants, ten days old."""
    member, at = make.person(), clock.now() - 10 * DAY
    team = make.team(members=(member,), at=at)
    held = [make.grant(of=team, at=at, **asked) for _ in range(grants)]
    return team, held, actions.open_certification(team, actor=make.owner_of(team), at=clock.now())


def test_the_owner_keeps_one_gives_another_back_and_asks_for_less_of_the_third() -> None:
    team, (kept, back, less), review = reviewed(3, limits={"tpm": 1_000_000})
    owner = make.owner_of(team)
    hour(less, clock.now() - DAY, 100, 60_000)
    say = partial(actions.certify, review.pk, actor=owner, at=clock.now())
    say(kept.pk, answer="keep", reason="Every day.")
    say(back.pk, answer="give_back")
    review.refresh_from_db()
    assert review.closed_at is None
    said = say(less.pk, answer="reduce")
    review.refresh_from_db()
    assert review.state(clock.now()) == "done"
    assert (said.calls, said.idle_days) == (100, 1)
    assert said.request is not None
    assert (said.request.asked, said.request.grant, said.request.state) == ({"tpm": 3_000}, less, "open")
    assert Return.objects.get(grant=back).kind == "review"
    assert back.state(clock.now()) == "revoked"


def test_an_admin_answers_too_and_members_others_and_auditors_do_not() -> None:
    team, (grant,), review = reviewed()
    member = team.memberships.get(role="member").user
    for person in (member, make.owner_of(make.team()), make.person(roles=("auditor",))):
        with pytest.raises(Forbidden):
            actions.certify(review.pk, grant.pk, answer="keep", actor=person, at=clock.now())
        with pytest.raises(Forbidden):
            actions.open_certification(team, actor=person, at=clock.now())
    actions.certify(review.pk, grant.pk, answer="keep", actor=make.admin(), at=clock.now())
    assert Certified.objects.get().grant == grant


def test_each_grant_is_answered_once_and_what_is_not_asked_about_not_at_all() -> None:
    team, (grant, other), review = reviewed(2)
    owner = make.owner_of(team)
    say = partial(actions.certify, review.pk, actor=owner, at=clock.now())
    say(grant.pk, answer="keep")
    codes = []
    for number in (grant.pk, make.grant().pk):
        with pytest.raises(Conflict) as refused:
            say(number, answer="keep")
        codes.append(refused.value.code)
    assert codes == ["certify.answered", "certify.foreign"]
    with pytest.raises(Conflict) as refused:
        say(other.pk, answer="reduce")
    assert refused.value.code == "certify.not_smaller"
    with pytest.raises(Conflict) as refused:
        actions.open_certification(team, actor=owner, at=clock.now())
    assert refused.value.code == "certify.open"


def test_the_page_shows_use_cost_and_idle_days_and_asks_before_it_gives_back() -> None:
    team, (grant, other), _ = reviewed(2, limits={"tpm": 1_000_000})
    hour(grant, clock.now() - DAY, 1_234, 60_000, cost=5 * 10**9)
    window, path = browser(make.owner_of(team)), f"/teams/{team.slug}/review/"
    page = window.get(path).text
    assert "1,234" in page
    assert "$5.00" in page
    assert "2 left" in page
    assert 'value="reduce"' in page
    asked = window.post(path, {f"answer-{grant.pk}": "keep", f"answer-{other.pk}": "give_back"})
    assert "Whom it hits" in asked.text
    assert not Certified.objects.exists()
    fields = {f"answer-{grant.pk}": "keep", f"answer-{other.pk}": "give_back", "confirmed": "1"}
    assert window.post(path, fields).status_code == 302
    assert Certified.objects.count() == 2
    done = window.get(path).text
    assert "Done" in done
    assert "Begin a review" in done


def test_members_and_auditors_read_it_without_a_form() -> None:
    team, _, _ = reviewed()
    for person in (team.memberships.get(role="member").user, make.person(roles=("auditor",))):
        page = browser(person).get(f"/teams/{team.slug}/review/").text
        assert "not answered" in page
        assert "Save the answers" not in page


def test_the_list_asks_as_often_for_twenty_grants_as_for_ten() -> None:
    counts = []
    for number in (10, 20):
        team, held, _ = reviewed(number)
        for grant in held:
            hour(grant, clock.now() - DAY, 1, 10)
        window = browser(make.owner_of(team))
        window.get("/")
        with CaptureQueriesContext(connection) as queries:
            assert window.get(f"/teams/{team.slug}/review/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_reviews_begin_by_the_rules_are_told_overdue_once_and_close_when_nothing_is_left() -> None:
    now = clock.now()
    team = make.team(at=now - 200 * DAY)
    grant = make.grant(of=team, at=now - 10 * DAY)
    make.grant()
    assert [certify.look(now + days * DAY) for days in (0, 1)] == [(1, 0), (0, 0)]
    review = Certification.objects.get()
    assert (review.team, review.opened_by, review.state(now + 30 * DAY)) == (team, None, "overdue")
    assert [certify.look(now + days * DAY)[1] for days in (19, 20, 21)] == [0, 0, 0]
    review.refresh_from_db()
    assert review.closed_at is not None, "its grant ended by its date, so nothing is left to ask"
    assert grant.ends_at < now + 21 * DAY


def test_an_overdue_review_is_shown_to_owner_and_admins() -> None:
    team, _, review = reviewed()
    assert review.state(review.due_at) == "overdue"
    assert Certification.objects.overdue(review.due_at).get() == review
    assert f"Review what {team} may call" in browser(make.owner_of(team)).get("/").text


def test_the_api_begins_lists_rows_and_takes_answers() -> None:
    team, (grant,), review = reviewed()
    client = api(make.owner_of(team))
    rows = client.get(f"/api/v1/certifications/{review.pk}/rows/").json()["results"]
    assert (rows[0]["grant"], rows[0]["answer"]) == (grant.pk, None)
    body = {"grant": grant.pk, "answer": "keep"}
    said = client.post(f"/api/v1/certifications/{review.pk}/answer/", body, content_type="application/json")
    assert said.json()["state"] == "done"
    again = client.post("/api/v1/certifications/", {"team": team.slug}, content_type="application/json")
    assert again.status_code == 201
    assert (
        client.get("/api/v1/certifications/", {"state": "open"}).json()["results"][0]["id"]
        == again.json()["id"]
    )


SAY = """INSERT INTO access_certified (certification_id, grant_id, answer, by_id, at, reason, calls, cost_nanos, idle_days)
         VALUES (%s, %s, %s, %s, now(), '', 0, 0, 0)"""


def test_the_database_takes_answers_only_from_who_answers_for_the_team_and_keeps_them() -> None:
    team, (grant,), review = reviewed()
    owner = make.owner_of(team)
    refuses("an owner of the team or an admin", SAY, review.pk, grant.pk, "keep", make.person().pk)
    refuses("does not ask about", SAY, review.pk, make.grant().pk, "keep", owner.pk)
    refuses("an answer is what was done", SAY, review.pk, grant.pk, "give_back", owner.pk)
    refuses("when each grant is answered", "UPDATE access_certification SET closed_at = now()")
    actions.certify(review.pk, grant.pk, answer="keep", actor=owner, at=clock.now())
    refuses("permission denied", "DELETE FROM access_certified")
    refuses("closed once", "UPDATE access_certification SET closed_at = NULL")
    refuses("takes no answer", SAY, review.pk, grant.pk, "keep", owner.pk)
