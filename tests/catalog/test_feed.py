"""What changed in the catalog, for everybody: in words, by day, and never of what is not published."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Change, Offer
from catalog.news import news
from catalog.views.feed import Day, by_day, counted
from tests import make
from tests.catalog import syncing
from tests.catalog.syncing import LOOPBACK
from tests.fakes.provider import always, serve, told
from tests.people import browser

pytestmark = pytest.mark.django_db
DAY = datetime(2026, 3, 1, 9, tzinfo=UTC)


def price(put_in: str, out: str = "15", **more: Any) -> dict[str, Any]:
    return {"input": put_in, "output": out, "cached_input": None, "basis": "host", **more}


def over(tokens: int, **prices: str) -> dict[str, Any]:
    return {"tiers": [{"prices": prices, "over_input_tokens": tokens}]}


def stage(name: str) -> dict[str, str]:
    return {"stage": name, "told": name}


@pytest.mark.parametrize(
    ("kind", "before", "after", "title", "detail", "tone"),
    [
        ("gone", {"listed": True}, {"listed": False}, "Gone", "no longer lists it", "bad"),
        ("back", {"listed": False}, {"listed": True}, "Back", "lists it again", "good"),
        ("price", price("3"), price("4"), "Dearer", "input $3.00 → $4.00", "warn"),
        ("price", price("3"), price("2", "10"), "Cheaper", "input $3.00 → $2.00, output $15.00 → $10.00", "good"),
        ("price", price("3"), price("2", "20"), "Priced otherwise", "input $3.00 → $2.00, output $15.00 → $20.00", "warn"),
        ("price", None, price("3"), "Priced", "$3.00 / $15.00", "info"),
        ("price", price("3"), None, "Price unknown", "no longer tells", "warn"),
        ("price", price("3"), price("3", parts={"cache_write": "3.75"}), "Dearer", "cache write $3.00 → $3.75", "warn"),
        ("price", price("3"), price("3", **over(128_000, input="6")), "Dearer", "over 128,000 tokens $3.00 → $6.00", "warn"),
        ("price", price("3", **over(9, output="30")), price("4", **over(9, output="30")), "Dearer", "$3.00 → $4.00", "warn"),
        ("lifecycle", stage("preview"), stage("generally_available"), "Generally available", "was preview", "good"),
        ("lifecycle", stage("legacy"), stage("deprecated"), "Deprecated", "was legacy", "warn"),
        ("lifecycle", stage("deprecated"), stage("retired"), "Retired", "was deprecated", "bad"),
        ("retirement_date", None, "2027-06-30T00:00:00+00:00", "Retires 30 Jun 2027", "Calls end then", "warn"),
        ("retirement_date", "2027-06-30", "2027-05-01", "Retires 01 May 2027", "It was 30 Jun 2027", "bad"),
        ("retirement_date", "2027-06-30", "2027-09-01", "Retires 01 Sep 2027", "It was 30 Jun 2027", "good"),
        ("retirement_date", "2027-06-30", None, "Retirement taken back", "30 Jun 2027", "good"),
        ("successor", "", "gpt-5", "Successor", "gpt-5", "info"),
        ("context", {"context_tokens": 1000}, {"context_tokens": 2000}, "Context", "1,000 context → 2,000 context", "info"),
        ("terms", None, {"title": "Hosting only", "version": 2}, "New terms", "Hosting only v2", "warn"),
    ],
)  # fmt: skip
def test_each_change_says_what_it_means(
    kind: str, before: Any, after: Any, title: str, detail: str, tone: str
) -> None:
    said = news(kind, before, after)
    assert (said.title, said.tone) == (title, tone)
    assert detail in said.detail
    assert said.detail.count("→") == detail.count("→")


def change(offer: Offer, kind: str = "gone", *, days: int = 0, **fields: Any) -> Change:
    defaults = {"before": {"listed": True}, "after": {"listed": False}, "state": "applied"}
    at = DAY + timedelta(days=days)
    return Change.objects.create(
        host=offer.host, offer=offer, key=offer.key, kind=kind, at=at, settled_at=at, **(defaults | fields)
    )


def test_everybody_signed_in_reads_it_and_nobody_else() -> None:
    change(make.offer("grok-4"))
    assert "grok-4" in browser(make.person()).get("/changes/feed/").content.decode()
    assert browser().get("/changes/feed/").status_code == 302


def test_what_is_hidden_waits_or_was_dismissed_is_not_told() -> None:
    change(make.offer("hidden-one", hidden=True))
    change(make.offer("waiting-one"), state="waiting")
    change(make.offer("dismissed-one"), state="dismissed")
    change(make.offer("shown-one"))
    for person in (make.person(), make.person(roles=("admin",))):
        page = browser(person).get("/changes/feed/").content.decode()
        said = browser(person).get("/api/v1/changes/feed/").json()["results"]
        assert "shown-one" in page
        assert not [name for name in ("hidden-one", "waiting-one", "dismissed-one") if name in page]
        assert [row["model"] for row in said] == ["xai/shown-one"]


def days(shown: int = 5) -> list[Day]:
    rows = Change.objects.of_the_catalog()
    return by_day(rows, list(counted(rows)), shown)


def test_it_is_told_by_the_day_on_which_it_came_true_the_latest_first() -> None:
    offer = make.offer()
    old, new = change(offer, days=0), change(offer, days=2)
    settled_late = change(offer, days=1)
    Change.objects.filter(pk=settled_late.pk).update(settled_at=DAY + timedelta(days=5))
    found = days()
    assert [each.date.day for each in found] == [6, 3, 1]
    assert [each.groups[0].changes[0].pk for each in found] == [settled_late.pk, new.pk, old.pk]


def test_what_a_host_tells_of_many_on_one_day_is_one_group_with_a_way_to_all() -> None:
    host = make.host("azure", name="Azure")
    for number in range(8):
        change(make.offer(f"m{number}", at=host))
    change(make.offer(at=make.host("other")))
    [day] = days()
    assert sorted((len(group.changes), group.more) for group in day.groups) == [(1, 0), (5, 3)]
    person = browser(make.person())
    page = person.get("/changes/feed/").content.decode()
    assert "Gone, 8 offers" in page
    assert "3 more" in page
    [rest] = re.findall(r'href="([^"]+)">3 more', page)
    whole = person.get(f"/changes/feed/{rest.replace('&amp;', '&')}").content.decode()
    assert [f">m{number}<" in whole for number in range(8)] == [True] * 8


def test_a_price_list_that_nobody_serves_is_told_only_when_it_is_named() -> None:
    change(make.offer("listed-one", at=make.host("reference", connector="reference")))
    person = browser(make.person())
    assert "listed-one" not in person.get("/changes/feed/").content.decode()
    assert "listed-one" in person.get("/changes/feed/?host=reference").content.decode()


def test_its_filters_live_in_the_address() -> None:
    azure, direct = make.host("azure"), make.host("direct")
    change(make.offer("grok-4", at=azure))
    change(
        make.offer("llama-4", at=direct, of=make.model("llama-4", by=make.publisher("meta"))),
        "successor",
        before="",
        after="x",
    )
    person = browser(make.person())

    def models(query: str) -> list[str]:
        return [row["model"] for row in person.get(f"/api/v1/changes/feed/?{query}").json()["results"]]

    assert models("host=azure") == ["xai/grok-4"]
    assert models("maker=meta") == ["meta/llama-4"]
    assert models("what=leaving&maker=xai") == ["xai/grok-4"]
    assert models("what=price") == []
    for query in ("host=azure", "maker=xai", "model=grok-4", "kind=gone", "on=2026-03-01&kind=gone"):
        page = person.get(f"/changes/feed/?{query}").content.decode()
        assert "grok-4" in page
        assert "llama-4</a>" not in page
    assert person.get("/api/v1/changes/feed/?what=nonsense").status_code == 400
    assert "Show everything" in person.get("/changes/feed/?what=nonsense").content.decode()


def test_twenty_changes_cost_as_many_queries_as_ten() -> None:
    person, counts = browser(make.person()), []
    for _ in range(2):
        for _ in range(10):
            change(make.offer(at=make.host()))
        for path in ("/changes/feed/", "/api/v1/changes/feed/"):
            with CaptureQueriesContext(connection) as asked:
                assert person.get(path).status_code == 200
            counts.append(len(asked))
    assert counts[:2] == counts[2:]


def test_a_replayed_change_over_time_is_told_as_the_policy_let_it_happen() -> None:
    """Two listings of one host at two dates: what was safe is told, what was risky waits and is not."""

    def row(name: str, prompt: str, **more: Any) -> dict[str, Any]:
        return {"id": f"xai/{name}", "pricing": {"prompt": prompt, "completion": "0.000015"}, **more}

    march = [
        row("grok-3", "0.000003"),
        row("grok-4", "0.000003"),
        row("grok-mini", "0.000001"),
        row("old", "0.000001"),
    ]
    june = [
        row("grok-3", "0.000003", expiration_date="2026-12-31"),
        row("grok-4", "0.0000033", context_length=256_000),
        row("grok-mini", "0.000009"),
        row("grok-5", "0.000005"),
    ]
    with serve(always(told({"data": march}))) as provider:
        host = make.host(
            "router", connector="openrouter", listing_base_url=f"{provider.url}/v1", trusted_networks=LOOPBACK
        )
        syncing.run(host, DAY)
        provider.script = always(told({"data": june}))
        syncing.run(host, DAY + timedelta(days=90))
    later = Change.objects.of_the_catalog().filter(settled_at__gt=DAY).select_related("offer__model")
    assert sorted((change.offer.model.slug, change.news.title) for change in later if change.offer) == [
        ("grok-3", "Retires 31 Dec 2026"),
        ("grok-4", "Context"),
        ("grok-4", "Dearer"),
        ("grok-5", "New"),
        ("old", "Gone"),
    ]
    [waiting] = Change.objects.filter(state="waiting")
    assert (waiting.key, waiting.why_risky) == ("xai/grok-mini", "input price up 800 %")


def test_the_sidebar_marks_the_feed_and_not_the_inbox_around_it() -> None:
    page = browser(make.person(roles=("admin",))).get("/changes/feed/").content.decode()
    assert set(re.findall(r'<a href="([^"]+)" aria-current="page"', page)) == {"/changes/feed/"}
