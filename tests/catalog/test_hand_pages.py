"""Pages and API of what admins say: terms, offers by hand, stages and dates, publishing."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.models import Offer, Terms
from foundry.lib import clock
from tests import make
from tests.people import api, browser

pytestmark = pytest.mark.django_db
HAND = {"publisher": "xai", "publisher_name": "xAI", "model": "grok-5", "name": "Grok 5", "lifecycle": "announced",
        "words": "in talks", "source": "a mail"}  # fmt: skip
JSON = "application/json"


@pytest.fixture
def ada() -> Client:
    return browser(make.person("ada", roles=("admin",)))


def test_versions_stand_side_by_side_and_what_changed_is_marked(ada: Client) -> None:
    offer = make.offer(terms=make.terms())
    form = {"title": "Hosting only", "hosted_by": "Microsoft", "training": "none", "retention": "7 days",
            "data_classes": ["public"], "counts_from": str((clock.now() + timedelta(days=9)).date())}  # fmt: skip
    assert ada.post("/terms/hosting-only/next/", form).headers["Location"] == "/terms/hosting-only/"
    page = browser(make.person()).get("/terms/hosting-only/").content.decode()
    assert page.count(">changed<") == 2
    assert "7 days" in page
    assert "30 days" in page
    offer.refresh_from_db()
    assert (offer.terms.version, offer.terms_before.version) == (2, 1)
    assert ada.post("/terms/hosting-only/next/", form).status_code == 400, "nothing differs"
    assert "No training" in ada.get("/terms/").content.decode()


def test_an_announced_offer_is_made_changed_and_withdrawn_on_pages(ada: Client) -> None:
    host = make.host(connector="manual", calling_base_url="")
    assert ada.post(f"/hosts/{host.slug}/offers/new/", HAND).status_code == 302
    offer = Offer.objects.get(by_hand=True)
    shown = browser(make.person()).get("/catalog/xai/grok-5/").content.decode()
    assert "in talks" in shown
    again = ada.post(f"/hosts/{host.slug}/offers/new/", HAND)
    assert again.status_code == 400
    assert "is offered already" in again.content.decode()
    assert (
        ada.post(f"/offers/{offer.pk}/change/", HAND | {"words": "hosted soon", "model": "other"}).status_code
        == 302
    )
    offer.refresh_from_db()
    assert (offer.lifecycle_told, offer.model.slug) == ("hosted soon", "grok-5"), "which offer it is stays"
    assert ada.post(f"/offers/{offer.pk}/withdraw/", {"source": "a mail"}).status_code == 302
    assert "Sync now" not in ada.get(f"/hosts/{host.slug}/").content.decode()


def test_a_date_by_hand_shows_who_said_so(ada: Client) -> None:
    offer = make.offer()
    day = (clock.now() + timedelta(days=50)).date()
    answer = ada.post(
        f"/offers/{offer.pk}/lifecycle/",
        {
            "lifecycle": "deprecated",
            "deprecated_at": str(clock.now().date()),
            "retires_at": str(day),
            "source": "their blog",
        },
    )
    assert answer.status_code == 302
    page = ada.get(f"/catalog/xai/{offer.model.slug}/").content.decode()
    assert "Retirement date set by Ada: their blog" in page
    told = api(make.person("ops", roles=("ops",))).get(f"/api/v1/offers/{offer.pk}/").json()
    assert told["days_left"] in {48, 49}, "whole days, and the day is young or old"
    assert told["lifecycle"] == "deprecated"
    assert told["deprecated_at"] is not None
    assert told["set_by_hand"]["retirement_date"]["source"] == "their blog"
    assert ada.post(f"/offers/{offer.pk}/leave/").status_code == 302
    offer.refresh_from_db()
    assert (offer.retires_at, offer.lifecycle) == (None, "generally_available")


def test_what_waits_to_be_published_is_told_at_home_and_published_from_its_inbox(ada: Client) -> None:
    host = make.host("azure", publishes_new=False)
    rows = [make.offer(at=host, hidden=True, priced=False) for _ in range(3)]
    assert "3 new offers wait at Azure" in ada.get("/").content.decode()
    assert "3 wait" in ada.get("/unpublished/").content.decode()
    assert "3 new offers" in ada.get("/hosts/azure/").content.decode()
    assert rows[0].model.name in ada.get("/unpublished/?host=azure").content.decode()
    ada.post("/hosts/azure/publish/", {"offer": [str(rows[0].pk)]})
    assert Offer.objects.unpublished().count() == 2
    ada.post("/hosts/azure/publish/", {"all": "1", "from_now_on": "1"})
    host.refresh_from_db()
    assert (Offer.objects.unpublished().count(), host.publishes_new) == (0, True)


def test_the_api_does_the_same() -> None:
    ada, host = api(make.person("ada", roles=("admin",))), make.host(connector="manual")
    facts = {
        "title": "Ours",
        "facts": {"hosted_by": "us", "training": "may train"},
        "data_classes": ["public"],
    }
    assert ada.post("/api/v1/terms/", facts | {"slug": "ours"}, JSON).status_code == 201
    made = ada.post("/api/v1/offers/", {**HAND, "host": host.slug, "terms": "ours", "input_per_million": "1",
                                        "output_per_million": "2"}, JSON)  # fmt: skip
    assert made.status_code == 201
    offer = made.json()
    assert (offer["by_hand"], offer["lifecycle_told"], offer["price"]["output_per_million"]) == (
        True,
        "in talks",
        "2",
    )
    assert offer["terms"]["data_classes"] == ["public"]
    put = ada.put(f"/api/v1/offers/{offer['id']}/", {**HAND, "host": host.slug, "words": "soon"}, JSON)
    assert put.json()["lifecycle_told"] == "soon"
    newer = ada.post("/api/v1/terms/ours/versions/", facts | {"title": "Ours, again"}, JSON).json()
    assert ([each["version"] for each in newer["versions"]], newer["offers"], newer["may_train"]) == (
        [2, 1],
        1,
        True,
    )
    assert ada.get(f"/api/v1/offers/{offer['id']}/").json()["terms"]["version"] == 2
    later = ada.post(
        f"/api/v1/offers/{offer['id']}/lifecycle/", {"lifecycle": "preview", "source": "x"}, JSON
    )
    assert later.json()["lifecycle"] == "preview"
    assert later.json()["set_by_hand"] == {}, "an offer by hand has no host's word to keep"
    gone = ada.post(f"/api/v1/offers/{offer['id']}/withdraw/", {"source": "x"}, JSON)
    assert gone.json()["gone_at"] is not None
    waiting = make.offer(hidden=True)
    done = ada.post(f"/api/v1/hosts/{waiting.host.slug}/publish/", {}, JSON)
    assert done.json() == {"published": 1}


def test_lists_ask_as_often_for_twenty_rows_as_for_ten() -> None:
    ada, host = browser(make.person("ada", roles=("admin",))), make.host("azure")

    def asked(path: str) -> int:
        ada.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert ada.get(path).status_code == 200
        return len(queries)

    def more(number: int) -> None:
        terms = Terms.objects.create(
            slug=f"t{number}", version=1, title=f"T{number}", facts={"training": "none"}
        )
        make.grant(offer=make.offer(at=host, terms=terms))
        make.offer(at=host, hidden=True, terms=terms)
        Terms.objects.create(slug="long", version=number, title="Long", facts={"training": "none"})

    paths = [
        "/terms/",
        "/unpublished/?host=azure",
        "/terms/long/",
        "/hosts/azure/terms/",
        "/terms/long/acknowledgements/",
    ]
    for number in range(1, 11):
        more(number)
    before = [asked(path) for path in paths]
    for number in range(11, 21):
        more(number)
    assert [asked(path) for path in paths] == before
