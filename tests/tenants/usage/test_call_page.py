"""One call's page tells its route, its right and its cost; nobody finds a foreign one."""

from typing import Any

import pytest

from catalog.models import Price
from foundry.lib import clock
from tenants.access.models import Grant
from tenants.levels.actions import set_limit
from tenants.levels.models import LevelLimit
from tenants.levels.rules import Target
from tenants.usage.calls import find, gather
from tenants.usage.envelope import KINDS
from tenants.usage.ingest import ingest
from tests import make
from tests.foundry.web.markup import faults
from tests.people import browser
from tests.tenants.usage.test_ingest import call

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]


def booked(grant: Grant, **fields: Any) -> None:
    key, _ = make.key(grant)
    named: dict[str, Any] = {
        "source": "gateway", "call_id": "0192-call", "started_at": clock.now(), "grant_id": grant.pk, "key_id": key.pk,
        "application_id": key.application_id, "offer_id": grant.offer_id, "model": str(grant.offer.model),
        "price_id": Price.objects.get(offer=grant.offer).pk, "basis": "host",
        "tokens_in": 1_000_000, "tokens_cached": 400_000, "tokens_out": 100_000, "cost_nanos": 4_500_000_000, "status": 200,
    }  # fmt: skip
    ingest([call(1, grant.team_id, **(named | fields))])


def test_it_tells_route_right_and_cost() -> None:
    grant = make.grant()
    booked(grant)
    page = browser(make.owner_of(grant.team)).get("/calls/0192-call/").content.decode()
    for told in (
        "0192-call",
        grant.team.name,
        str(grant.offer),
        "1,100,000",
        "$4.50",
        "$3.00",
        "$1.80",
        "$1.20",
        "$1.50",
    ):
        assert told in page, told
    assert f"/grants/{grant.pk}/" in page
    assert "60,000" in page
    assert faults(page) == []


def test_every_kind_has_its_line_in_the_tier_that_was_met_beside_what_the_host_says() -> None:
    grant = make.grant()
    Price.objects.filter(offer=grant.offer).update(
        parts={"cache_write": "3.75", "web_search": "0.01"},
        tiers=[{"prices": {"input": "6"}, "over_input_tokens": 200_000}],
    )
    kinds = tuple({"cache_write": 100_000, "web_search": 3}.get(kind, 0) for kind in KINDS)
    booked(
        grant, tokens_in=1_000_000, tokens_cached=0, kinds=kinds, cost_nanos=7_305_000_000, told_nanos=6_305_000_000,
        held_tokens=1_200_000, held_nanos=9_000_000_000, tag="v1.2",
        tries="azure-eu http_503",
    )  # fmt: skip
    page = browser(make.owner_of(grant.team)).get("/calls/0192-call/").content.decode()
    for told in ("Cache write", "$3.75", "$5.40", "Each web search", "$0.03", "The host says", "\N{MINUS SIGN}$1.00",
                 "1,200,000 tokens", "$9.00", "v1.2", "azure-eu http_503"):  # fmt: skip
        assert told in page, told
    assert faults(page) == []


def test_usage_tells_kinds_tags_and_what_hosts_say() -> None:
    grant = make.grant()
    kinds = tuple(9_000 if kind == "cache_write" else 0 for kind in KINDS)
    booked(grant, kinds=kinds, told_nanos=5_000_000_000, tag="v1.2")
    owner = browser(make.owner_of(grant.team))
    page = owner.get("/usage/?tag=v1.2&by=tag").content.decode()
    for told in (
        "Tokens by kind",
        "Cache write",
        "9,000",
        "What hosts say it cost",
        "$4.50",
        "$5.00",
        "+$0.50",
        "v1.2",
    ):
        assert told in page, told
    assert faults(page) == []
    assert "No calls in this time" in owner.get("/usage/?tag=v9").content.decode()
    csv = b"".join(owner.get("/usage/csv/?by=tag")).decode().splitlines()
    told = dict(zip(csv[0].split(","), csv[1].split(","), strict=True))
    assert (told["tag"], told["tokens_cache_write"], told["told_usd"]) == ("v1.2", "9000", "5.000000000")
    row = owner.get("/api/v1/usage/summary/?by=offer,tag").json()["results"][0]
    assert (row["tag"], row["offer"], row["told_cost_usd"]) == ("v1.2", str(grant.offer), "4.500000000")
    event = owner.get("/api/v1/usage/events/").json()["results"][0]
    assert (event["kinds"], event["told_usd"], event["tag"]) == (
        {"tokens_cache_write": 9000},
        "5.000000000",
        "v1.2",
    )


def test_a_refused_call_says_why() -> None:
    grant = make.grant()
    free: dict[str, Any] = {
        "tokens_in": 0,
        "tokens_cached": 0,
        "tokens_out": 0,
        "cost_nanos": 0,
        "basis": "none",
        "price_id": None,
    }
    booked(grant, outcome="refused", code="limit.tpm", status=429, **free)
    page = browser(make.owner_of(grant.team)).get("/calls/0192-call/").content.decode()
    assert "limit.tpm" in page
    assert "HTTP 429" in page
    assert faults(page) == []


FREE: dict[str, Any] = {
    "tokens_in": 0, "tokens_cached": 0, "tokens_out": 0, "cost_nanos": 0, "basis": "none", "price_id": None,
    "outcome": "refused", "status": 429,
}  # fmt: skip


def limited(target: Target, kind: str, mode: str = "hard", maximum: int = 900) -> None:
    told: dict[str, Any] = {"kind": kind, "mode": mode, "maximum": maximum, "reason": "test"}
    set_limit(target, **told, actor=make.admin(), at=clock.now())


def test_it_tells_every_limit_that_it_was_under_and_which_one_refused_it() -> None:
    grant, other = make.grant(limits={"rpm": 60}), make.grant()
    key, _ = make.key(grant)
    mine = [
        Target(), Target(team=grant.team), Target(key=key), Target(grant=grant, application=key.application),
        Target(grant=grant, key=key),
    ]  # fmt: skip
    for target in (*mine, Target(team=other.team), Target(key=make.key(other)[0])):
        limited(
            target,
            "tokens_per_day",
            "soft" if target == mine[1] else "shadow" if target == mine[2] else "hard",
        )
    limited(Target(key=key), "tpm")
    limited(Target(key=make.key(grant)[0]), "tpm", maximum=700)
    at = clock.now()
    limited(mine[1], "usd_per_day")
    told = {"key_id": key.pk, "started_at": at}
    booked(grant, call_id="by-one", code="limit.tpm", **(FREE | told))
    booked(grant, call_id="by-some", code="limit.tokens_per_day", **(FREE | told))
    booked(grant, call_id="sent", **told)
    limits = {
        call_id: [(each.of, each.kind, each.mode, each.refused) for each in gather(event).limits]
        for call_id in ("by-one", "by-some", "sent") if (event := find(call_id, make.admin()))
    }  # fmt: skip
    day, app = "tokens_per_day", key.application.slug
    assert limits["by-one"] == [
        ("the organisation", day, "hard", False),
        (f"team {grant.team}", day, "soft", False),
        (f"grant {grant.pk}", "rpm", "hard", False),
        (f"key {key.prefix}", "tpm", "hard", True),
        (f"key {key.prefix}", day, "shadow", False),
        (f"{app}'s share of grant {grant.pk}", day, "hard", False),
        (f"key {key.prefix}'s share of grant {grant.pk}", day, "hard", False),
    ]
    assert [place for place, row in enumerate(limits["by-some"]) if row[3] is None] == [0, 5, 6]
    assert {row[3] for row in limits["sent"]} == {False}
    owner = browser(make.owner_of(grant.team))
    page = owner.get("/calls/by-one/").content.decode()
    assert faults(page) == []
    by = LevelLimit.objects.get(level__scope="organisation").set_by.name
    for words in ("the organisation", f"team {grant.team}", "Shadow", "Soft", by):
        assert words in page, words
    assert page.count("refused the call") == 1
    assert owner.get("/calls/by-some/").content.decode().count("may have refused it") == 3


def test_a_call_of_unknown_price_costs_unknown() -> None:
    grant = make.grant()
    booked(grant, cost_nanos=None, basis="unknown", price_id=None)
    assert "unknown" in browser(make.owner_of(grant.team)).get("/calls/0192-call/").content.decode()


@pytest.mark.parametrize(
    ("out", "words"),
    [(96, "charged at what was sent until it was cut off"), (277, "charged at its worst case")],
)
def test_an_estimated_cost_says_whether_it_is_the_worst_case(out: int, words: str) -> None:
    grant = make.grant()
    booked(
        grant, tokens_in=100, tokens_cached=0, tokens_out=out, held_tokens=377, held_nanos=4_455_000, cost_nanos=15_000 * out,
        basis="estimated", outcome="cancelled", code="client_closed", status=499,
    )  # fmt: skip
    owner = browser(make.owner_of(grant.team))
    page = owner.get("/calls/0192-call/").content.decode()
    assert f"Estimated: the host told no tokens, so it is {words}" in page
    assert page.count("it is charged at") == 1
    assert "The caller hung up" in page
    usage = owner.get("/usage/").content.decode()
    assert "Estimated: the host told no tokens" in usage
    assert "worst case" not in usage


def test_nobody_finds_a_foreign_call() -> None:
    booked(make.grant())
    other = browser(make.owner_of(make.team()))
    assert other.get("/calls/0192-call/").status_code == 404
    assert "that you may see is booked" in other.get("/calls/?id=0192-call", follow=True).content.decode()
    assert browser(make.person(roles=("ops",))).get("/calls/0192-call/").status_code == 200


@pytest.mark.parametrize("wanted", ["", "x", "x" * 5000, "../../etc"])
def test_a_search_that_finds_nothing_says_so(wanted: str) -> None:
    answer = browser(make.person()).get(f"/calls/?id={wanted}", follow=True)
    assert answer.status_code == 200
    assert "callout" in answer.content.decode()


@pytest.mark.parametrize("query", ["/calls/%00/", "/calls/a%00b/"])
def test_an_id_that_no_text_can_be_is_not_found(query: str) -> None:
    assert browser(make.person()).get(query).status_code == 404


def test_a_search_by_id_leads_there() -> None:
    grant = make.grant()
    booked(grant)
    answer = browser(make.owner_of(grant.team)).get("/calls/?id= 0192-call ")
    assert answer.headers["location"] == "/calls/0192-call/"


def test_the_catalogs_search_leads_to_a_call_by_its_whole_id() -> None:
    person, wanted = browser(make.person()), "0192" + "ab" * 14
    there = f"/calls/?id={wanted}"
    assert person.get(f"/catalog/?q= {wanted} ").headers["location"] == there
    assert person.get(f"/catalog/?q={wanted}", headers={"HX-Request": "true"}).headers["HX-Redirect"] == there
    assert person.get(f"/catalog/?q={wanted[:-1]}").status_code == 200


def test_the_usage_page_loads_the_limits_of_the_team_it_is_about_where_they_are_ones_own() -> None:
    team, other = make.team(), make.team()
    owner = browser(make.owner_of(team))
    assert f'hx-get="/teams/{team.slug}/limits/"' in owner.get(f"/usage/?team={team.slug}").content.decode()
    for query in ("", f"?team={other.slug}", "?team=nowhere"):
        assert 'hx-get="/limits/"' in owner.get(f"/usage/{query}").content.decode()
