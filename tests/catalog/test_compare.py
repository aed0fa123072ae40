"""Two to four offers side by side, and what a month of calls would cost at each."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from catalog.calculator import Volume, monthly_usd
from catalog.models import Price
from tests import make
from tests.people import browser
from tests.tenants.access.test_same_queries import queries

VOLUME = Volume(calls_per_day=1_000, tokens_in=2_000, tokens_out=500)


def price(**fields: Any) -> Price:
    base = {
        "input_per_million": Decimal(3),
        "output_per_million": Decimal(15),
        "cached_input_per_million": None,
    }
    return Price(**(base | fields))


@pytest.mark.parametrize(
    ("fields", "volume", "usd"),
    [
        ({}, {}, "405"),  # 30,000 calls: 60 M tokens at $3, 15 M at $15
        ({"cached_input_per_million": Decimal("0.75")}, {"cached_percent": 50}, "337.5"),
        ({}, {"cached_percent": 50}, "405"),
        ({"parts": {"request": "0.005"}}, {}, "555"),
        ({"parts": {"reasoning": "99"}}, {}, "405"),
        ({"tiers": [{"prices": {"input": "6"}, "over_input_tokens": 1_999}]}, {}, "585"),
        ({"tiers": [{"prices": {"input": "6"}, "over_input_tokens": 2_000}]}, {}, "405"),
        ({"tiers": [{"prices": {"input": "6"}, "over_input_tokens": 1_000},
                    {"prices": {"input": "9"}, "over_input_tokens": 1_500}]}, {}, "765"),
        ({"tiers": [{"prices": {"input": "1", "output": "5"}, "over_input_tokens": None,
                     "utc_from": "16:30", "utc_to": "00:30"}]}, {}, "315"),
        ({}, {"calls_per_day": 0}, "0"),
    ],
)  # fmt: skip
def test_a_month_costs_what_its_calls_cost(fields: dict[str, Any], volume: dict[str, int], usd: str) -> None:
    base = {"calls_per_day": 1_000, "tokens_in": 2_000, "tokens_out": 500}
    assert monthly_usd(price(**fields), Volume(**(base | volume))) == Decimal(usd)


def test_a_month_at_an_unknown_price_is_unknown() -> None:
    assert monthly_usd(None, VOLUME) is None


def get(client: Client, **query: object) -> str:
    answer = client.get("/catalog/compare/", query)
    assert answer.status_code == 200
    return answer.content.decode()


def row(page: str, label: str) -> tuple[bool, list[str]]:
    """Whether a line is marked as differing, and its cells."""
    found = re.search(rf'<tr( class="differs")?><th scope="row">{re.escape(label)}.*?</tr>', page, re.DOTALL)
    assert found, label
    return bool(found[1]), re.findall(r"<td[^>]*>([^<]*)</td>", found[0])


@pytest.fixture
def person() -> Client:
    return browser(make.person())


@pytest.mark.django_db
def test_two_hosts_of_a_model_differ_where_they_differ(person: Client) -> None:
    model, terms = make.model("grok-3"), make.terms("direct", hosted_by="xAI", training="may train")
    azure = make.offer(of=model, at=make.host("azure"), terms=make.terms())
    direct = make.offer(of=model, at=make.host("direct"), priced=False, terms=terms, max_output_tokens=9)
    make.price(direct, "2", "15", cached_input_per_million="0.5")
    page = get(person, offer=[azure.pk, direct.pk], calls_per_day=1_000, tokens_in=2_000, tokens_out=500)
    assert row(page, "USD per month") == (True, ["$405.00", "$345.00"])
    assert "17 % above the cheapest" in page
    assert row(page, "Input, per million tokens") == (True, ["$3.00", "$2.00"])
    assert row(page, "Output, per million tokens") == (False, ["$15.00", "$15.00"])
    assert row(page, "Cached input, per million tokens") == (True, ["as input", "$0.50"])
    assert row(page, "Training") == (True, ["none", "may train"])
    assert row(page, "Retention") == (True, ["30 days", "not told"])
    assert row(page, "Context, tokens") == (False, ["131,072", "131,072"])
    only = get(person, offer=[azure.pk, direct.pk], only="differences")
    assert "Context, tokens" not in only
    assert row(only, "Hosted by")[0]


@pytest.mark.django_db
def test_the_address_holds_four_offers_at_most_and_each_once(person: Client) -> None:
    offers = [make.offer(f"model-{number}").pk for number in range(5)]
    page = get(person, offer=[offers[0], *offers, "x", "9" * 30])
    assert "At most four" in page
    assert [f">model-{number}</a>" in page for number in range(5)] == [True] * 4 + [False]
    assert f"?offer={offers[1]}" in page.replace("&amp;", "&")


@pytest.mark.django_db
def test_hidden_offers_are_not_compared(person: Client) -> None:
    hidden = make.offer("secret-model", hidden=True)
    page = get(person, offer=[hidden.pk])
    assert "secret-model" not in page
    assert "Nothing to compare yet" in page
    assert "secret-model" not in get(person, q="secret")


@pytest.mark.django_db
def test_another_offer_is_found_and_added_by_its_address(person: Client) -> None:
    one, other = make.offer("grok-3"), make.offer("llama")
    again = make.offer(of=one.model)
    assert f'href="?offer={one.pk}&amp;offer={again.pk}"' in get(person, offer=[one.pk])
    assert f'href="?offer={one.pk}&amp;offer={other.pk}"' in get(person, offer=[one.pk], q="llama")


@pytest.mark.django_db
def test_a_volume_that_cannot_be_read_says_so_and_the_rest_counts(person: Client) -> None:
    offer = make.offer("grok-3")
    page = get(
        person, offer=[offer.pk], calls_per_day="many", tokens_in=2_000, tokens_out=500, cached_percent=0
    )
    assert "Enter a whole number." in page
    assert row(page, "USD per month")[1] == ["$405.00"]


@pytest.mark.django_db
def test_three_offers_cost_as_many_queries_as_two(person: Client) -> None:
    def one() -> int:
        host = make.host()
        return make.offer(at=host, pool=make.pool(host), terms=make.terms(), of=make.model("m")).pk

    offers = [one() for _ in range(6)]
    two, three = ("&".join(f"offer={pk}" for pk in offers[:count]) for count in (2, 3))
    counts = [queries(person, f"/catalog/compare/?{each}") for each in (two, three)]
    assert counts[0] == counts[1]
