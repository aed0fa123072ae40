"""Capacity: a person's word stays, the host's is kept beside it, and headroom knows what may be promised."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog import actions, capacity
from catalog.actions.capacity import Size
from catalog.connectors.base import Listing, PoolRow
from catalog.models import CapacityPool, CapacityReading, Change, Host, Offer
from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden, Invalid
from tenants.access.headroom import headroom
from tenants.access.models import Grant
from tenants.usage.models import UsageHour
from tests import make
from tests.catalog import syncing
from tests.fakes.azure import region as azure
from tests.people import api, browser

pytestmark = pytest.mark.django_db
SIZE = Size(Decimal(1_200), 1_000, 7_200)


def history(pool: CapacityPool) -> list[tuple[int, str, str]]:
    """(maximum, by, source), the oldest first."""
    rows = pool.readings.order_by("at", "pk")
    return [(int(each.maximum), each.by, each.source) for each in rows]


def tell(host: Host, *rows: PoolRow) -> None:
    """As a sync takes what a listing tells of capacity."""
    from catalog.apply import take_pools
    from catalog.models import SyncRun

    run = SyncRun.objects.create(host=host, asked_by="test", state="failed")
    take_pools(run, Listing(pools=rows), "the listing", clock.now())


def row(maximum: int, in_use: int = 0, **more: object) -> PoolRow:
    return PoolRow("gpt", "GPT", "Count", Decimal(maximum), Decimal(in_use), **more)  # type: ignore[arg-type]


def test_each_change_that_a_sync_brings_is_a_line_and_what_stays_is_none() -> None:
    host = make.host()
    for told in (row(600), row(600), row(800), row(800, 20), row(800, 20)):
        tell(host, told)
    pool = CapacityPool.objects.get()
    assert history(pool) == [(600, "", "the listing"), (800, "", "the listing"), (800, "", "the listing")]
    assert [int(each.in_use) for each in pool.readings.order_by("pk")] == [0, 0, 20]


def test_a_sync_leaves_what_a_person_set_and_keeps_the_hosts_word_beside_it() -> None:
    host, ada = make.host(), make.person("ada", roles=("admin",))
    tell(host, row(600))
    pool = CapacityPool.objects.get()
    actions.set_pool(pool.pk, SIZE, source="contract 7", actor=ada, at=clock.now())
    for told in (row(600), row(900), row(900)):
        tell(host, told)
    pool.refresh_from_db()
    assert (pool.maximum, pool.tpm_per_unit, pool.rpm, pool.by_hand, pool.source) == (
        1_200,
        1_000,
        7_200,
        True,
        "contract 7",
    )
    assert history(pool) == [
        (600, "", "the listing"),
        (1_200, "Ada", "contract 7"),
        (900, "", "the listing"),
    ]
    assert not Change.objects.exists(), "what counts did not change"
    page = browser(ada).get(f"/capacity/{pool.pk}/").content.decode()
    assert "The host tells 900 units" in page
    actions.leave_pool(pool.pk, actor=ada, at=clock.now())
    pool.refresh_from_db()
    assert (pool.maximum, pool.by_hand, pool.source) == (900, False, "the listing")
    tell(host, row(950))
    pool.refresh_from_db()
    assert pool.maximum == 950


def test_a_pool_that_was_told_before_there_was_a_history_keeps_its_first_word() -> None:
    pool = make.pool(make.host())
    actions.set_pool(pool.pk, SIZE, source="contract", actor="ada", at=clock.now())
    assert history(pool) == [(600, "", "test"), (1_200, "ada", "contract")]


def test_a_real_listing_writes_a_history_in_as_many_queries_as_pools_are_few() -> None:
    with azure() as region:
        host = syncing.azure(region.url)
        syncing.run(host)
        first = CapacityReading.objects.count()
        assert first == host.pools.count() > 0
        syncing.run(host)
        assert CapacityReading.objects.count() == first


def test_only_admins_say_what_there_is() -> None:
    host = make.host()
    pool, offer, at = make.pool(host), make.offer(at=host), clock.now()
    for roles in ((), ("ops",), ("finance",), ("auditor",)):
        person = make.person(roles=roles)
        for act in (
            lambda who: actions.make_pool(host, "x", SIZE, unit="PTU", source="s", actor=who, at=at),
            lambda who: actions.set_pool(pool.pk, SIZE, source="s", actor=who, at=at),
            lambda who: actions.set_overcommit(pool.pk, 150, actor=who, at=at),
            lambda who: actions.leave_pool(pool.pk, actor=who, at=at),
            lambda who: actions.assign_offers(pool.pk, [offer.pk], source="s", actor=who, at=at),
            lambda who: actions.release_offers(pool.pk, [offer.pk], actor=who, at=at),
        ):
            with pytest.raises(Forbidden):
                act(person)


@pytest.mark.parametrize(
    ("size", "field"),
    [
        (Size(Decimal(-1)), "maximum"),
        (Size(Decimal(10) ** 15), "maximum"),
        (Size(Decimal(1), -5), "tpm_per_unit"),
        (Size(Decimal(1), 5, -1), "rpm"),
    ],
)
def test_a_size_that_makes_no_sense_names_its_field(size: Size, field: str) -> None:
    pool = make.pool(make.host())
    with pytest.raises(Invalid) as caught:
        actions.set_pool(pool.pk, size, source="s", actor="ada", at=clock.now())
    assert set(caught.value.errors) == {field}
    with pytest.raises(Invalid):
        actions.set_pool(pool.pk, SIZE, source="  ", actor="ada", at=clock.now())
    for percent in (0, -1, 1_001):
        with pytest.raises(Invalid):
            actions.set_overcommit(pool.pk, percent, actor="ada", at=clock.now())


def test_offers_of_a_host_that_tells_no_capacity_draw_on_a_pool_by_hand() -> None:
    host = make.host()
    offer, foreign = make.offer(at=host), make.offer()
    at = clock.now()
    pool = actions.make_pool(host, "contract", SIZE, unit="PTU", source="contract 7", actor="ada", at=at)
    with pytest.raises(Conflict):
        actions.make_pool(host, "contract", SIZE, unit="PTU", source="again", actor="ada", at=at)
    assert (
        actions.assign_offers(pool.pk, [offer.pk, foreign.pk], source="contract 7", actor="ada", at=at) == 1
    )
    offer.refresh_from_db()
    foreign.refresh_from_db()
    assert (offer.pool, foreign.pool) == (pool, None)
    change = Change.objects.get(offer=offer)
    assert (change.kind, change.before, change.after) == ("limits", "", "contract")
    with pytest.raises(Conflict):
        actions.assign_offers(pool.pk, [offer.pk], source="contract 7", actor="ada", at=at)
    actions.release_offers(pool.pk, [offer.pk], actor="ada", at=at)
    offer.refresh_from_db()
    assert (offer.pool, offer.set_by_hand) == (None, {})


def test_a_sync_leaves_an_assigned_offer_where_a_person_put_it() -> None:
    with azure() as region:
        host = syncing.azure(region.url)
        syncing.run(host)
        offer = Offer.objects.filter(host=host, pool__isnull=False).first()
        assert offer is not None
        was, at = offer.pool, clock.now()
        pool = actions.make_pool(host, "own", SIZE, unit="PTU", source="contract", actor="ada", at=at)
        actions.assign_offers(pool.pk, [offer.pk], source="contract", actor="ada", at=at)
        syncing.run(host)
        offer.refresh_from_db()
        assert offer.pool == pool
        assert not Change.objects.filter(offer=offer, state="waiting").exists()
        actions.leave_to_host(offer.pk, actor="ada", at=at)
        offer.refresh_from_db()
        assert (offer.pool, offer.set_by_hand) == (was, {})


def promised(pool: CapacityPool, tpm: int) -> Grant:
    return make.grant(offer=make.offer(at=pool.host, pool=pool), limits={"tpm": tpm})


def test_headroom_is_what_may_be_promised_less_what_is() -> None:
    pool = make.pool(make.host(), maximum=100, tpm_per_unit=1_000)
    grant = promised(pool, 120_000)
    [facts] = capacity.pool_facts([pool], clock.now())
    assert (facts.allocated_tpm, facts.headroom_tpm) == (120_000, -20_000)
    actions.set_overcommit(pool.pk, 150, actor="ada", at=clock.now())
    pool.refresh_from_db()
    [facts] = capacity.pool_facts([pool], clock.now())
    assert (pool.tpm, pool.promisable_tpm, facts.headroom_tpm) == (100_000, 150_000, 30_000)
    grant.offer.refresh_from_db()
    assert headroom(grant.offer, clock.now()).left_tpm == 30_000
    (promise,) = capacity.grants_of(pool, clock.now())
    assert (promise.grant, promise.tpm) == (grant, 120_000)


def test_the_busiest_hour_stands_beside_it() -> None:
    pool = make.pool(make.host())
    one, other = promised(pool, 1_000), promised(pool, 1_000)
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    for grant, ago, tokens, outcome in [
        (one, 2, 60_000, "ok"), (other, 2, 30_000, "ok"), (one, 3, 80_000, "ok"), (one, 4, 900_000, "refused"),
        (one, 24 * 31, 900_000, "ok"),
    ]:  # fmt: skip
        used(grant, ago, tokens, outcome)
    [facts] = capacity.pool_facts([pool], clock.now())
    assert (facts.peak.hour, facts.peak.tpm, facts.peak.rpm) == (hour - timedelta(hours=2), 1_500, 2)
    assert "1,500" in browser(make.person(roles=("finance",))).get("/capacity/").content.decode()


def used(grant: Grant, hours_ago: int, tokens: int, outcome: str = "ok") -> None:
    hour = clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours_ago)
    UsageHour.objects.create(
        hour=hour, team_id=grant.team_id, application_id=1, grant_id=grant.pk, model="m", outcome=outcome, code="",
        basis="host", calls=60, tokens_in=tokens, tokens_out=0, tokens_cached=0, tokens_reasoning=0, cost_nanos=1,
        unknown_cost_calls=0, latency=[0] * 22,
    )  # fmt: skip


def test_peak_and_typical_use_stand_beside_each_allocation() -> None:
    pool = make.pool(make.host())
    since = clock.now() - timedelta(days=20)
    held = make.grant(offer=make.offer(at=pool.host, pool=pool), limits={"tpm": 5_000}, at=since)
    idle = make.grant(offer=make.offer(at=pool.host, pool=pool), limits={"tpm": 4_000}, at=since)
    young = promised(pool, 3_000)
    for ago, tokens in ((1, 60_000), (2, 6_000), (3, 18_000), (24 * 31, 900_000)):
        used(held, ago, tokens)
    used(held, 2, 6_000, "cancelled")
    used(held, 4, 900_000, "refused")
    seen = {each.grant: each for each in capacity.grants_of(pool, clock.now())}
    assert (seen[held].rates.peak_tpm, seen[held].rates.typical_tpm, seen[held].rates.hours) == (
        1_000,
        300,
        3,
    )
    assert [seen[each].uses_little for each in (held, idle, young)] == [False, True, False]
    ada = make.person("ada", roles=("admin",))
    page = browser(ada).get(f"/capacity/{pool.pk}/").content.decode()
    assert page.count("Uses little") == 1
    assert "1,000</td>" in page
    told = api(ada).get(f"/api/v1/capacity/{pool.pk}/").json()["allocations"]
    rows = [
        (each["grant"], each["tpm"], each["peak_tpm"], each["typical_tpm"], each["uses_little"])
        for each in told
    ]
    assert rows == [
        (held.pk, 5_000, 1_000, 300, False),
        (idle.pk, 4_000, None, None, True),
        (young.pk, 3_000, None, None, False),
    ]


def test_the_pages_enter_correct_assign_and_leave() -> None:
    ada = browser(make.person(roles=("admin",)))
    offer = make.offer(at=make.host("azure"))
    form = {
        "host": "azure",
        "name": "ptu",
        "unit": "PTU",
        "maximum": "300",
        "tpm_per_unit": "2500",
        "source": "contract 7",
    }
    made = ada.post("/capacity/new/", form)
    pool = CapacityPool.objects.get()
    assert made.headers["Location"] == f"/capacity/{pool.pk}/"
    assert "pool &#x27;ptu&#x27;" in ada.post("/capacity/new/", form).content.decode()
    ada.post(f"/capacity/{pool.pk}/offers/", {"offer": offer.pk, "why-source": "contract 7"})
    ada.post(f"/capacity/{pool.pk}/promise/", {"percent": "140"})
    ada.post(f"/capacity/{pool.pk}/set/", {"maximum": "400", "tpm_per_unit": "2500", "source": "contract 8"})
    page = ada.get(f"/capacity/{pool.pk}/").content.decode()
    for words in ("contract 7", "contract 8", "at 140 %", str(offer.model), "1.00M", "1.40M"):
        assert words in page, words
    wrong = ada.post(f"/capacity/{pool.pk}/set/", {"maximum": "-1", "source": ""})
    assert wrong.status_code == 400
    ada.post(f"/capacity/{pool.pk}/offers/", {"offer": offer.pk, "release": "1"})
    offer.refresh_from_db()
    assert offer.pool is None


def test_the_api_sets_promises_and_tells_the_history() -> None:
    client, host = api(make.person("ada", roles=("admin",))), make.host("azure")
    body = {
        "host": "azure",
        "name": "ptu",
        "unit": "PTU",
        "maximum": "300",
        "tpm_per_unit": 2_500,
        "source": "contract",
    }
    made = client.post("/api/v1/capacity/", body, content_type="application/json")
    assert (made.status_code, made.json()["by_hand"], made.json()["tpm"]) == (201, True, 750_000)
    path = f"/api/v1/capacity/{made.json()['id']}/"
    changed = client.patch(path, {"overcommit_percent": 200}, content_type="application/json").json()
    assert (changed["headroom_tpm"], changed["overcommit_percent"]) == (1_500_000, 200)
    unsaid = client.patch(path, {"maximum": "400"}, content_type="application/json")
    assert (unsaid.status_code, unsaid.json()["code"]) == (400, "offer.source")
    larger = client.patch(path, {"maximum": "400", "source": "mail"}, content_type="application/json").json()
    assert (larger["maximum"], larger["tpm"], larger["source"]) == ("400.00", 1_000_000, "mail")
    told = client.get(f"{path}history/").json()["results"]
    assert [(each["maximum"], each["by"], each["source"]) for each in told] == [
        ("400.00", "Ada", "mail"),
        ("300.00", "Ada", "contract"),
    ]
    offers = {"offers": [make.offer(at=host).pk], "source": "mail"}
    assert client.post(f"{path}assign/", offers, content_type="application/json").json() == {"changed": 1}
    assert client.get(path).json()["shared_by"] == 1
    assert client.post(f"{path}release/", offers, content_type="application/json").json() == {"changed": 1}


def test_lists_ask_as_often_for_twenty_pools_as_for_ten() -> None:
    host, counts = make.host("azure"), []
    pool = make.pool(host, "shown", by_hand=True)
    ada = make.person(roles=("admin",))
    client, scripts = browser(ada), api(ada)
    for turn in range(2):
        for number in range(10):
            promised(make.pool(host, f"{turn} {number}"), 1_000)
            used(promised(pool, 1_000), 1, 60)
        paths = ("/capacity/", f"/capacity/{pool.pk}/")
        counts.append([queries(client, path) for path in paths] + [queries(scripts, f"/api/v1{paths[1]}")])
    assert counts[0] == counts[1]


def queries(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)
