"""What every Foundry starts with, and that starting again adds nothing."""

import pytest

from catalog import prices
from catalog.models import Host, Offer, Price, SyncRun, Terms
from catalog.seed import seed
from foundry.lib import clock
from tenants.gateway import sandbox
from tests.catalog import syncing
from tests.fakes.provider import always, serve, told

pytestmark = pytest.mark.django_db


def test_the_sandbox_offer_is_priced_and_reaches_the_sandbox() -> None:
    seed(clock.now())
    echo = Offer.objects.get(host__slug="sandbox")
    assert (str(echo.model), echo.reach.word) == ("sandbox/echo", "sandbox")
    assert prices.in_force([echo.pk], clock.now())[echo.pk].basis == "admin"
    assert echo.terms is not None


def test_the_reference_list_is_listed_and_never_callable() -> None:
    seed(clock.now())
    offers = Offer.objects.filter(host__slug="reference").with_names()
    assert offers.count() > 2_000
    reach = offers[0].reach
    assert (reach.word, "not verified" in reach.why) == ("listed", True)


def test_there_is_a_place_for_what_no_host_serves_yet() -> None:
    seed(clock.now())
    host = Host.objects.get(slug="announced")
    assert (host.connector, host.sync_every_s) == ("manual", None)


def test_a_second_start_adds_nothing() -> None:
    tables = (Host, Offer, Price, SyncRun, Terms)
    seed(clock.now())
    before = [table._default_manager.count() for table in tables]
    seed(clock.now())
    assert [table._default_manager.count() for table in tables] == before


def test_syncing_the_sandbox_finds_what_it_started_with() -> None:
    listing = sandbox.listing({"path": "/v1/models"})
    assert listing is not None
    with serve(always(told(listing))) as provider:
        seed(clock.now())
        host = Host.objects.get(slug="sandbox")
        host.listing_base_url = provider.url
        host.save()
        run = syncing.run(host, clock.now())
    assert (run.state, run.new, run.changed, run.gone) == ("succeeded", 0, 0, 0)
