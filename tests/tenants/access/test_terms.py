"""Teams acknowledge new terms with one click; what terms rule out cannot be asked for."""

from datetime import timedelta

import pytest

from catalog import actions as supply
from catalog.models import Offer, Terms
from catalog.terms import TermsText
from foundry.lib import clock
from foundry.lib.errors import Conflict
from tenants.access import actions
from tenants.access.models import Acknowledgement, Grant
from tenants.access.preview import preview
from tenants.access.served import that_fits
from tenants.keys.hits import of_offers
from tests import make
from tests.people import api, browser

pytestmark = pytest.mark.django_db
TEXT = TermsText("Hosting only", {"hosted_by": "Microsoft", "training": "none"}, ("public", "internal"))


@pytest.fixture
def grant() -> Grant:
    return make.grant(of=make.team("copilot"), offer=make.offer(terms=make.terms()))


def publish(days: int = 0) -> Terms:
    at = clock.now()
    since = at + timedelta(days=days) if days else None
    return supply.publish_terms("hosting-only", TEXT, counts_from=since, actor="ada", at=at)[0]


def test_a_team_sees_new_terms_at_home_and_on_the_grant_and_accepts_them_with_one_click(grant: Grant) -> None:
    owner = browser(make.owner_of(grant.team))
    publish()
    assert "Copilot has to acknowledge Hosting only v2" in owner.get("/").content.decode()
    page = owner.get(f"/grants/{grant.pk}/").content.decode()
    assert "Calls are refused until a member does." in page
    assert owner.post(f"/grants/{grant.pk}/acknowledge/").status_code == 302
    assert Acknowledgement.objects.filter(team=grant.team, terms__version=2).count() == 1
    assert "has to acknowledge" not in owner.get("/").content.decode()
    assert "has not acknowledged" not in owner.get(f"/grants/{grant.pk}/").content.decode()


def test_before_their_date_the_pages_say_from_when(grant: Grant) -> None:
    publish(days=14)
    owner = browser(make.owner_of(grant.team))
    assert "Calls need it from" in owner.get(f"/grants/{grant.pk}/").content.decode()
    assert "under 1 grant need it." in owner.get("/").content.decode()
    assert "Calls need version 2 acknowledged from" in owner.get("/terms/hosting-only/").content.decode()


def test_the_page_of_terms_tells_each_person_of_the_teams_they_see(grant: Grant) -> None:
    publish()
    other = make.grant(of=make.team("search"), offer=Offer.objects.get(pk=grant.offer_id))
    path = "/terms/hosting-only/acknowledgements/"
    mine = browser(make.owner_of(grant.team)).get(path).content.decode()
    assert "Copilot" in mine
    assert "Search" not in mine
    assert "Not yet" in mine
    every = browser(make.admin()).get(path).content.decode()
    assert "Search" in every
    assert "Acknowledge<" not in every, "an admin is in neither team"
    answer = browser(make.owner_of(grant.team)).post(
        "/terms/hosting-only/acknowledge/", {"team": other.team.slug, "version": "2"}
    )
    assert answer.status_code == 404


def test_the_api_acknowledges_once(grant: Grant) -> None:
    publish()
    owner = api(make.owner_of(grant.team))
    body = {"team": "copilot", "terms": "hosting-only", "version": 2}
    first = owner.post("/api/v1/acknowledgements/", body, content_type="application/json")
    again = owner.post("/api/v1/acknowledgements/", body, content_type="application/json")
    assert (first.status_code, again.status_code) == (201, 409)
    assert [
        each["version"] for each in owner.get("/api/v1/acknowledgements/?team=copilot").json()["results"]
    ] == [2, 1]


def test_an_admin_sees_whom_a_new_version_hits_before_publishing(grant: Grant) -> None:
    make.key(grant)
    make.key(grant)
    hits = of_offers([grant.offer_id], clock.now())
    assert [(hit.team, hit.grants, hit.keys, hit.classes) for hit in hits.teams] == [
        (grant.team, 1, 2, {"internal"})
    ]
    page = browser(make.admin()).get("/terms/hosting-only/next/").content.decode()
    assert "1 team must acknowledge it: 1 grant, 2 keys" in page


def test_what_terms_rule_out_is_refused_and_an_offer_that_fits_is_named(grant: Grant) -> None:
    publish()
    offer = Offer.objects.with_names().get(pk=grant.offer_id)
    with pytest.raises(Conflict, match="Confidential data may not go to") as refused:
        make.request(of=grant.team, offer=offer, data_class="confidential")
    assert refused.value.remedy.startswith("Send less sensitive data")
    strict = make.terms("strict")
    Terms.objects.filter(pk=strict.pk).update(data_classes=["confidential"])
    fits = make.offer(of=offer.model, terms=strict)
    assert that_fits(offer, "confidential") == fits
    told = preview(offer, limits={}, data_class="confidential", at=clock.now()).obstacle
    assert told is not None
    assert str(fits.host) in told.remedy
    assert make.request(of=grant.team, offer=offer, data_class="public").pk


def test_a_request_that_new_terms_rule_out_is_not_approved() -> None:
    offer = make.offer(terms=make.terms())
    asked = make.request(offer=offer, data_class="confidential")
    publish()
    with pytest.raises(Conflict, match="Confidential data"):
        actions.approve(asked.pk, actor=make.admin(), at=clock.now())


def test_no_new_use_is_taken_once_an_offer_is_deprecated() -> None:
    for stage in ("deprecated", "retired"):
        with pytest.raises(Conflict):
            make.request(offer=make.offer(lifecycle=stage))
    assert make.request(offer=make.offer(lifecycle="legacy")).pk


def test_terms_that_a_team_acknowledged_need_no_second_tick_and_another_teams_do() -> None:
    offer = make.offer(terms=make.terms())
    olga = make.person()
    first, second = make.team(owner=olga), make.team(owner=olga)
    make.request(of=first, offer=offer)
    apps = [make.application(team) for team in (first, second)]
    fields = {"offer": offer.pk, "purpose": "x", "data_class": "internal", "tpm": "1,000", "terms_version": 1,
              "ends_on": f"{clock.now() + timedelta(days=20):%Y-%m-%d}"}  # fmt: skip
    client = browser(olga)
    assert f"{first.name} acknowledged this version" in client.get(f"/requests/new/?offer={offer.pk}").text
    untold = client.post(f"/requests/new/?offer={offer.pk}", fields | {"application": apps[1].pk})
    assert "Tick this to go on" in untold.text
    sent = client.post(f"/requests/new/?offer={offer.pk}", fields | {"application": apps[0].pk})
    assert sent.status_code == 302
