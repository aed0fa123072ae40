"""An approver raises limits until a moment; then what was granted counts again, with no worker to do it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from catalog.models import Offer
from foundry.audit.models import Entry
from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden, Invalid, Refused
from foundry.notify.models import Event
from foundry.people.models import User
from tenants.access import actions
from tenants.access.models import Grant, Limit, Raise
from tests import make
from tests.people import api, browser

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = clock.now()


def raised(grant: Grant, by: User | None = None, *, at: Any = None, **fields: Any) -> Raise:
    at = at or NOW
    given: dict[str, Any] = {
        "limits": {"tpm": 90_000},
        "ends_at": at + 2 * HOUR,
        "reason": "A launch.",
    } | fields
    return actions.raise_limits(grant.pk, actor=by or make.admin(), at=at, **given)


def limits(grant: Grant, at: Any) -> dict[str, int]:
    return dict(grant.limits.at(at).values_list("kind", "maximum"))


@pytest.fixture
def grant() -> Grant:
    return make.grant(at=NOW - 10 * DAY, limits={"tpm": 60_000, "rpm": 60})


def test_it_counts_from_its_start_to_its_end_and_the_old_limits_before_and_after(grant: Grant) -> None:
    raised(grant)
    tick = timedelta(microseconds=1)
    then = [limits(grant, NOW + moment)["tpm"] for moment in (-tick, 0 * tick, 2 * HOUR - tick, 2 * HOUR)]
    assert then == [60_000, 90_000, 90_000, 60_000]
    assert {limits(grant, NOW + moment)["rpm"] for moment in (-DAY, HOUR, DAY)} == {60}


def test_of_two_raises_the_higher_counts_while_both_run(grant: Grant) -> None:
    raised(grant, limits={"tpm": 70_000}, ends_at=NOW + 4 * HOUR)
    raised(grant, limits={"tpm": 90_000}, at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
    then = [limits(grant, NOW + hours * HOUR)["tpm"] for hours in (0, 1, 2, 4)]
    assert then == [70_000, 90_000, 70_000, 60_000]


def test_it_ends_early_when_asked_and_the_past_stays_as_it_was(grant: Grant) -> None:
    held = raised(grant)
    actions.end_raise(held.pk, actor=make.owner_of(grant.team), at=NOW + HOUR)
    assert [limits(grant, NOW + moment)["tpm"] for moment in (HOUR / 2, HOUR)] == [90_000, 60_000]
    with pytest.raises(Conflict, match="over already"):
        actions.end_raise(held.pk, actor=make.owner_of(grant.team), at=NOW + HOUR)


def changed(grant: Grant, limits: dict[str, int], at: Any) -> None:
    named = grant.named.get()
    asked = make.request(of=grant.team, offer=grant.offer, app=named.application, limits=limits, at=at)
    make.approved(asked, at=at)


def test_a_later_decision_about_the_same_limit_has_the_last_word(grant: Grant) -> None:
    held = raised(grant)
    changed(grant, {"tpm": 50_000, "rpm": 60}, NOW + HOUR)
    assert [limits(grant, NOW + moment)["tpm"] for moment in (HOUR / 2, HOUR, 3 * HOUR)] == [
        90_000,
        50_000,
        50_000,
    ]
    held.refresh_from_db()
    assert held.state(NOW + HOUR) == "over"


def test_a_later_decision_about_other_limits_leaves_the_raise_alone(grant: Grant) -> None:
    raised(grant)
    changed(grant, {"tpm": 60_000, "rpm": 90}, NOW + HOUR)
    then = [limits(grant, NOW + hours * HOUR) for hours in (0, 1, 2)]
    assert then == [{"tpm": 90_000, "rpm": 60}, {"tpm": 90_000, "rpm": 90}, {"tpm": 60_000, "rpm": 90}]


def test_a_renewal_asks_for_what_was_granted_not_for_what_is_raised(grant: Grant) -> None:
    raised(grant)
    asked = actions.renew(grant.pk, actor=make.owner_of(grant.team), at=NOW + HOUR)
    assert asked.asked == {"tpm": 60_000, "rpm": 60}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"limits": {"tpm": 60_000}}, "raise.limits"),
        ({"limits": {"concurrency": 5}}, "raise.limits"),
        ({"limits": {}}, "limits.missing"),
        ({"ends_at": NOW}, "raise.ends_at"),
        ({"ends_at": NOW + 400 * DAY}, "raise.ends_at"),
        ({"reason": " "}, "request.reason"),
    ],
)
def test_what_makes_no_sense_is_refused_with_words(grant: Grant, fields: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        raised(grant, **fields)
    assert refused.value.code == code
    assert refused.value.remedy


def test_it_ends_with_its_grant_at_the_latest(grant: Grant) -> None:
    with pytest.raises(Invalid, match="ends with its grant"):
        raised(grant, ends_at=grant.ends_at + HOUR)


def test_what_the_host_does_not_serve_cannot_be_promised_unless_the_rules_say_so(grant: Grant) -> None:
    pool = make.pool(grant.offer.host, maximum=70, tpm_per_unit=1000, unit="kTPM")
    Offer.objects.filter(pk=grant.offer_id).update(pool=pool)
    with pytest.raises(Conflict) as refused:
        raised(grant)
    assert refused.value.code == "raise.headroom"
    assert "10,000" in refused.value.remedy
    actions.set_raise_rules(keeps_headroom=False, actor=make.admin(), at=NOW)
    raised(grant)


def test_a_raise_goes_past_nobody_whom_the_policy_asks_at_that_size() -> None:
    grant = make.grant(at=NOW - DAY, limits={"usd_per_month": 100 * 10**9})
    with pytest.raises(Conflict, match="Finance"):
        raised(grant, limits={"usd_per_month": 6_000 * 10**9})
    both = make.person(roles=("admin", "finance"))
    assert raised(grant, both, limits={"usd_per_month": 6_000 * 10**9}).pk


def test_only_a_live_grant_is_raised(grant: Grant) -> None:
    actions.suspend(grant.pk, reason="Terms.", actor=make.admin(), at=NOW)
    with pytest.raises(Conflict, match="suspended"):
        raised(grant, at=NOW + HOUR)


# Who


def own_cases(grant: Grant) -> dict[str, User]:
    joined = make.person(roles=("admin",))
    from tenants.teams import actions as teams

    teams.add_member(grant.team, joined, "member", actor=make.admin(), at=NOW)
    asker = grant.request.requester
    from foundry.people.models import SiteRole

    SiteRole.objects.create(user=asker, role="admin")
    return {"joined the team since": joined, "asked, and became admin since": asker}


def test_nobody_raises_for_their_own_team_or_what_they_asked_for(grant: Grant) -> None:
    for who in own_cases(grant).values():
        with pytest.raises(Forbidden) as refused:
            raised(grant, User.objects.get(pk=who.pk))
        assert refused.value.code == "raise.own"
        with pytest.raises(DatabaseError, match="their own"):
            by_sql(grant, who)


@pytest.mark.parametrize("role", ["ops", "auditor", None])
def test_who_decides_nothing_raises_nothing(grant: Grant, role: str | None) -> None:
    who = make.person(roles=(role,) if role else ())
    with pytest.raises(Forbidden):
        raised(grant, who)
    with pytest.raises(DatabaseError, match="approver"):
        by_sql(grant, who)


def test_the_offers_owner_may_raise(grant: Grant) -> None:
    keeper = make.person(roles=("ops",))
    actions.name_offer_owner(grant.offer, keeper, actor=make.admin(), at=NOW)
    # The shipped policy asks the platform, which decided this grant before.
    assert raised(grant, keeper).by == keeper


INSERT = """INSERT INTO access_raise (grant_id, kind, limits, by_id, at, ends_at, reason, rules_id, finding)
            VALUES (%s, 'raise', %s, %s, %s, %s, 'x', (SELECT max(id) FROM access_raiserules), '')"""


def by_sql(grant: Grant, by: User, limits: str = '{"tpm": 90000}', ends_at: Any = None) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(INSERT, [grant.pk, limits, by.pk, NOW, ends_at or NOW + HOUR])


def test_the_database_takes_a_fitting_raise_so_its_refusals_mean_something(grant: Grant) -> None:
    by_sql(grant, make.admin())


def test_the_database_refuses_a_raise_that_is_none_or_too_long(grant: Grant) -> None:
    for words, fields in (
        ("above what was granted", {"limits": '{"tpm": 60000}'}),
        ("above what was granted", {"limits": '{"concurrency": 5}'}),
        ("within its dates", {"ends_at": grant.ends_at + HOUR}),
    ):
        with pytest.raises(DatabaseError, match=words):
            by_sql(grant, make.admin(), **fields)


@pytest.mark.parametrize(
    ("words", "sql"),
    [
        ("never rewritten", "UPDATE access_raise SET ends_at = ends_at + interval '1 day'"),
        ("never rewritten", "UPDATE access_raise SET limits = '{\"tpm\": 99000}'"),
        ("permission denied", "DELETE FROM access_raise"),
        ("permission denied", "TRUNCATE access_raise CASCADE"),
        ("permission denied", "UPDATE access_raiserules SET days_at_most = 300"),
        ("permission denied", "DELETE FROM access_raiserules"),
        ("never edited", "UPDATE access_limit SET ends_at = ends_at + interval '1 day' WHERE raised_id IS NOT NULL"),
        ("never edited", "UPDATE access_limit SET maximum = 1000000 WHERE raised_id IS NOT NULL"),
        ("so", """INSERT INTO access_limit (grant_id, kind, maximum, starts_at, ends_at, decision_id, raised_id)
            SELECT grant_id, kind, maximum * 2, starts_at, ends_at, decision_id, raised_id FROM access_limit
            WHERE raised_id IS NOT NULL"""),
    ],
)  # fmt: skip
def test_no_raise_is_rewritten_by_raw_sql(grant: Grant, words: str, sql: str) -> None:
    raised(grant)
    with pytest.raises(DatabaseError, match=words), transaction.atomic():
        connection.cursor().execute(sql)


# Seen


def test_it_is_in_the_audit_and_the_teams_owners_are_told(grant: Grant) -> None:
    held = raised(grant)
    entry = Entry.objects.get(verb="grant.raise")
    said = entry.said() if hasattr(entry, "said") else bytes(entry.body).decode()
    assert "90000" in str(said)
    event = Event.objects.get(kind="grant.raised")
    assert [notice.person for notice in event.notices.all()] == [make.owner_of(grant.team)]
    assert event.url == f"/raises/{held.pk}/"


def test_by_the_api_it_is_asked_seen_and_ended(grant: Grant) -> None:
    boss = api(make.admin())
    ends_at = clock.now() + HOUR
    fields = {"limits": {"tpm": 90_000}, "ends_at": ends_at.isoformat(), "reason": "A launch."}
    made = boss.post(f"/api/v1/grants/{grant.pk}/raise/", fields, content_type="application/json")
    assert (made.status_code, made.json()["limits"]) == (201, {"tpm": 90_000})
    seen = boss.get(f"/api/v1/grants/{grant.pk}/").json()
    assert seen["limits"]["tpm"] == 90_000
    assert [each["id"] for each in seen["raises"]] == [made.json()["id"]]
    later = boss.get(f"/api/v1/grants/{grant.pk}/?at={(ends_at).isoformat().replace('+', '%2B')}").json()
    assert (later["limits"]["tpm"], later["raises"]) == (60_000, [])
    ended = boss.post(f"/api/v1/raises/{made.json()['id']}/end/")
    assert (ended.status_code, ended.json()["state"]) == (200, "over")


def test_by_page_it_is_raised_and_shown_with_what_was_granted(grant: Grant) -> None:
    boss = browser(make.admin())
    page = f"/grants/{grant.pk}/raise/"
    assert "60,000" in boss.get(page).content.decode()
    short = boss.post(page, {"tpm": "5", "for_s": 3600, "reason": "x"})
    assert short.status_code == 400
    assert "that were granted" in short.content.decode()
    done = boss.post(page, {"tpm": "90,000", "for_s": 3600, "reason": "A launch."}, follow=True)
    assert done.redirect_chain[-1][0] == f"/grants/{grant.pk}/"
    text = done.content.decode()
    assert "90,000" in text
    assert "A launch." in text
    held = Raise.objects.get()
    assert browser(make.owner_of(grant.team)).post(f"/raises/{held.pk}/end/").status_code == 302
    assert Limit.objects.at(clock.now()).get(grant=grant, kind="tpm").maximum == 60_000


def test_what_the_policy_keeps_for_others_is_said_in_the_form_and_nothing_typed_is_lost() -> None:
    grant = make.grant(at=NOW - DAY, limits={"usd_per_month": 100 * 10**9})
    typed = {"usd_per_month": "6,000", "for_s": 3600, "reason": "A launch."}
    answer = browser(make.admin()).post(f"/grants/{grant.pk}/raise/", typed)
    assert answer.status_code == 400
    for words in ("needs a decision by Finance", 'value="6,000"', "A launch."):
        assert words in answer.content.decode(), words


def test_nothing_can_be_raised_by_page_for_ones_own_team(grant: Grant) -> None:
    for who in own_cases(grant).values():
        answer = browser(who).post(
            f"/grants/{grant.pk}/raise/", {"tpm": "90,000", "for_s": 3600, "reason": "x"}
        )
        assert answer.status_code == 403
    assert not Raise.objects.exists()


def test_a_refused_action_leaves_nothing_behind(grant: Grant) -> None:
    with pytest.raises(Refused):
        raised(grant, limits={"tpm": 1})
    assert (Raise.objects.count(), Limit.objects.exclude(raised=None).count()) == (0, 0)
