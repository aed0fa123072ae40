"""How to do each action of supply once, as in `acts.py`."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from catalog.actions.capacity import Size
from catalog.actions.lifecycle import Life
from catalog.byhand import Told
from catalog.connectors.base import Trouble
from catalog.hosts import HostFacts, facts_of
from catalog.models import CapacityReading, Change, SyncRun
from catalog.terms import TermsText
from foundry.people.models import User
from tests import make

Act = Callable[[Callable[..., Any]], object]
HOUR = timedelta(hours=1)
FACTS = HostFacts(
    slug="fresh", name="Fresh", connector="openai_compatible", listing_base_url="https://models.example/v1"
)


def save_host(actor: User, at: datetime) -> Act:
    return lambda act: act(FACTS, listing_credential="secret", actor=actor, at=at)


def update_host(actor: User, at: datetime) -> Act:
    host = make.host(listing_base_url="https://models.example/v1")
    facts = replace(facts_of(host), region="westus")
    return lambda act: act(host.pk, facts, calling_credential="secret", actor=actor, at=at)


def switch_host(actor: User, at: datetime) -> Act:
    host = make.host()
    return lambda act: act(host.pk, on=False, actor=actor, at=at)


def ask_sync(actor: User, at: datetime) -> Act:
    host = make.host()
    return lambda act: act(host, actor=actor, at=at)


def close_run(actor: User, at: datetime) -> Act:
    run = SyncRun.objects.create(host=make.host(), asked_by="schedule", state="running")
    return lambda act: act(run.pk, why="its worker died", at=at)


def note_check(actor: User, at: datetime) -> Act:
    host = make.host()
    return lambda act: act(host, Trouble("It answered 401.", lasting=True), actor=actor, at=at)


def set_price(actor: User, at: datetime) -> Act:
    offer = make.offer()
    return lambda act: act(
        offer,
        input_per_million=Decimal(1),
        output_per_million=Decimal(2),
        starts_at=at,
        source="contract",
        actor=actor,
        at=at,
    )


def waiting() -> Change:
    offer = make.offer()
    return Change.objects.create(
        host=offer.host, offer=offer, key=offer.key, kind="gone", before={"listed": True},
        after={"listed": False}, risky=True, state="waiting",
    )  # fmt: skip


def apply_change(actor: User, at: datetime) -> Act:
    change = waiting()
    return lambda act: act(change.pk, actor=actor, at=at)


def dismiss_change(actor: User, at: datetime) -> Act:
    change = waiting()
    return lambda act: act(change.pk, actor=actor, at=at)


def settle_changes(actor: User, at: datetime) -> Act:
    ids = [waiting().pk, waiting().pk]
    return lambda act: act(ids, yes=False, actor=actor, at=at)


def take_anyway(actor: User, at: datetime) -> Act:
    run = SyncRun.objects.create(host=make.host(), asked_by="schedule", state="quarantined", waivable=True)
    return lambda act: act(run.pk, actor=actor, at=at)


def settle_run(actor: User, at: datetime) -> Act:
    change = waiting()
    run = SyncRun.objects.create(host=change.host, asked_by="schedule", state="quarantined")
    Change.objects.filter(pk=change.pk).update(run=run)
    return lambda act: act(run.pk, yes=True, actor=actor, at=at)


def show_offer(actor: User, at: datetime) -> Act:
    offer = make.offer()
    return lambda act: act(offer.pk, hidden=True, actor=actor, at=at)


def describe_offer(actor: User, at: datetime) -> Act:
    offer = make.offer()
    return lambda act: act(offer.pk, "Good at answers.", actor=actor, at=at)


TEXT = TermsText("Ours", {"hosted_by": "us", "training": "none"})
TOLD = Told(publisher="xai", model="grok-5", source="a mail")


def add_terms(actor: User, at: datetime) -> Act:
    return lambda act: act("ours", TEXT, actor=actor, at=at)


def publish_terms(actor: User, at: datetime) -> Act:
    make.offer(terms=make.terms("ours"))
    return lambda act: act("ours", TEXT, actor=actor, at=at)


def assign_terms(actor: User, at: datetime) -> Act:
    offer, terms = make.offer(), make.terms("ours")
    return lambda act: act(terms.slug, offers=[offer.pk], host=offer.host, actor=actor, at=at)


def set_lifecycle(actor: User, at: datetime) -> Act:
    offer = make.offer()
    return lambda act: act(offer.pk, Life("legacy"), source="a mail", actor=actor, at=at)


def leave_to_host(actor: User, at: datetime) -> Act:
    offer = make.offer(set_by_hand={"retirement_date": {"told": None}})
    return lambda act: act(offer.pk, actor=actor, at=at)


def make_offer(actor: User, at: datetime) -> Act:
    host = make.host(connector="manual")
    return lambda act: act(host, TOLD, actor=actor, at=at)


def change_offer(actor: User, at: datetime) -> Act:
    offer = make.offer(of=make.model("grok-5"), by_hand=True, key=TOLD.key)
    return lambda act: act(offer.pk, TOLD, actor=actor, at=at)


def withdraw_offer(actor: User, at: datetime) -> Act:
    offer = make.offer(by_hand=True)
    return lambda act: act(offer.pk, source="a mail", actor=actor, at=at)


def publish_offers(actor: User, at: datetime) -> Act:
    offer = make.offer(hidden=True)
    return lambda act: act(offer.host, from_now_on=True, actor=actor, at=at)


def pause(actor: User, at: datetime) -> Act:
    host = make.host()
    return lambda act: act(host, reason="It fails.", ends_at=at + HOUR, actor=actor, at=at)


def prolong_pause(actor: User, at: datetime) -> Act:
    row = make.pause(make.offer(), by=actor, at=at)
    return lambda act: act(row.pk, ends_at=row.ends_at + HOUR, actor=actor, at=at)


def lift_pause(actor: User, at: datetime) -> Act:
    row = make.pause(make.host(), by=actor, at=at)
    return lambda act: act(row.pk, actor=actor, at=at)


SIZE = Size(Decimal(100), 1_000)


def make_pool(actor: User, at: datetime) -> Act:
    host = make.host()
    return lambda act: act(host, "ptu", SIZE, unit="PTU", source="contract", actor=actor, at=at)


def set_pool(actor: User, at: datetime) -> Act:
    pool = make.pool(make.host())
    return lambda act: act(pool.pk, SIZE, source="contract", actor=actor, at=at)


def set_overcommit(actor: User, at: datetime) -> Act:
    pool = make.pool(make.host())
    return lambda act: act(pool.pk, 150, actor=actor, at=at)


def leave_pool(actor: User, at: datetime) -> Act:
    pool = make.pool(make.host(), by_hand=True)
    CapacityReading.objects.create(pool=pool, maximum=600, source="sync", at=at)
    return lambda act: act(pool.pk, actor=actor, at=at)


def assign_offers(actor: User, at: datetime) -> Act:
    offer = make.offer()
    pool = make.pool(offer.host)
    return lambda act: act(pool.pk, [offer.pk], source="contract", actor=actor, at=at)


def release_offers(actor: User, at: datetime) -> Act:
    host = make.host()
    pool = make.pool(host)
    offer = make.offer(at=host, pool=pool, set_by_hand={"limits": {"told": ""}})
    return lambda act: act(pool.pk, [offer.pk], actor=actor, at=at)


SUPPLY = (
    make_pool, set_pool, set_overcommit, leave_pool, assign_offers, release_offers,
    pause, prolong_pause, lift_pause,
    add_terms, publish_terms, assign_terms, set_lifecycle, leave_to_host, make_offer, change_offer, withdraw_offer,
    publish_offers,
    save_host, update_host, switch_host, ask_sync, close_run, note_check, set_price, apply_change,
    dismiss_change, settle_changes, settle_run, take_anyway, show_offer, describe_offer,
)  # fmt: skip
