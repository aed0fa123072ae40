"""What every connector must do over real HTTP; each connector's test is a class of its own of this one."""

from decimal import Decimal
from typing import Any

import pytest

from catalog.connectors.base import ListingBroken
from catalog.models import Change, Host, Offer, Price
from foundry.lib import secrets
from foundry.lib.http import BadAnswer, OutwardError
from tests import make
from tests.catalog import syncing
from tests.fakes.listing import LOOPBACK, SECRET, Bench
from tests.fakes.provider import Reply, always, serve


def host_of(bench: Bench, url: str) -> Host:
    return make.host(
        "asked",
        connector=bench.kind,
        listing_base_url=url + bench.path,
        listing_settings=dict(bench.settings),
        listing_credential=secrets.encrypt(bench.credential),
        trusted_networks=LOOPBACK,
    )


def supply() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in (Offer, Price)]


class Speaking:
    """Name it `Test…` and set `bench`."""

    bench: Bench

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "broken" in metafunc.fixturenames:
            metafunc.parametrize("broken", sorted(self.bench.broken()))

    def test_the_credential_travels_in_headers_alone(self) -> None:
        with serve(self.bench.answers) as provider:
            self.bench.listing(provider.url)
        assert provider.asked
        assert all(SECRET in " ".join(each.headers.values()) for each in provider.asked)
        assert not [each.path for each in provider.asked if SECRET in each.path]

    def test_a_refused_credential_is_told_and_not_tried_again(self) -> None:
        refused = always(Reply(b'{"error": {"message": "no"}}', 401))
        with serve(refused) as provider, pytest.raises(BadAnswer, match="answered 401") as told:
            self.bench.listing(provider.url)
        assert (told.value.status, len(provider.asked)) == (401, 1)

    def test_a_host_that_is_busy_is_asked_again(self) -> None:
        busy = [Reply(status=429, headers={"retry-after": "1"})]
        with serve(lambda path: busy.pop() if busy else self.bench.answers(path)) as provider:
            again = self.bench.listing(provider.url)
            assert provider.asked[0].path == provider.asked[1].path
            assert again == self.bench.listing(provider.url)

    def test_a_host_that_is_busy_for_an_hour_is_left_alone(self) -> None:
        reply = Reply(status=429, headers={"retry-after": "3600"})
        with serve(always(reply)) as provider, pytest.raises(BadAnswer) as told:
            self.bench.listing(provider.url)
        assert (told.value.retry_after_s, len(provider.asked)) == (3600, 1)

    def test_a_cut_page_is_no_listing(self) -> None:
        with serve(self.bench.cut) as provider, pytest.raises(ListingBroken, match="no whole JSON"):
            self.bench.listing(provider.url)

    def test_a_line_that_breaks_is_told(self) -> None:
        with serve(self.bench.breaks) as provider, pytest.raises(OutwardError, match="did not answer"):
            self.bench.listing(provider.url)

    def test_a_slow_drip_ends(self) -> None:
        def drip(path: str) -> Reply:
            return Reply(self.bench.answers(path).body, drip_s=0.02)

        with serve(drip) as provider, pytest.raises(OutwardError, match="longer than"):
            self.bench.listing(provider.url)

    @pytest.mark.django_db
    def test_what_is_stored_is_what_was_told(self) -> None:
        with serve(self.bench.answers) as provider:
            told = {row.key: row for row in self.bench.listing(provider.url).offers}
            run = syncing.run(host_of(self.bench, provider.url))
        stored = {offer.key: offer for offer in Offer.objects.select_related("model__publisher")}
        assert (run.state, run.new, set(stored)) == ("succeeded", len(told), set(told)), run.problems
        for key, row in told.items():
            offer = stored[key]
            assert str(offer.model) == f"{row.publisher}/{row.model}"
            assert (offer.lifecycle, offer.retires_at) == (row.lifecycle, row.retires_at)
            assert (offer.context_tokens, offer.sku) == (row.context_tokens, row.sku)
            assert (offer.capabilities, offer.modalities) == (dict(row.capabilities), list(row.modalities))

    @pytest.mark.django_db
    def test_each_price_is_stored_as_it_was_told(self) -> None:
        with serve(self.bench.answers) as provider:
            told = {row.key: row.price for row in self.bench.listing(provider.url).offers}
            syncing.run(host_of(self.bench, provider.url))
        stored = {price.offer.key: price for price in Price.objects.select_related("offer")}
        assert set(stored) >= {key for key, price in told.items() if price is not None}
        for key, price in told.items():
            if price is None:
                continue
            row = stored[key]
            assert (row.input_per_million, row.output_per_million) == (price.input, price.output)
            assert row.cached_input_per_million == price.cached_input
            assert {name: Decimal(text) for name, text in row.parts.items()} == dict(price.parts)
            assert len(row.tiers) == len(price.tiers)

    @pytest.mark.django_db
    def test_a_second_sync_changes_nothing(self) -> None:
        with serve(self.bench.answers) as provider:
            host = host_of(self.bench, provider.url)
            syncing.run(host)
            before = supply()
            run = syncing.run(host)
        assert (run.state, run.new, run.changed, run.gone) == ("succeeded", 0, 0, 0)
        assert supply() == before

    @pytest.mark.django_db
    def test_a_broken_listing_takes_nothing_away(self, broken: str) -> None:
        with serve(self.bench.answers) as provider:
            host = host_of(self.bench, provider.url)
            assert syncing.run(host).state == "succeeded"
            before = supply()
            provider.script = self.bench.broken()[broken]
            run = syncing.run(host)
        assert run.state in {"quarantined", "failed"}, run.problems
        assert run.problems
        assert all(problem["why"] for problem in run.problems)
        assert supply() == before
        assert not Change.objects.filter(kind="gone", state="applied").exists()
