"""A model's page: its hosts side by side, its life, its prices over time, who uses it, how to call it."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from catalog import lifeline, model_page
from catalog.models import Change, Offer, Price
from foundry.lib import clock
from tests import make
from tests.foundry.web.markup import faults, inline_parts
from tests.people import browser

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START + timedelta(days=100)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def get(client: Client, path: str = "/catalog/xai/grok-3/") -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def change(offer: Offer, kind: str, before: object, after: object, at: datetime) -> Change:
    return Change.objects.create(
        host=offer.host,
        offer=offer,
        key=offer.key,
        kind=kind,
        before=before,
        after=after,
        at=at,
        source="listing",
    )


def stage(name: str) -> dict[str, str]:
    return {"stage": name, "told": name}


def test_a_life_is_its_stages_and_then_what_its_dates_say() -> None:
    offer = make.offer(
        first_seen_at=day(0), lifecycle="generally_available", retires_at=day(160), deprecated_at=day(130)
    )
    moves = [
        change(offer, "lifecycle", stage("legacy"), stage("generally_available"), day(50)),
        change(offer, "lifecycle", stage("preview"), stage("legacy"), day(20)),
    ]
    told = [(s.words, s.begins, s.ends, s.ahead) for s in lifeline.spans(offer, moves, NOW)]
    assert told == [
        ("Preview", day(0), day(20), False),
        ("Legacy", day(20), day(50), False),
        ("Generally available", day(50), NOW, False),
        ("Generally available", NOW, day(130), True),
        ("Deprecated", day(130), day(160), True),
    ]


def test_a_life_ends_where_the_host_no_longer_lists_it() -> None:
    offer = make.offer(first_seen_at=day(0), lifecycle="preview", gone_at=day(30), retires_at=day(200))
    assert [(s.begins, s.ends) for s in lifeline.spans(offer, [], NOW)] == [(day(0), day(30))]


def test_a_life_goes_on_as_retired_after_its_date() -> None:
    offer = make.offer(first_seen_at=day(0), retires_at=day(40))
    assert [s.words for s in lifeline.spans(offer, [], NOW)] == ["Generally available", "Retired"]


def test_the_price_over_time_is_the_one_that_counted_and_a_gap_where_none_did() -> None:
    offer = make.offer(priced=False)
    make.price(offer, "5", "9", basis="reference", starts_at=day(0), ends_at=day(60))
    make.price(offer, "3", "9", basis="negotiated", starts_at=day(10), ends_at=day(20))
    make.price(offer, "5", "9", basis="host", starts_at=day(15), ends_at=day(40))
    make.price(offer, "7", "9", basis="admin", starts_at=day(80))
    make.price(offer, "8", "9", basis="host", starts_at=day(200))
    rows = list(Price.objects.filter(offer=offer))
    assert model_page.points(rows, "input_per_million", NOW) == [
        (day(0), Decimal(5)), (day(10), Decimal(3)), (day(20), Decimal(5)), (day(60), None), (day(80), Decimal(7)),
    ]  # fmt: skip
    assert model_page.points(rows, "output_per_million", NOW) == [
        (day(0), Decimal(9)), (day(60), None), (day(80), Decimal(9)),
    ]  # fmt: skip


def test_offers_are_named_by_what_tells_them_apart() -> None:
    azure, direct, model = make.host("azure"), make.host("direct"), make.model("m")
    one, two = (make.offer(of=model, at=azure, sku=sku, region="eastus") for sku in ("Global", "Zone"))
    other = make.offer(of=model, at=direct, sku="x")
    assert list(model_page.names_of([one, two]).values()) == ["Global", "Zone"]
    assert list(model_page.names_of([one, two, other]).values()) == [
        "Azure · Global",
        "Azure · Zone",
        "Direct",
    ]
    assert list(model_page.names_of([one]).values()) == ["Azure"]


def test_every_part_and_tier_of_a_price_is_told_to_its_last_digit() -> None:
    offer = make.offer("grok-3", priced=False)
    price = make.price(offer, "0.271999999999999996", "15", cached_input_per_million="0.05")
    price.parts = {"cache_write": "3.75", "request": "0.0000125", "reasoning": "9"}
    price.tiers = [
        {"prices": {"input": "0.5439"}, "over_input_tokens": 200_000, "utc_from": "", "utc_to": ""},
        {"prices": {"output": "7.5"}, "over_input_tokens": None, "utc_from": "16:30", "utc_to": "00:30"},
    ]
    price.save()
    page = get(browser(make.person()))
    for words in (
        'title="$0.271999999999999996">$0.272', "$3.75 per million tokens", "$0.0000125 per request", "Reasoning",
        "Over 200,000 input tokens", "input $0.5439", "16:30–00:30 UTC", "output $7.50",
    ):  # fmt: skip
        assert words in page, words


def test_the_page_tells_life_prices_and_changes_and_is_well_made() -> None:
    offer = make.offer(
        "grok-3", lifecycle="preview", retires_at=clock.now() + timedelta(days=30), successor_told="grok-4"
    )
    make.offer(of=offer.model, at=make.host("direct"), first_seen_at=day(0))
    change(offer, "lifecycle", stage("announced"), stage("preview"), day(1))
    change(offer, "retirement_date", None, day(300).isoformat(), day(2))
    page = get(browser(make.person(roles=("admin",))))
    for words in (
        "Announced → Preview", "grok-4 follows it", "Retirement date: 28 Oct 2026", "Prices over time",
        "2 prices in all", "What changed lately", "Compare ticked", "chat/completions", "curl",
    ):  # fmt: skip
        assert words in page, words
    assert len(re.findall(r'<svg class="lane"', page)) == 2
    assert len(re.findall(r'class="step s\d"', page)) == 4
    assert (faults(page), inline_parts(page)) == ([], [])


def test_who_uses_it_is_told_by_name_to_its_team_and_as_a_count_to_others() -> None:
    offer = make.offer("grok-3")
    mine, other = make.grant(offer=offer), make.grant(offer=offer)
    page = get(browser(make.owner_of(mine.team)))
    assert f'href="/grants/{mine.pk}/">{mine.team.name}' in page
    assert other.team.name not in page
    assert "1 more team that you are not in." in page
    everyone = get(browser(make.person(roles=("auditor",))))
    assert all(grant.team.name in everyone for grant in (mine, other))
    nobody = get(browser(make.person()))
    assert "2 teams that you are not in." in nobody
    assert mine.team.name not in nobody


def test_a_hidden_offer_shows_in_no_part_of_the_page() -> None:
    offer = make.offer("grok-3", at=make.host("open"))
    secret = make.offer(of=offer.model, at=make.host("secret-host"), hidden=True)
    change(secret, "lifecycle", stage("preview"), stage("generally_available"), day(1))
    assert "secret-host" not in get(browser(make.person())).lower()
    assert "Not published" in get(browser(make.person(roles=("admin",))))
