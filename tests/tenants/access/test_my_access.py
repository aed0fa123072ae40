"""What the catalog says of a person's own teams beside an offer."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from foundry.lib import clock
from tenants.access import actions
from tenants.access.annotate import USERS_AT_MOST, my_access
from tenants.access.rules import waiting_for
from tests import make
from tests.people import browser

pytestmark = pytest.mark.django_db


def test_it_tells_what_is_held_and_asked_in_two_queries() -> None:
    grant = make.grant()
    asked, foreign, plain = make.request(of=grant.team), make.grant(), make.offer()
    offers = [grant.offer_id, asked.offer_id, foreign.offer_id, plain.pk]
    owner = make.owner_of(grant.team)
    with CaptureQueriesContext(connection) as captured:
        told = my_access(offers, owner)
    assert len(captured) == 2
    assert set(told) == {grant.offer_id, asked.offer_id}
    assert (told[grant.offer_id]["tone"], told[asked.offer_id]["tone"]) == ("good", "info")
    assert told[grant.offer_id]["url"] == f"/grants/{grant.pk}/"


def test_a_suspended_grant_is_told_as_such() -> None:
    grant = make.grant()
    actions.suspend(grant.pk, reason="Terms.", actor=make.admin(), at=clock.now())
    assert my_access([grant.offer_id], make.owner_of(grant.team))[grant.offer_id]["tone"] == "warn"


def test_the_counter_counts_what_this_person_may_decide_now() -> None:
    boss, guard = make.admin(), make.person(roles=("security",))
    make.request()
    make.request(of=make.team(owner=boss))
    make.approved_step(make.request(data_class="restricted"))
    make.request(data_class="restricted")
    assert waiting_for(boss) == 2
    assert waiting_for(guard) == 1
    assert waiting_for(make.person()) == 0


def test_a_model_used_by_many_names_the_first_and_leads_to_the_rest() -> None:
    first = make.grant()
    for _ in range(USERS_AT_MOST + 2):
        make.grant(of=first.team, offer=first.offer)
    other = make.grant(offer=first.offer)
    path = f"/catalog/{first.offer.model}/"
    page = browser(make.owner_of(first.team)).get(path).text
    assert page.count(f'href="/grants/{first.pk}/"') >= 1
    assert "3 more grants" in page
    assert "1 more team" in page
    everything = browser(make.owner_of(first.team)).get(f"/grants/?state=live&model={first.offer.model}").text
    assert f'href="/grants/{first.pk}/"' in everything
    assert f'href="/grants/{other.pk}/"' not in everything
