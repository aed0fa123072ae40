"""More time: one click at the same or the suggested size, and reminders before access ends."""

from datetime import timedelta

import pytest

from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.notify.models import Event, Notice
from tenants.access import actions
from tenants.access.models import Grant
from tenants.access.periods import end_of, last_day
from tenants.access.reminders import remind_of_ends
from tests import make
from tests.people import api, browser
from tests.tenants.access.test_weighing import hour

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_a_renewal_asks_for_the_same_and_the_same_grant_goes_on_when_it_is_approved() -> None:
    grant = make.grant(limits={"tpm": 1_000})
    owner, end = make.owner_of(grant.team), last_day(grant.ends_at)
    request = actions.renew(grant.pk, actor=owner, at=clock.now())
    assert (request.grant, request.asked, request.ends_on) == (grant, {"tpm": 1_000}, end + 90 * DAY)
    assert request.purpose == grant.request.purpose
    make.approved(request)
    grant.refresh_from_db()
    assert grant.ends_at == end_of(request.ends_on)
    assert Grant.objects.count() == 1


def test_the_suggested_size_follows_use_and_keeps_what_use_says_nothing_of() -> None:
    grant = make.grant(limits={"tpm": 1_000_000, "concurrency": 7}, at=clock.now() - 9 * DAY)
    hour(grant, clock.now() - DAY, 100, 60_000)
    request = actions.renew(grant.pk, size="suggested", actor=make.owner_of(grant.team), at=clock.now())
    assert request.asked == {"tpm": 3_000, "concurrency": 7}


def test_who_may_not_ask_may_not_renew_and_an_ended_grant_is_not_renewed() -> None:
    grant = make.grant()
    for person in (make.admin(), make.owner_of(make.team())):
        with pytest.raises(Forbidden):
            actions.renew(grant.pk, actor=person, at=clock.now())
    owner = make.owner_of(grant.team)
    with pytest.raises(Invalid):
        actions.renew(grant.pk, size="huge", actor=owner, at=clock.now())
    with pytest.raises(Conflict):
        actions.renew(grant.pk, actor=owner, at=grant.ends_at + DAY)
    actions.renew(grant.pk, actor=owner, at=clock.now())
    with pytest.raises(Conflict) as refused:
        actions.renew(grant.pk, actor=owner, at=clock.now())
    assert refused.value.code == "request.open"


def test_owners_are_reminded_once_at_each_distance_and_not_while_more_time_is_asked_for() -> None:
    grant = make.grant(ends_on=(clock.now() + 40 * DAY).date())
    told = [remind_of_ends(grant.ends_at - days * DAY) for days in (35, 30, 29, 14, 13, 3, 2, 1)]
    assert told == [0, 1, 0, 1, 0, 1, 0, 0]
    keys = Event.objects.filter(kind="grant.ends")
    assert Notice.objects.filter(event__in=keys, person=make.owner_of(grant.team), mine=True).count() == 3
    other = make.grant(ends_on=(clock.now() + 20 * DAY).date())
    actions.renew(other.pk, actor=make.owner_of(other.team), at=clock.now())
    assert remind_of_ends(clock.now()) == 0


def test_one_click_on_the_page_and_one_call_of_the_api_renew() -> None:
    grant, other = make.grant(), make.grant()
    client = browser(make.owner_of(grant.team))
    assert "Renew at the same size" in client.get(f"/grants/{grant.pk}/").text
    sent = client.post(f"/grants/{grant.pk}/renew/", {"size": "same"})
    assert sent.status_code == 302
    assert f"/requests/{grant.change_requests.get().pk}/" in sent["Location"]
    assert "asks to change this grant" in client.get(f"/grants/{grant.pk}/").text
    answer = api(make.owner_of(other.team)).post(
        f"/api/v1/grants/{other.pk}/renew/", {"days": 30}, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["changes_grant"]) == (201, other.pk)
