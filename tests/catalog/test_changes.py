"""A risky change waits for an admin, takes effect when applied, and is not asked again when dismissed."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from catalog import actions, prices, sync
from catalog.connectors.base import PriceRow
from catalog.models import Change, Host, Offer
from catalog.rules import waiting_changes
from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden, Invalid
from tests import make
from tests.catalog import syncing
from tests.fakes.azure import region

pytestmark = pytest.mark.django_db


class Market:
    """The price that the next sync is told for everything."""

    def __init__(self, host: Host) -> None:
        self.host, self.input = host, Decimal(10)

    def told(self, amount: str) -> None:
        self.input = Decimal(amount)
        syncing.run(self.host, clock.now())

    def price(self) -> Decimal:
        offer = Offer.objects.get(model__slug="grok-3")
        return prices.in_force([offer.pk], clock.now())[offer.pk].input_per_million

    def waiting(self) -> list[Change]:
        return list(Change.objects.filter(key__startswith="xai/grok-3/", state="waiting"))


@pytest.fixture
def market(monkeypatch: pytest.MonkeyPatch) -> Iterator[Market]:
    with region() as azure:
        made = Market(syncing.azure(azure.url))
        monkeypatch.setattr(
            sync, "list_price", lambda *asked: PriceRow(made.input, made.input * 5, None, "reference", "test")
        )
        made.told("10")
        yield made


def apply(change: Change) -> Change:
    return actions.apply_change(change.pk, actor="test", at=clock.now())


def dismiss(change: Change) -> Change:
    return actions.dismiss_change(change.pk, actor="test", at=clock.now())


def test_a_price_up_by_two_fifths_waits_and_changes_nothing(market: Market) -> None:
    market.told("14")
    [change] = market.waiting()
    assert (change.risky, change.why_risky) == (True, "input price up 40 %")
    assert market.price() == 10


def test_applied_it_counts_from_now_on(market: Market) -> None:
    market.told("14")
    apply(market.waiting()[0])
    assert market.price() == 14
    old = Offer.objects.get(model__slug="grok-3").prices.order_by("starts_at")[0]
    assert old.input_per_million == 10
    assert old.ends_at is not None
    market.told("14")
    assert market.waiting() == []


def test_dismissed_it_is_not_asked_again_until_the_host_says_something_else(market: Market) -> None:
    market.told("14")
    dismiss(market.waiting()[0])
    market.told("14")
    assert (market.waiting(), market.price()) == ([], 10)
    market.told("15")
    assert [change.after["input"] for change in market.waiting()] == ["15"]


def test_told_again_it_waits_once(market: Market) -> None:
    market.told("14")
    market.told("14")
    assert len(market.waiting()) == 1


def test_taken_back_by_the_host_it_waits_no_more(market: Market) -> None:
    market.told("14")
    market.told("10")
    assert market.waiting() == []
    assert Change.objects.filter(settled_by__startswith="overtaken by run").exists()


def test_what_the_host_took_back_is_asked_again_when_it_says_so_again(market: Market) -> None:
    market.told("14")
    market.told("10")
    market.told("14")
    assert len(market.waiting()) == 1


def test_it_is_settled_once_and_the_second_is_told_by_whom(market: Market) -> None:
    market.told("14")
    [change] = market.waiting()
    actions.apply_change(change.pk, actor=make.person("ada", roles=("admin",)), at=clock.now())
    with pytest.raises(Conflict, match="Ada"):
        dismiss(change)


@pytest.mark.parametrize("roles", [(), ("ops",), ("auditor",)])
def test_only_admins_settle_it(market: Market, roles: tuple[str, ...]) -> None:
    market.told("14")
    [change] = market.waiting()
    person = make.person(roles=roles)
    for act in (actions.apply_change, actions.dismiss_change):
        with pytest.raises(Forbidden):
            act(change.pk, actor=person, at=clock.now())
    change.refresh_from_db()
    assert change.state == "waiting"


def test_admins_and_ops_see_how_many_wait(market: Market) -> None:
    market.told("14")
    waiting = Change.objects.filter(state="waiting").count()
    assert waiting_changes(make.person(roles=("ops",))) == waiting > 0
    assert waiting_changes(make.person()) == 0


def test_an_offer_that_is_gone_for_good_is_gone_when_applied(market: Market) -> None:
    offer = Offer.objects.get(model__slug="grok-3")
    change = Change.objects.create(
        host=market.host, offer=offer, key=offer.key, kind="gone", before={"listed": True},
        after={"listed": False}, risky=True, state="waiting",
    )  # fmt: skip
    apply(change)
    offer.refresh_from_db()
    assert offer.gone_at is not None


def test_a_retirement_date_is_taken_when_applied(market: Market) -> None:
    offer, date = Offer.objects.get(model__slug="grok-3"), clock.now() + timedelta(days=30)
    change = Change.objects.create(
        host=market.host,
        offer=offer,
        key=offer.key,
        kind="retirement_date",
        after=date.isoformat(),
        state="waiting",
    )
    apply(change)
    offer.refresh_from_db()
    assert offer.retires_at == date


def test_all_that_waits_of_one_run_is_applied_at_once(market: Market) -> None:
    market.told("14")
    run = market.host.runs.order_by("-pk")[0]
    count = run.changes.filter(state="waiting").count()
    assert actions.settle_run(run.pk, yes=True, actor="test", at=clock.now()) == count > 1
    assert market.price() == 14
    assert not run.changes.filter(state="waiting").exists()
    with pytest.raises(Conflict):
        actions.settle_run(run.pk, yes=False, actor="test", at=clock.now())


def test_all_that_waits_of_one_run_is_dismissed_at_once(market: Market) -> None:
    market.told("14")
    run = market.host.runs.order_by("-pk")[0]
    actions.settle_run(run.pk, yes=False, actor="test", at=clock.now())
    assert (market.price(), market.waiting()) == (10, [])


def test_only_admins_settle_a_run(market: Market) -> None:
    market.told("14")
    run = market.host.runs.order_by("-pk")[0]
    with pytest.raises(Forbidden):
        actions.settle_run(run.pk, yes=True, actor=make.person(roles=("ops",)), at=clock.now())


def test_several_are_applied_at_once_and_each_says_what_came_of_it(market: Market) -> None:
    market.told("14")
    rows = list(Change.objects.filter(state="waiting").order_by("pk"))
    actions.dismiss_change(rows[0].pk, actor=make.person("ada", roles=("admin",)), at=clock.now())
    ids = [rows[0].pk, rows[1].pk, 10**9, rows[2].pk]
    came = actions.settle_changes(ids, yes=True, actor="test", at=clock.now())
    assert [(each.id, each.state) for each in came] == list(
        zip(ids, ["dismissed", "applied", "", "applied"], strict=True)
    )
    assert "Ada already settled this change" in came[0].why_not
    assert came[2].why_not == "There is no such change."
    assert [came[1].why_not, came[3].why_not] == ["", ""]
    for row in rows[1:3]:
        assert row.offer is not None
        assert prices.in_force([row.offer.pk], clock.now())[row.offer.pk].input_per_million == 14


def test_none_and_too_many_are_refused_whole(market: Market) -> None:
    for ids in ([], range(1, 1_002)):
        with pytest.raises(Invalid):
            actions.settle_changes(list(ids), yes=True, actor="test", at=clock.now())
    with pytest.raises(Conflict):
        actions.settle_changes([10**9], yes=True, actor="test", at=clock.now())


def test_a_new_offer_that_waits_is_made_when_it_is_applied() -> None:
    with region() as azure:
        host = syncing.azure(azure.url)
        host.waits_for = ["new"]
        host.save()
        run = syncing.run(host)
        assert (run.state, run.new, Offer.objects.count()) == ("succeeded", 0, 0)
        assert actions.settle_run(run.pk, yes=True, actor="test", at=clock.now()) == 9
        made = Offer.objects.get(model__slug="grok-3")
        assert (str(made.model), made.lifecycle, made.pool is not None) == ("xai/grok-3", "preview", True)
        assert made.prices.get().input_per_million == 3
        assert Change.objects.get(offer=made).state == "applied"
        again = syncing.run(host, clock.now())
    assert (again.state, again.new, again.changed) == ("succeeded", 0, 0)
    assert not Change.objects.filter(state="waiting").exists()


def test_every_change_says_who_told_it(market: Market) -> None:
    market.told("14")
    assert set(Change.objects.values_list("source", flat=True)) == {"azure listing of 127.0.0.1"}
