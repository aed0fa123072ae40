"""How much to ask for: from stated use, or like an application that runs; and what stands beside it."""

import pytest

from foundry.lib import clock
from tests import make
from tests.people import api, browser
from tests.tenants.access.test_weighing import hour

pytestmark = pytest.mark.django_db


def test_the_calculator_fills_in_the_size_and_says_its_factors() -> None:
    offer, owner = make.offer(), make.owner_of(make.team())
    fields = {
        "offer": offer.pk,
        "by": "stated",
        "calls_per_day": "4,800",
        "tokens_in": "900",
        "tokens_out": "100",
    }
    page = browser(owner).get("/requests/size/", fields).text
    for words in ['value="30"', 'value="30,000"', "3 times the mean; 25 % is room"]:
        assert words in page, words


def test_without_a_basis_it_gives_words_and_keeps_what_was_typed() -> None:
    grant = make.grant()
    owner = make.owner_of(grant.team)
    like = {"offer": grant.offer_id, "by": "like", "like": grant.pk, "tpm": "777"}
    page = browser(owner).get("/requests/size/", like).text
    assert "there is no basis for a size" in page
    assert 'value="777"' in page


def test_an_application_that_runs_lends_its_size_to_those_who_may_see_it() -> None:
    grant, stranger = make.grant(), make.owner_of(make.team())
    hour(grant, clock.now().replace(minute=0, second=0, microsecond=0), 600, 60_000)
    like = {"offer": grant.offer_id, "by": "like", "like": grant.pk}
    seen = browser(make.owner_of(grant.team)).get("/requests/size/", like).text
    assert "busiest hour and day" in seen
    assert 'value="30"' in seen
    hidden = browser(stranger).get("/requests/size/", like).text
    assert "Choose an application" in hidden
    assert str(grant.team) not in hidden
    body = {"offer": grant.offer_id, "limits": {"tpm": 1}, "like": grant.pk}
    for person, expected in ((make.owner_of(grant.team), 30), (stranger, None)):
        told = api(person).post("/api/v1/requests/preview/", body, content_type="application/json").json()
        assert told["suggested"].get("rpm") == expected


def test_asking_for_more_shows_what_is_held_used_and_refused() -> None:
    grant = make.grant()
    noon = clock.now().replace(minute=0, second=0, microsecond=0)
    hour(grant, noon, 600, 60_000)
    hour(grant, noon, 9, 0, outcome="refused")
    owner, application = make.owner_of(grant.team), grant.applications.get()
    address = f"/requests/new/?offer={grant.offer_id}&application={application.pk}"
    page = browser(owner).get(address).text
    for words in ["What it has and uses", "600 calls", "9 calls were refused", "asks to change that grant"]:
        assert words in page, words


def test_the_chosen_data_names_the_offers_that_it_rules_out() -> None:
    offer = make.offer()
    other = make.offer(of=offer.model, terms=make.terms())
    allowed = {"data_classes": ["public"]}
    type(other.terms).objects.filter(pk=other.terms.pk).update(**allowed)
    owner = make.owner_of(make.team())
    page = browser(owner).get("/requests/preview/", {"offer": offer.pk, "data_class": "restricted"}).text
    assert "What this data rules out" in page
    assert str(other) in page
    page = browser(owner).get("/requests/preview/", {"offer": offer.pk, "data_class": "public"}).text
    assert "What this data rules out" not in page
