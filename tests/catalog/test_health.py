"""How hosts and offers serve: what is judged, what is told to whom, and what a day without knowledge looks like."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog import health
from catalog.health_days import Interval, cell, cells, length
from catalog.home import hosts_unwell
from catalog.models import Host, StatusReading
from catalog.states import Health
from foundry.lib import clock
from tenants.access.models import Grant
from tenants.usage.met import Met, met
from tenants.usage.models import UsageHour
from tests import make
from tests.people import api, browser

DAY = date(2026, 3, 1)
NINE = datetime(2026, 3, 1, 9, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def told(tone: str, words: str, **day: object) -> None:
    found = cell(DAY, day.get("said", []), day.get("met"), day.get("paused", []), counts=True)  # type: ignore[arg-type]
    assert (found.tone, found.words) == (tone, words)


def test_a_day_of_which_nobody_knows_anything_is_not_good() -> None:
    told("quiet", "not known: no call was made and its page was not read")
    told("quiet", "not known: no call was made and its page was not read", met=Met(0, 0, 0, 0))
    unread = [Interval(Health.UNKNOWN, NINE, NINE + HOUR)]
    told("quiet", "not known: no call was made and its page was not read", said=unread)


def test_a_day_says_what_happened_in_words() -> None:
    down = [
        Interval(Health.OK, NINE - 9 * HOUR, NINE),
        Interval(Health.DOWN, NINE, NINE + 47 * MINUTE),
        Interval(Health.OK, NINE + 47 * MINUTE, NINE + 15 * HOUR),
    ]
    told("bad", "its page said down for 47 min", said=down)
    told("good", "its page reported no trouble", said=down[:1])
    told("good", "3 of 1,204 calls failed (0.2 %)", met=Met(1_204, 3, 0, 0))
    told("good", "all 12 calls were answered", met=Met(12, 0, 0, 0))
    told(
        "bad",
        "1 hour in which half of the calls or more failed; 90 of 1,000 calls failed (9 %); its page reported no trouble",
        met=Met(1_000, 90, 1, 0),
        said=down[:1],
    )
    told(
        "warn",
        "2 hours in which a tenth of the calls or more failed; 30 of 1,000 calls failed (3 %)",
        met=Met(1_000, 30, 0, 2),
    )
    told(
        "good",
        "all 5 calls were answered; we paused it for 2 h",
        met=Met(5, 0, 0, 0),
        paused=[(NINE, NINE + 2 * HOUR)],
    )


def test_the_worse_witness_counts_and_maintenance_is_said() -> None:
    slow = [Interval(Health.DEGRADED, NINE, NINE + 2 * HOUR), Interval(Health.MAINTENANCE, NINE - HOUR, NINE)]
    told(
        "warn",
        "all 5 calls were answered; its page said degraded for 2 h, maintenance for 1 h",
        met=Met(5, 0, 0, 0),
        said=slow,
    )


def test_an_interval_over_midnight_counts_on_both_days() -> None:
    over = [Interval(Health.DOWN, NINE + 14 * HOUR, NINE + 17 * HOUR)]
    found = cells(over, {}, [], DAY + timedelta(days=1), counts=True)
    assert len(found) == 90
    assert [each.words for each in found[-2:]] == ["its page said down for 1 h", "its page said down for 2 h"]
    assert {each.tone for each in found[:-2]} == {"quiet"}


def test_numbers_of_calls_are_left_out_where_they_may_not_be_told() -> None:
    found = cell(DAY, [], Met(1_000, 90, 1, 0), [], counts=False)
    assert found.words == "1 hour in which half of the calls or more failed; 9 % of the calls failed"
    assert (found.calls, found.errors) == (0, 0)
    assert cell(DAY, [], Met(7, 0, 0, 0), [], counts=False).words == "all calls were answered"


def test_lengths_are_words() -> None:
    spans = [timedelta(minutes=minutes) for minutes in (1, 59, 60, 61, 1_439)]
    assert [length(each) for each in spans] == ["1 min", "59 min", "1 h", "1 h 1 min", "the whole day"]


def used(grant: Grant, calls: int, when: datetime, outcome: str = "ok", code: str = "") -> None:
    UsageHour.objects.create(
        hour=when.replace(minute=0, second=0, microsecond=0), team_id=grant.team_id,
        application_id=grant.applications.get().pk, grant_id=grant.pk, offer_id=grant.offer_id, model="m",
        outcome=outcome, code=code, basis="host", calls=calls, tokens_in=1, tokens_out=1, tokens_cached=0,
        tokens_reasoning=0, cost_nanos=1, unknown_cost_calls=0, latency=[0] * 22,
    )  # fmt: skip


@pytest.mark.django_db
def test_only_what_the_host_did_wrong_is_an_error() -> None:
    grant = make.grant()
    used(grant, 50, NINE)
    used(grant, 3, NINE, "cancelled", "client_closed")
    used(grant, 7, NINE, "upstream_error", "http_503")
    used(grant, 4, NINE, "unknown", "upstream_timeout")
    for calls, outcome, code in [
        (9, "upstream_error", "http_400"),
        (8, "refused", "limit.tpm"),
        (6, "unknown", "gateway_stopped"),
    ]:
        used(grant, calls, NINE, outcome, code)
    day = NINE.replace(hour=0)
    assert met({1: [grant.offer_id], 2: []}, day, "day") == {1: {day: Met(64, 11, 0, 1)}, 2: {}}


@pytest.mark.django_db
def test_offers_of_one_host_are_judged_together_hour_by_hour() -> None:
    host = make.host()
    one, other = make.grant(offer=make.offer(at=host)), make.grant(offer=make.offer(at=host))
    used(one, 10, NINE, "upstream_error", "http_503")
    used(other, 8, NINE)
    used(other, 100, NINE + HOUR)
    day = NINE.replace(hour=0)
    ids = [one.offer_id, other.offer_id]
    assert met({1: ids, 2: ids[1:]}, day, "day") == {
        1: {day: Met(118, 10, 1, 0)},
        2: {day: Met(108, 0, 0, 0)},
    }
    assert met({1: ids}, NINE + HOUR, "hour") == {1: {NINE + HOUR: Met(100, 0, 0, 0)}}


def reading(host: Host, state: str, words: str = "", ago: timedelta = timedelta(), **details: object) -> None:
    at = clock.now()
    StatusReading.objects.create(
        host=host, health=state, words=words, details=details, at=at - ago - HOUR, seen_until=at - ago
    )


def now(host: Host) -> health.Now:
    return health.now_of([host], clock.now())[host.pk]


@pytest.mark.django_db
def test_now_is_the_worse_of_page_and_calls() -> None:
    host = make.host()
    grant = make.grant(offer=make.offer(at=host))
    assert now(host).health == Health.UNKNOWN
    used(grant, 90, clock.now())
    assert (now(host).health, now(host).words) == (Health.OK, "Calls are answered.")
    reading(host, "degraded", "Slow")
    assert (now(host).health, now(host).words) == (Health.DEGRADED, "Slow")
    used(grant, 110, clock.now(), "upstream_error", "http_503")
    assert (now(host).health, now(host).words) == (Health.DOWN, "55 % of the last calls failed.")


@pytest.mark.django_db
def test_a_page_that_was_read_long_ago_says_nothing_of_now() -> None:
    host = make.host()
    reading(host, "down", ago=timedelta(minutes=11))
    assert now(host).health == Health.UNKNOWN


@pytest.mark.django_db
def test_a_few_failed_calls_are_no_trouble() -> None:
    grant = make.grant()
    used(grant, 4, clock.now(), "upstream_error", "http_503")
    assert now(grant.offer.host).health == Health.OK


@pytest.mark.django_db
def test_ops_are_told_of_a_host_that_degrades() -> None:
    host = make.host("azure")
    reading(host, "partial", "Some calls fail")
    reading(make.host("off", disabled_at=clock.now()), "down")
    reading(make.host("fine"), "ok")
    (line,) = hosts_unwell()
    assert (line["title"], line["detail"]) == ("Azure: partly down", "Some calls fail")
    for role, sees in (("ops", True), ("admin", True), ("auditor", False)):
        page = browser(make.person(roles=(role,))).get("/").content.decode()
        assert ("Azure: partly down" in page) is sees


@pytest.mark.django_db
def test_a_page_speaks_of_an_offer_by_its_name_or_when_all_is_down() -> None:
    host = make.host()
    grok, mini = make.offer("grok-3", at=host), make.offer("grok-3-mini", at=host)
    parts = [{"name": "Grok 3", "status": "partial"}]
    at = clock.now()
    StatusReading.objects.create(
        host=host, health="partial", details={"components": parts}, at=at - HOUR, seen_until=at - HOUR / 2
    )
    tones = {pk: past.days[-1].tone for pk, past in past_of(grok, mini).items()}
    assert tones == {grok.pk: "warn", mini.pk: "quiet"}
    StatusReading.objects.create(host=host, health="down", at=at - HOUR / 2, seen_until=at)
    tones = {pk: past.days[-1].tone for pk, past in past_of(grok, mini).items()}
    assert tones == {grok.pk: "bad", mini.pk: "bad"}


def past_of(*offers: object) -> dict[int, health.History]:
    """The last day may have begun a moment ago; the test's hour then lies before it."""
    at = clock.now()
    found = health.histories_of_offers(offers, at, counts=True)  # type: ignore[arg-type]
    if at.hour < 2:
        for past in found.values():
            past.days[-1] = max(
                past.days[-2:], key=lambda each: ["quiet", "good", "warn", "bad"].index(each.tone)
            )
    return found


@pytest.mark.django_db
def test_teams_see_how_an_offer_serves_but_not_how_much_others_call_it() -> None:
    grant = make.grant(offer=make.offer(at=make.host("azure")))
    used(grant, 4_321, clock.now() - timedelta(days=3))
    path = f"/catalog/{grant.offer.model}/"
    assert "all calls were answered" in browser(make.person()).get(path).content.decode()
    assert "4,321" not in browser(make.person()).get(path).content.decode()
    assert "all 4,321 calls were answered" in browser(make.person(roles=("ops",))).get(path).content.decode()
    for address in (f"offers/{grant.offer_id}", "hosts/azure"):
        body = api(make.person()).get(f"/api/v1/{address}/health/").json()
        assert (len(body["days"]), body["answered"], body["unknown_days"]) == (90, 1.0, 89)
        assert "4,321" not in str(body)


@pytest.mark.django_db
def test_the_pages_show_incidents_parts_and_days() -> None:
    host = make.host("azure", status_url="https://status.example")
    reading(
        host, "partial", "Partial outage",
        components=[{"name": "Chat", "status": "down"}],
        incidents=[{"name": "Elevated <errors>", "impact": "major", "since": "", "url": "https://status.example/i"}],
    )  # fmt: skip
    client = browser(make.person(roles=("auditor",)))
    for path in ("/health/", "/hosts/azure/", "/hosts/azure/health/"):
        page = client.get(path).content.decode()
        assert "Partly down" in page, path
        assert "Elevated &lt;errors&gt;" in page, path
    assert "Chat" in client.get("/hosts/azure/health/").content.decode()
    assert "Partly down" in client.get("/hosts/").content.decode()
    part = client.get("/health/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "/health/" in browser(make.person(roles=("ops",))).get("/status/").content.decode()


@pytest.mark.django_db
def test_lists_ask_as_often_for_twenty_hosts_as_for_ten() -> None:
    client, counts = browser(make.person(roles=("ops",))), []
    model = make.model("grok-3")
    for _ in range(2):
        for _ in range(8):
            reading(make.offer(at=make.host(), of=model).host, "degraded")
        counts.append(
            [queries(client, path) for path in ("/health/", "/hosts/", "/", "/catalog/xai/grok-3/")]
        )
    assert counts[0] == counts[1]


def queries(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)
