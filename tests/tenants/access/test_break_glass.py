"""A team's owner breaks the glass: higher for hours, everybody told, reviewed by somebody outside the team."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from foundry.audit.models import Entry
from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.notify.models import Event
from foundry.people.models import User
from tenants.access import actions, rules
from tenants.access.models import Grant, Raise
from tenants.access.reminders import remind_of_reviews
from tenants.teams import actions as teams
from tests import make
from tests.people import api, browser

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = clock.now().replace(day=12)


@pytest.fixture
def grant() -> Grant:
    return make.grant(at=NOW - DAY, limits={"tpm": 60_000, "rpm": 60}, ends_on=(NOW + 60 * DAY).date())


def broken(grant: Grant, by: User | None = None, *, at: Any = None, **fields: Any) -> Raise:
    given: dict[str, Any] = {
        "limits": {"tpm": 120_000},
        "hours": 2,
        "reason": "Customers cannot log in.",
    } | fields
    return actions.break_glass(grant.pk, actor=by or make.owner_of(grant.team), at=at or NOW, **given)


def reviewed(held: Raise, by: User | None = None, **fields: Any) -> Raise:
    given: dict[str, Any] = {"justified": True, "finding": "The outage was real."} | fields
    return actions.review(held.pk, actor=by or make.admin(), at=given.pop("at", NOW + DAY), **given)


def test_it_counts_for_hours_and_then_falls(grant: Grant) -> None:
    broken(grant)
    then = [grant.limits.at(NOW + hours * HOUR).get(kind="tpm").maximum for hours in (0, 1, 2)]
    assert then == [120_000, 120_000, 60_000]


def test_everybody_concerned_is_told_at_once_and_led_to_the_review(grant: Grant) -> None:
    owner, second = make.owner_of(grant.team), make.person()
    teams.add_member(grant.team, second, "owner", actor=owner, at=NOW)
    teams.add_member(grant.team, make.person(), "member", actor=owner, at=NOW)
    told = [make.person(roles=(role,)) for role in ("admin", "finance", "security")]
    keeper = make.person(roles=("ops",))
    actions.name_offer_owner(grant.offer, keeper, actor=told[0], at=NOW)
    make.person(roles=("auditor",))
    held = broken(grant, owner)
    event = Event.objects.get(kind="grant.break_glass")
    hearers = {notice.person for notice in event.notices.all()}
    admins = set(User.objects.filter(site_roles__role="admin"))
    assert hearers == {second, keeper, *told, *admins}
    assert all(notice.mine for notice in event.notices.all())
    assert (event.url, event.text) == (f"/raises/{held.pk}/", "Customers cannot log in.")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"limits": {"tpm": 120_001}}, "raise.too_much"),
        ({"hours": 9}, "raise.ends_at"),
        ({"hours": 0}, "raise.ends_at"),
        ({"limits": {"tpm": 60_000}}, "raise.limits"),
        ({"reason": ""}, "request.reason"),
    ],
)
def test_beyond_the_rules_it_is_refused_with_what_would_do(
    grant: Grant, fields: dict[str, Any], code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        broken(grant, **fields)
    assert refused.value.code == code
    assert not Raise.objects.exists()


def test_only_an_owner_of_the_team_breaks_it(grant: Grant) -> None:
    member = make.person()
    teams.add_member(grant.team, member, "member", actor=make.admin(), at=NOW)
    for who in (member, make.admin(), make.person(), make.owner_of(make.team())):
        with pytest.raises(Forbidden):
            broken(grant, who)
        with pytest.raises(DatabaseError, match="owner of the team"):
            by_sql(grant, who)


def test_while_one_waits_for_its_review_there_is_no_other(grant: Grant) -> None:
    held = broken(grant)
    with pytest.raises(Conflict) as refused:
        broken(grant, at=NOW + 3 * HOUR)
    assert refused.value.code == "raise.unreviewed"
    reviewed(held)
    assert broken(grant, at=NOW + 2 * DAY).pk


def test_a_month_has_only_so_many(grant: Grant) -> None:
    for number in range(2):
        reviewed(broken(grant, at=NOW + number * HOUR), at=NOW + number * HOUR)
    with pytest.raises(Conflict) as refused:
        broken(grant, at=NOW + DAY)
    assert refused.value.code == "raise.used_up"
    assert broken(grant, at=NOW + 25 * DAY).pk


def test_the_rules_are_an_admins_and_each_raise_names_those_it_was_made_under(grant: Grant) -> None:
    with pytest.raises(Forbidden):
        actions.set_raise_rules(glass_hours_at_most=24, actor=make.person(roles=("ops",)), at=NOW)
    with pytest.raises(Invalid):
        actions.set_raise_rules(glass_hours_at_most=0, actor=make.admin(), at=NOW)
    laid = actions.set_raise_rules(glass_hours_at_most=24, actor=make.admin(), at=NOW)
    assert broken(grant, hours=20).rules == laid
    entry = Entry.objects.get(verb="policy.raises")
    assert entry.object_id == str(laid.pk)


# The review


def inside(grant: Grant) -> User:
    """An approver who is in the team."""
    boss = make.admin()
    teams.add_member(grant.team, boss, "member", actor=make.admin(), at=NOW)
    return boss


def test_somebody_outside_the_team_closes_it_with_words(grant: Grant) -> None:
    held = broken(grant)
    judge = make.person(roles=("finance",))
    done = reviewed(held, judge, justified=False, finding="A retry loop, not an outage.")
    assert (done.justified, done.reviewed_by, done.finding) == (False, judge, "A retry loop, not an outage.")
    event = Event.objects.get(kind="grant.glass_reviewed")
    assert [notice.person for notice in event.notices.all()] == [held.by]
    with pytest.raises(Conflict, match=judge.name):
        reviewed(held)


def test_the_wrong_people_do_not_review_it(grant: Grant) -> None:
    held = broken(grant)
    for who in (held.by, inside(grant), make.person(roles=("ops",)), make.person()):
        with pytest.raises(Forbidden):
            reviewed(held, who)
        with pytest.raises(DatabaseError, match="outside the team"):
            review_by_sql(held, who)


def test_an_owner_who_becomes_admin_since_reviews_nothing_of_their_own(grant: Grant) -> None:
    held = broken(grant)
    from foundry.people.models import SiteRole
    from tenants.teams.models import Membership

    SiteRole.objects.create(user=held.by, role="admin")
    Membership.objects.filter(user=held.by).delete()
    with pytest.raises(Forbidden):
        reviewed(held, User.objects.get(pk=held.by_id))
    with pytest.raises(DatabaseError, match="outside the team"):
        review_by_sql(held, held.by)


def test_without_words_it_stays_open(grant: Grant) -> None:
    held = broken(grant)
    with pytest.raises(Invalid):
        reviewed(held, finding=" ")
    held.refresh_from_db()
    assert held.reviewed_at is None


def test_it_waits_in_the_inbox_of_those_who_may_review_it_and_of_nobody_else(grant: Grant) -> None:
    held = broken(grant)
    judge, near = make.admin(), inside(grant)
    assert list(browser(judge).get("/approvals/").context["reviews"]) == [held]
    assert list(browser(near).get("/approvals/").context["reviews"]) == []
    assert (rules.waiting_for(judge), rules.waiting_for(near), rules.waiting_for(held.by)) == (1, 0, 0)
    reviewed(held)
    assert rules.waiting_for(judge) == 0


def test_an_overdue_review_is_reminded_once_a_day(grant: Grant) -> None:
    held = broken(grant)
    judge, near = make.admin(), inside(grant)
    assert held.review_due_at
    due = held.review_due_at
    counts = [remind_of_reviews(at) for at in (due - HOUR, due + HOUR, due + 2 * HOUR, due + HOUR + DAY)]
    assert counts == [0, 1, 0, 1]
    hearers = {notice.person for notice in Event.objects.filter(kind="grant.review_overdue")[0].notices.all()}
    assert judge in hearers
    assert not {near, held.by} & hearers
    reviewed(held, at=due + 2 * DAY)
    assert remind_of_reviews(due + 3 * DAY) == 0


def test_auditors_find_it_among_the_exceptions_with_what_the_review_found(
    grant: Grant, redis_url: str
) -> None:
    held = broken(grant, at=clock.now() - HOUR)
    auditor = browser(make.person(roles=("auditor",)))
    page = f"/audit/ask/exceptions/?team={grant.team.slug}"
    assert "broken glass, not reviewed" in auditor.get(page).content.decode()
    reviewed(held, justified=False, at=clock.now())
    assert "broken glass, not justified" in auditor.get(page).content.decode()


def test_by_page_and_by_api_from_broken_to_reviewed(grant: Grant) -> None:
    owner = make.owner_of(grant.team)
    window = browser(owner)
    page = f"/grants/{grant.pk}/break-glass/"
    assert "At most 120,000." in window.get(page).content.decode()
    assert window.post(page, {"tpm": "500,000", "hours": 2, "reason": "x"}).status_code == 400
    done = window.post(page, {"tpm": "100,000", "hours": 2, "reason": "An outage."}, follow=True)
    held = Raise.objects.get()
    assert done.redirect_chain[-1][0] == f"/raises/{held.pk}/"
    assert "Was it justified?" not in done.content.decode()
    assert window.get(page).status_code == 409
    judge = make.person(roles=("security",))
    listed = api(judge).get("/api/v1/raises/?review=open").json()["results"]
    assert [each["id"] for each in listed] == [held.pk]
    found = {"justified": True, "finding": "It was real."}
    near = api(owner).post(f"/api/v1/raises/{held.pk}/review/", found, content_type="application/json")
    assert (near.status_code, near.json()["code"]) == (403, "raise.reviewer")
    form = browser(judge)
    assert form.post(f"/raises/{held.pk}/review/", {"justified": "yes"}).status_code == 400
    assert (
        form.post(f"/raises/{held.pk}/review/", {"justified": "yes", "finding": "Real."}).status_code == 302
    )
    again = api(judge).post(f"/api/v1/raises/{held.pk}/review/", found, content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (409, "raise.reviewed")


INSERT = """INSERT INTO access_raise (grant_id, kind, limits, by_id, at, ends_at, reason, rules_id, finding, review_due_at)
            VALUES (%s, 'break_glass', %s, %s, %s, %s, 'x', (SELECT max(id) FROM access_raiserules), '', %s)"""


def by_sql(grant: Grant, by: User, limits: str = '{"tpm": 90000}', hours: int = 1) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(INSERT, [grant.pk, limits, by.pk, NOW, NOW + hours * HOUR, NOW + DAY])


def review_by_sql(held: Raise, by: User) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE access_raise SET reviewed_at = now(), reviewed_by_id = %s, justified = true, finding = 'x' WHERE id = %s",
            [by.pk, held.pk],
        )


def test_the_database_takes_what_fits_so_its_refusals_mean_something(grant: Grant) -> None:
    by_sql(grant, make.owner_of(grant.team))
    review_by_sql(Raise.objects.get(), make.admin())


def test_the_database_keeps_the_rules_too(grant: Grant) -> None:
    owner = make.owner_of(grant.team)
    for words, fields in (
        ("within the rules", {"limits": '{"tpm": 130000}'}),
        ("hours of the rules", {"hours": 9}),
    ):
        with pytest.raises(DatabaseError, match=words):
            by_sql(grant, owner, **fields)  # type: ignore[arg-type]
    by_sql(grant, owner)
    with pytest.raises(DatabaseError, match="one_glass_to_review"):
        by_sql(grant, owner)
    review_by_sql(Raise.objects.get(), make.admin())
    with pytest.raises(DatabaseError, match="written once"):
        connection.cursor().execute("UPDATE access_raise SET justified = false")
