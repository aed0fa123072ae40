"""Each choice says how many models it would leave; choosing it must leave exactly those."""

from itertools import product

import pytest

from catalog import facets, pages
from catalog.filters import OfferFilter
from catalog.models import Offer, OfferQuerySet
from foundry.lib import clock
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> None:
    """Offers that differ in everything a facet looks at, several of one model among them."""
    hosts = [make.host("azure"), make.host("listed", calling_base_url=""), make.host("box", is_sandbox=True)]
    terms = [make.terms("open"), make.terms("closed"), None]
    terms[0].data_classes, terms[1].data_classes = ["public", "internal"], ["public"]  # type: ignore[union-attr]
    for each in terms[:2]:
        each.save()  # type: ignore[union-attr]
    for number, (host, lifecycle) in enumerate(product(hosts, ["preview", "legacy", "generally_available"])):
        model = make.model(f"m{number % 5}", by=make.publisher(["xai", "meta"][number % 5 % 2]))
        offer = make.offer(
            of=model, at=host, lifecycle=lifecycle, priced=False, terms=terms[number % 3], hidden=number == 7,
            context_tokens=[None, 32_000, 131_072, 1_000_000][number % 4], region=["", "East", "west"][number % 3],
            modalities=[["text"], ["text", "image"], []][number % 3],
        )  # fmt: skip
        if number % 4:
            make.price(offer, ["0.5", "3", "40"][number % 3])


def everything() -> OfferQuerySet:
    return Offer.objects.with_reach().with_price_at(clock.now())


def counted(**chosen: str) -> facets.Counted:
    return facets.count(pages.facet_rows(everything(), clock.now()), chosen)


def left(**chosen: str) -> int:
    """How many models the filter of pages and API leaves."""
    return OfferFilter(chosen, queryset=everything()).qs.order_by().values("model_id").distinct().count()


def test_each_choice_leaves_as_many_models_as_it_says(company: None) -> None:
    asked = 0
    for facet in facets.ALL:
        for choice in counted().choices[facet.name]:
            assert left(**{facet.name: choice.key}) == choice.models, (facet.name, choice)
            asked += 1
    assert asked > 25


def test_the_counts_heed_what_else_is_chosen(company: None) -> None:
    for first in facets.ALL:
        for choice in counted().choices[first.name]:
            chosen = {first.name: choice.key}
            for facet, second in ((f, c) for f in facets.ALL for c in counted(**chosen).choices[f.name]):
                both = chosen | {facet.name: second.key}
                assert left(**both) == second.models, both


def test_the_whole_is_what_fits_all(company: None) -> None:
    for chosen in ({}, {"publisher": "xai"}, {"publisher": "xai", "price": "5", "show": "usable"}):
        assert counted(**chosen).models == left(**chosen)


def test_choices_of_a_scale_keep_its_order(company: None) -> None:
    prices = [choice.key for choice in counted().choices["price"]]
    assert prices == ["1", "5", "20", "known", "unknown"]
    assert [choice.text for choice in counted().choices["publisher"]] == ["Meta", "Xai"]
