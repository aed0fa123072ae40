"""A grant goes on past its end while a renewal sent before is undecided; everywhere alike, and no longer."""

from datetime import datetime, timedelta

import pytest

from foundry.lib import clock
from foundry.lib.errors import Conflict
from foundry.notify.models import Event
from tenants.access import actions
from tenants.access.actions.living import RANGES
from tenants.access.models import Grace, Grant, GrantApplication, LifeRules, Request
from tenants.access.reminders import tell_of_ends
from tests import make
from tests.people import api, browser
from tests.tenants.access.test_guards import refuses

pytestmark = pytest.mark.django_db
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def over(*, asked: bool = True) -> tuple[Grant, Request | None]:
    """A grant whose end was a few hours ago; with `asked`, its owner sent a renewal five days before."""
    now = clock.now()
    grant = make.grant(at=now - 40 * DAY, ends_on=(now - DAY).date())
    request = actions.renew(grant.pk, actor=make.owner_of(grant.team), at=now - 5 * DAY) if asked else None
    return grant, request


def is_live(grant: Grant, at: datetime) -> bool:
    by_state = grant.state(at) == "live"
    assert Grant.objects.live(at).filter(pk=grant.pk).exists() == by_state
    return by_state


def test_it_goes_on_while_the_renewal_is_undecided_and_for_the_days_of_the_rules_at_most() -> None:
    grant, request = over()
    assert request is not None
    assert (request.grace.starts_at, request.grace.ends_at) == (grant.ends_at, grant.ends_at + 14 * DAY)
    moments = [-HOUR, HOUR, 13 * DAY, 14 * DAY, 20 * DAY]
    assert [is_live(grant, grant.ends_at + each) for each in moments] == [True, True, True, False, False]


def test_without_a_renewal_it_lapses_at_its_second() -> None:
    grant, _ = over(asked=False)
    assert [is_live(grant, grant.ends_at + each * timedelta(seconds=1)) for each in (-1, 0)] == [True, False]


@pytest.mark.parametrize("end", ["deny", "withdraw"])
def test_a_denial_or_a_withdrawal_ends_it_then_and_the_past_stays_true(end: str) -> None:
    grant, request = over()
    assert request is not None
    at = grant.ends_at + HOUR
    if end == "deny":
        actions.deny(request.pk, code="no_budget", actor=make.admin(), at=at)
    else:
        actions.withdraw(request.pk, actor=make.owner_of(grant.team), at=at)
    moments = [timedelta(0), HOUR - timedelta(seconds=1), HOUR, 2 * HOUR]
    assert [is_live(grant, grant.ends_at + each) for each in moments] == [True, True, False, False]
    assert GrantApplication.objects.get(grant=grant).during.upper == at
    with pytest.raises(Conflict):
        actions.renew(grant.pk, actor=make.owner_of(grant.team), at=at)


def test_a_denial_before_the_end_leaves_the_end_where_it_was() -> None:
    grant, request = over()
    assert request is not None
    actions.deny(request.pk, code="no_budget", actor=make.admin(), at=grant.ends_at - DAY)
    assert [is_live(grant, grant.ends_at + each) for each in (-HOUR, HOUR)] == [True, False]


def test_an_approval_in_the_grace_prolongs_the_same_grant_without_a_gap() -> None:
    grant, request = over()
    assert request is not None
    make.approved(request, at=grant.ends_at + 3 * HOUR)
    grant.refresh_from_db()
    assert Grant.objects.count() == 1
    start = request.grace.starts_at
    assert all(is_live(grant, start + each) for each in (-HOUR, HOUR, 3 * HOUR, 4 * HOUR, 80 * DAY))


def test_an_approval_after_the_grace_opens_a_new_grant() -> None:
    grant, request = over()
    assert request is not None
    make.approved(request, at=grant.ends_at + 15 * DAY)
    assert Grant.objects.exclude(pk=grant.pk).get().request == request
    assert not is_live(grant, grant.ends_at + 15 * DAY)


def test_a_change_that_asks_for_no_more_time_and_rules_without_days_give_no_grace() -> None:
    grant = make.grant()
    make.request(
        of=grant.team, offer=grant.offer, app=grant.applications.get(), ends_on=(clock.now() + 9 * DAY).date()
    )
    assert not Grace.objects.exists()
    actions.set_life_rules(grace_days=0, actor=make.admin(), at=clock.now())
    other = make.grant()
    actions.renew(other.pk, actor=make.owner_of(other.team), at=clock.now())
    assert not Grace.objects.exists()


def test_page_list_and_api_say_that_it_goes_on_and_why() -> None:
    grant, request = over()
    assert request is not None
    owner = make.owner_of(grant.team)
    page = browser(owner).get(f"/grants/{grant.pk}/").text
    assert "It goes on past its end" in page
    assert f"/requests/{request.pk}/" in page
    assert "while its renewal is decided" in browser(owner).get("/grants/").text
    assert "It goes on while its renewal is decided" in browser(owner).get("/").text
    row = api(owner).get(f"/api/v1/grants/{grant.pk}/").json()
    assert (row["state"], row["grace"]["request"]) == ("live", request.pk)
    before = (grant.ends_at - HOUR).isoformat()
    assert api(owner).get("/api/v1/grants/", {"at": before}).json()["results"][0]["grace"] is None
    then = (grant.ends_at + timedelta(minutes=1)).isoformat()
    assert api(owner).get("/api/v1/grants/", {"at": then}).json()["results"][0]["grace"] is not None


def test_owners_and_deciders_hear_once_that_it_hangs_on_the_decision_and_the_team_once_that_it_ended() -> (
    None
):
    grant, request = over()
    assert request is not None
    boss = make.admin()
    assert [tell_of_ends(grant.ends_at + each * HOUR) for each in (1, 2, 30)] == [1, 0, 0]
    told = Event.objects.get(kind="grant.grace")
    assert told.url == f"/requests/{request.pk}/"
    assert boss in {notice.person for notice in told.notices.all()}
    actions.deny(request.pk, code="no_budget", actor=boss, at=grant.ends_at + 40 * HOUR)
    assert [tell_of_ends(grant.ends_at + each * HOUR) for each in (41, 42)] == [1, 0]
    assert Event.objects.get(kind="grant.ended").url == f"/grants/{grant.pk}/"


LAY = "INSERT INTO access_grace (grant_id, request_id, rules_id, starts_at, ends_at) VALUES (%s, %s, %s, %s, %s)"


def test_the_database_refuses_a_grace_that_nothing_carries() -> None:
    grant, laid = make.grant(), LifeRules.objects.current()
    app, soon = grant.applications.get(), (clock.now() + 20 * DAY).date()
    refuses(
        "only an open request", LAY, grant.pk, grant.request_id, laid.pk, grant.ends_at, grant.ends_at + DAY
    )
    shorter = make.request(of=grant.team, offer=grant.offer, app=app, ends_on=soon)
    refuses("only an open request", LAY, grant.pk, shorter.pk, laid.pk, grant.ends_at, grant.ends_at + DAY)


def test_the_database_keeps_to_the_days_of_the_rules_in_force() -> None:
    laid = actions.set_life_rules(grace_days=0, actor=make.admin(), at=clock.now())
    grant = make.grant()
    request = actions.renew(grant.pk, actor=make.owner_of(grant.team), at=clock.now())
    for rules in (laid.pk, laid.pk - 1):
        refuses(
            "for the days of the rules", LAY, grant.pk, request.pk, rules, grant.ends_at, grant.ends_at + DAY
        )


def test_the_database_changes_neither_a_grace_nor_when_a_request_was_closed() -> None:
    _, request = over()
    assert request is not None
    refuses("permission denied", "UPDATE access_grace SET ends_at = ends_at + interval '9 days'")
    actions.deny(request.pk, code="data", actor=make.admin(), at=clock.now())
    later = "UPDATE access_request SET closed_at = now() + interval '9 days' WHERE id = %s"
    refuses("when a request was closed stays", later, request.pk)


def test_only_admins_set_the_rules_and_they_are_kept() -> None:
    client, laid = browser(make.admin()), LifeRules.objects.current()
    fields = {name: getattr(laid, name) for name in RANGES}
    assert client.post("/policies/life/", fields | {"grace_days": "99"}).status_code == 400
    assert client.post("/policies/life/", fields | {"grace_days": "7"}).status_code == 302
    assert "Renewals: 14 days of grace" in client.get("/policies/life/").text
    assert api(make.admin()).get("/api/v1/grants/rules/").json()["grace_days"] == 7
