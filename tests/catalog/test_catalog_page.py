"""The catalog's pages: what everybody may ask for, at one price in queries whatever their length."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Host, Model, Offer, Price
from tests import make
from tests.people import browser

pytestmark = pytest.mark.django_db


def get(client: Client, path: str, **query: str) -> str:
    answer = client.get(path, query)
    assert answer.status_code == 200, answer.content
    return answer.content.decode()


def names(page: str) -> list[str]:
    """Models on the page, in their order."""
    return re.findall(r'<a href="/catalog/[a-z]+/([^/"]+)/">', page)


@pytest.fixture
def person() -> Client:
    return browser(make.person())


def test_a_model_shows_who_serves_it_and_the_basis_of_its_price(person: Client) -> None:
    make.offer("grok-3", at=make.host("azure", name="Azure AI"), lifecycle="preview")
    page = get(person, "/catalog/")
    for words in ("grok-3", "Azure AI", "Preview", "Connected", "$3.00", "$15.00", "Told by the host"):
        assert words in page


def test_an_unknown_price_says_so(person: Client) -> None:
    make.offer("grok-3", priced=False)
    page = get(person, "/catalog/")
    assert "unknown" in page
    assert "$0" not in page


def test_what_can_be_called_comes_first(person: Client) -> None:
    make.offer("aaa", at=make.host("listed", calling_base_url=""))
    make.offer("zzz", at=make.host("connected"))
    assert names(get(person, "/catalog/", show="all")) == ["zzz", "aaa"]


def test_it_opens_on_what_is_usable_here_and_says_how_much_there_is_beside(person: Client) -> None:
    make.offer("aaa", at=make.host("listed", calling_base_url=""))
    make.offer("zzz", at=make.host("connected"))
    page = get(person, "/catalog/")
    assert names(page) == ["zzz"]
    assert re.findall(r'(\w[\w ]+) <span class="tab-count">(\d+)</span>', page) == [
        ("Usable here", "1"),
        ("Everything", "2"),
    ]


def test_a_search_that_finds_nothing_usable_leads_to_what_it_found(person: Client) -> None:
    make.offer("aaa", at=make.host("listed", calling_base_url=""))
    page = get(person, "/catalog/", q="aaa")
    assert names(page) == []
    assert 'href="?q=aaa&amp;show=all">Show everything that fits' in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "grok"}, ["grok-3"]),
        ({"q": "xai grok-3"}, ["grok-3"]),
        ({"q": "xai/grok-3"}, ["grok-3"]),
        ({"q": "%"}, []),
        ({"publisher": "meta"}, ["llama"]),
        ({"host": "azure"}, ["grok-3"]),
        ({"lifecycle": "preview"}, ["grok-3"]),
        ({"reach": "listed"}, ["llama"]),
        ({"reach": "connected"}, ["grok-3"]),
        ({"price": "unknown"}, ["llama"]),
        ({"price": "5"}, ["grok-3"]),
        ({"price": "1"}, []),
        ({"max_price": "3"}, ["grok-3"]),
        ({"modality": "image"}, ["llama"]),
        ({"region": "EASTUS2"}, ["grok-3"]),
    ],
)
def test_each_filter_lives_in_the_address(person: Client, query: dict[str, str], found: list[str]) -> None:
    make.offer("grok-3", at=make.host("azure"), lifecycle="preview", region="eastus2")
    meta = make.model("llama", by=make.publisher("meta"))
    make.offer(of=meta, at=make.host("elsewhere", calling_base_url=""), priced=False, modalities=["image"])
    assert names(get(person, "/catalog/", show="all", **query)) == found


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("", ["b", "c", "a", "d"]),
        ("name", ["a", "b", "c", "d"]),
        ("price", ["c", "b", "d", "a"]),
        ("context", ["c", "a", "b", "d"]),
        ("newest", ["d", "c", "b", "a"]),
        ("retirement", ["b", "a", "c", "d"]),
        ("nonsense", ["b", "c", "a", "d"]),
    ],
)
def test_it_is_sorted_as_the_address_says(person: Client, sort: str, order: list[str]) -> None:
    at, callable_at = timezone.now(), make.host("connected")
    listed = make.host("listed", calling_base_url="")
    make.offer("a", at=listed, priced=False, context_tokens=200_000, retires_at=at + timedelta(days=90),
               first_seen_at=at - timedelta(days=4))  # fmt: skip
    make.offer("b", at=callable_at, context_tokens=8_000, retires_at=at + timedelta(days=9),
               first_seen_at=at - timedelta(days=3))  # fmt: skip
    cheap = make.offer("c", at=callable_at, priced=False, context_tokens=1_000_000,
                       retires_at=at - timedelta(days=9), first_seen_at=at - timedelta(days=2))  # fmt: skip
    make.price(cheap, "0.25", "1")
    dear = make.offer("d", at=listed, priced=False, context_tokens=None, first_seen_at=at - timedelta(days=1))
    make.price(dear, "30", "60")
    assert names(get(person, "/catalog/", show="all", sort=sort)) == order


def test_table_or_cards_is_remembered(person: Client) -> None:
    make.offer("grok-3")
    assert "<table" in get(person, "/catalog/")
    assert 'class="card model-card"' in get(person, "/catalog/", view="cards")
    assert 'class="card model-card"' in get(person, "/catalog/")
    assert "<table" in get(person, "/catalog/", view="table")


def test_a_search_while_typing_gets_the_part_and_a_clean_address(person: Client) -> None:
    make.offer("grok-3")
    answer = person.get(
        "/catalog/", {"q": "gro", "publisher": "xai", "host": ""}, headers={"hx-request": "true"}
    )
    part = answer.content.decode()
    assert "<html" not in part
    assert names(part) == ["grok-3"]
    assert answer.headers["HX-Replace-Url"] == "/catalog/?q=gro&publisher=xai"
    assert '<input type="hidden" name="publisher" value="xai" form="catalog-search">' in part


def test_a_price_of_many_digits_is_short_and_whole_on_hover(person: Client) -> None:
    offer = make.offer("grok-3", priced=False)
    make.price(offer, "0.271999999999999996", "15")
    assert '<span title="$0.271999999999999996">$0.272</span>' in get(person, "/catalog/")


def test_it_says_what_each_team_has_and_may_ask_for() -> None:
    olga = make.person("olga")
    held, asked, free, old = (make.offer(name) for name in ("held", "asked", "free", "old"))
    Offer.objects.filter(pk=old.pk).update(lifecycle="deprecated")
    copilot, search = make.team("copilot", owner=olga), make.team("search", owner=olga)
    make.grant(of=copilot, offer=held)
    make.request(of=search, offer=asked)
    page = get(browser(olga), "/catalog/")
    for words in (
        "Copilot until",
        "Asked for by Search",
        f'href="/requests/new/?offer={free.pk}"',
        "no new use",
    ):
        assert words in page, words
    of_copilot = get(browser(olga), "/catalog/", team="copilot")
    assert "Copilot until" in of_copilot
    assert "Asked for by Search" not in of_copilot
    assert "can be requested" in get(browser(make.person()), "/catalog/")


@pytest.mark.parametrize(
    "query", [{"lifecycle": "x"}, {"max_price": "abc"}, {"reach": "' OR 1=1"}, {"page": "999999"}]
)
def test_a_filter_that_cannot_be_read_is_no_error(person: Client, query: dict[str, str]) -> None:
    make.offer("grok-3")
    get(person, "/catalog/", **query)


def test_hidden_offers_are_for_admins_and_ops(person: Client) -> None:
    offer = make.offer("secret-model", hidden=True)
    assert "secret-model" not in get(person, "/catalog/")
    assert person.get("/catalog/xai/secret-model/").status_code == 404
    assert person.get(f"/offers/{offer.pk}/").status_code == 404
    ops = browser(make.person(roles=("ops",)))
    assert names(get(ops, "/catalog/")) == []
    assert names(get(ops, "/catalog/", show="unpublished")) == ["secret-model"]


def test_gone_offers_leave_the_list_and_keep_their_page(person: Client) -> None:
    make.offer("old", gone_at=timezone.now())
    assert names(get(person, "/catalog/")) == []
    assert "no longer lists it" in get(person, "/catalog/xai/old/")


def test_a_models_page_tells_pool_terms_reach_and_what_to_do(person: Client) -> None:
    host = make.host("azure", name="Azure AI")
    pool = make.pool(host, label="Default Quota")
    offer = make.offer("grok-3", at=host, pool=pool, terms=make.terms(), sku="GlobalStandard")
    make.offer("grok-3-mini", at=host, pool=pool)
    page = get(person, "/catalog/xai/grok-3/")
    for words in (
        "600 units", "shared by 2 offers", "does not say how many tokens per minute", "GlobalStandard",
        "Hosting only", "Request access", f"?offer={offer.pk}", "Calls go to Azure AI", "azure:xai/grok-3",
    ):  # fmt: skip
        assert words in page, words


def test_a_listed_offer_can_only_be_wished_for(person: Client) -> None:
    make.offer("grok-3", at=make.host("listed", calling_base_url=""))
    page = get(person, "/catalog/xai/grok-3/")
    assert "Wish for it" in page
    assert "Request access" not in page


def test_an_offers_number_leads_to_its_place(person: Client) -> None:
    offer = make.offer("grok-3")
    assert person.get(f"/offers/{offer.pk}/").headers["Location"] == f"/catalog/xai/grok-3/#offer-{offer.pk}"


def test_what_a_host_tells_is_text_and_never_markup(person: Client) -> None:
    evil = "<script>alert(1)</script>"
    model = make.model("evil", name=evil, description=evil)
    make.offer(of=model, description=evil, terms=make.terms("evil", training=evil), lifecycle_told=evil)
    for path in ("/catalog/", "/catalog/xai/evil/"):
        page = get(person, path)
        assert evil not in page
        assert "&lt;script&gt;" in page


def test_the_word_for_reach_is_the_same_in_rows_and_in_the_database() -> None:
    listed = make.host("listed", calling_base_url="")
    hosts = [listed, make.host("c"), make.host("s", is_sandbox=True), make.host("d", is_demo=True),
             make.host("r", connector="reference"), make.host("o", disabled_at=timezone.now())]  # fmt: skip
    for host in hosts:
        for lifecycle in ("announced", "preview", "deprecated", "retired"):
            for gone in (None, timezone.now()):
                make.offer(at=host, lifecycle=lifecycle, gone_at=gone, priced=False)
    connected = Host.objects.get(slug="c")
    make.offer(at=connected, capabilities={"not_callable": "it names no way to call it"}, priced=False)
    make.offer(at=connected, opened_at=timezone.now(), priced=False)
    rows = Offer.objects.with_reach().with_names()
    assert len(rows) == 50
    assert {(row.pk, row.reach.word) for row in rows} == set(rows.values_list("pk", "reach_word"))
    assert {row.reach_rank for row in rows if row.reach.word == "listed"} == {1}


def queries(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


@pytest.mark.parametrize(
    "path",
    [
        "/catalog/",
        "/catalog/?view=cards&sort=price",
        "/catalog/xai/many/",
        "/api/v1/offers/",
        "/api/v1/models/",
    ],
)
def test_a_page_of_20_costs_as_many_queries_as_one_of_10(path: str) -> None:
    client = browser(make.person(roles=("admin",)))
    many = make.model("many")

    def add(count: int) -> None:
        for _ in range(count):
            host = make.host()
            make.offer(at=host, pool=make.pool(host), terms=make.terms())
            make.offer(of=many, at=host)

    add(10)
    ten = queries(client, path)
    add(10)
    assert queries(client, path) == ten


@pytest.mark.slow
def test_a_catalog_of_1000_costs_as_many_queries_as_one_of_10() -> None:
    client = browser(make.person(roles=("admin",)))
    host, terms = make.host(), make.terms()
    for _ in range(10):
        make.offer(at=host, terms=terms)
    ten = queries(client, "/catalog/?show=all")
    fill(host, 1_000)
    assert queries(client, "/catalog/?show=all") == ten
    assert "1,010 models" in get(client, "/catalog/", show="all")


def fill(host: Host, count: int) -> None:
    """Many priced offers in three statements."""
    by = make.publisher()
    models = Model.objects.bulk_create(Model(publisher=by, slug=f"m{i}", name=f"m{i}") for i in range(count))
    offers = Offer.objects.bulk_create(
        Offer(host=host, model=each, key=each.slug, host_model_id=each.slug, lifecycle="preview", source="test",
              told_at=timezone.now())
        for each in models
    )  # fmt: skip
    Price.objects.bulk_create(
        Price(offer=each, basis="host", precedence=2, input_per_million=1, output_per_million=2, source="test",
              starts_at=timezone.now(), told_at=timezone.now())
        for each in offers
    )  # fmt: skip
