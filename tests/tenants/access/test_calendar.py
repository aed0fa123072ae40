"""A team's calendar: RFC 5545, stable, behind a secret address, rotated and ended by an owner."""

from datetime import timedelta

import pytest
from icalendar import Calendar as Ics

from catalog.models import Offer
from foundry.lib import clock
from tenants.access.models import Grant
from tenants.teams import actions
from tenants.teams.models import Calendar
from tests import make
from tests.people import browser

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def grant() -> Grant:
    at = clock.now()
    after = make.offer("grok-4")
    offer = make.offer(
        "grok-3", retires_at=at + 40 * DAY, deprecated_at=at + 10 * DAY, successor=after, terms=make.terms(),
        terms_from=at + 5 * DAY, lifecycle_told="Retiring, soon",
    )  # fmt: skip
    return make.grant(of=make.team("copilot"), offer=offer)


def address(grant: Grant) -> str:
    _, secret = actions.make_calendar(grant.team, actor=make.owner_of(grant.team), at=clock.now())
    return f"/calendar/{secret}.ics"


def test_it_tells_what_goes_away_and_when_without_a_session(grant: Grant) -> None:
    answer = browser().get(address(grant))
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    read = Ics.from_ical(answer.content)
    assert (str(read["version"]), bool(read["prodid"])) == ("2.0", True)
    told = {str(event["uid"]).split("@")[0]: event for event in read.walk("VEVENT")}
    offer = grant.offer
    assert set(told) == {
        f"grant-{grant.pk}-ends", f"offer-{offer.pk}-retires", f"offer-{offer.pk}-deprecated", f"offer-{offer.pk}-terms",
    }  # fmt: skip
    retires = told[f"offer-{offer.pk}-retires"]
    assert retires["dtstart"].dt == offer.retires_at.date()
    assert "xai/grok-4 follows it." in retires["description"]
    assert all(event["dtstamp"].dt.tzinfo is not None for event in told.values())
    assert all(len(line) <= 75 for line in answer.content.split(b"\r\n")), "lines are folded"
    assert b"\n" not in answer.content.replace(b"\r\n", b"")


def test_what_did_not_change_is_not_sent_again_and_a_date_that_moves_keeps_its_name(grant: Grant) -> None:
    path, client = address(grant), browser()
    first = client.get(path)
    again = client.get(path, headers={"if-none-match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    Offer.objects.filter(pk=grant.offer_id).update(retires_at=clock.now() + 20 * DAY)
    moved = client.get(path, headers={"if-none-match": first.headers["ETag"]})
    assert moved.status_code == 200
    names = [
        {str(event["uid"]) for event in Ics.from_ical(each.content).walk("VEVENT")} for each in (first, moved)
    ]
    assert names[0] == names[1]


def test_a_new_address_ends_the_old_one_and_ending_it_leaves_none(grant: Grant) -> None:
    old, new, owner = address(grant), address(grant), browser(make.owner_of(grant.team))
    assert browser().get(old).status_code == 404
    assert browser().get(new).status_code == 200
    page = owner.get("/teams/copilot/calendar/").content.decode()
    assert new.split("/")[2][:10] in page
    assert new.split("/")[2][:-4] not in page, "the secret is shown once"
    shown = owner.post("/teams/copilot/calendar/make/").content.decode()
    assert "/calendar/cal-" in shown
    assert owner.post("/teams/copilot/calendar/end/").status_code == 302
    assert not Calendar.objects.exists()
    assert browser().get(new).status_code == 404


def test_it_tells_only_of_the_teams_own_and_nothing_once_the_team_is_closed(grant: Grant) -> None:
    other = make.grant(of=make.team("search"), offer=make.offer("secret-model", retires_at=clock.now() + DAY))
    path = address(grant)
    assert b"secret-model" not in browser().get(path).content
    grant.team.closed_at = clock.now()
    grant.team.save(update_fields=["closed_at"])
    assert browser().get(path).status_code == 404
    assert b"secret-model" in browser().get(address(other)).content
