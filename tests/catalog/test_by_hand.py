"""Offers that people make: no listing touches them. Dates that people set: the host's next word waits."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from catalog import actions, prices
from catalog.actions.lifecycle import Life
from catalog.byhand import Told
from catalog.diff import Held, compare
from catalog.models import Change, Host, Offer
from catalog.states import ChangeKind
from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden, Invalid
from tests import make
from tests.catalog import syncing
from tests.catalog.test_diff import AT as DIFF_AT
from tests.catalog.test_diff import facts, row, told
from tests.fakes.azure import region

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
SOON = AT + timedelta(days=60)
GROK = Told(
    publisher="xai", publisher_name="xAI", model="grok-5", name="Grok 5", words="in talks", source="mail of 1 March",
    input_per_million=Decimal("2"), output_per_million=Decimal("8"),
)  # fmt: skip


def make_grok(host: Host | None = None, what: Told = GROK) -> Offer:
    return actions.make_offer(host or make.host(connector="manual"), what, actor="ada", at=AT)


def test_an_offer_made_by_hand_tells_who_said_so() -> None:
    offer = make_grok()
    assert (str(offer.model), offer.lifecycle, offer.lifecycle_told) == (
        "xai/grok-5",
        "announced",
        "in talks",
    )
    assert (offer.by_hand, offer.hidden, offer.source) == (True, False, "mail of 1 March")
    assert prices.in_force([offer.pk], AT)[offer.pk].output_per_million == 8
    change = Change.objects.get(offer=offer)
    assert (change.kind, change.state, change.source, change.settled_by) == (
        "new",
        "applied",
        "mail of 1 March",
        "ada",
    )
    assert change.after_words == "Announced, price unknown"


def test_it_is_changed_and_withdrawn_and_made_again() -> None:
    offer = make_grok()
    better = replace(
        GROK, words="hosted soon", lifecycle="preview", retires_at=SOON, input_per_million=Decimal("1")
    )
    actions.change_offer(offer.pk, better, actor="ada", at=AT + timedelta(days=1))
    offer.refresh_from_db()
    assert (offer.lifecycle, offer.retires_at, offer.set_by_hand) == ("preview", SOON, {})
    assert prices.in_force([offer.pk], SOON)[offer.pk].input_per_million == 1
    assert {change.kind for change in offer.changes.all()} == {"new", "lifecycle", "retirement_date"}
    actions.withdraw_offer(offer.pk, source="mail of 3 March", actor="ada", at=AT + timedelta(days=2))
    with pytest.raises(Conflict):
        actions.withdraw_offer(offer.pk, source="again", actor="ada", at=AT)
    assert not Offer.objects.listed().filter(pk=offer.pk).exists()
    assert make_grok(offer.host).pk == offer.pk
    assert Offer.objects.listed().filter(pk=offer.pk).exists()
    with pytest.raises(Conflict):
        make_grok(offer.host)


def test_what_makes_no_sense_names_its_fields() -> None:
    wrong = replace(
        GROK, publisher="x AI", model="", words="a\nb", output_per_million=None, source="somewhere"
    )
    with pytest.raises(Invalid) as refused:
        make_grok(what=wrong)
    assert set(refused.value.errors) == {"publisher", "model", "words", "output_per_million"}
    for text in ("", "x" * 161):
        with pytest.raises(Invalid):
            make_grok(what=replace(GROK, source=text))
    with pytest.raises(Forbidden):
        actions.make_offer(make.host(), GROK, actor=make.person(roles=("ops",)), at=AT)
    assert not Offer.objects.exists()


def test_a_host_by_hand_is_never_asked_for_a_listing() -> None:
    host = make.host(connector="manual", sync_every_s=3600)
    with pytest.raises(Conflict, match="made by hand"):
        actions.ask_sync(host, actor="schedule", at=AT)
    with pytest.raises(Conflict):
        actions.check_host(host, actor="ada", at=AT)
    from catalog.tasks import due_hosts

    assert due_hosts(AT) == []


@pytest.fixture
def azure() -> Iterator[Host]:
    with region() as served:
        host = syncing.azure(served.url)
        syncing.run(host)
        yield host


def test_a_sync_neither_takes_away_nor_changes_nor_counts_an_offer_by_hand(azure: Host) -> None:
    before = azure.offers.listed().count()
    offer = make_grok(azure)
    run = syncing.run(azure)
    offer.refresh_from_db()
    assert (run.state, run.gone, run.changed) == ("succeeded", 0, 0)
    assert (offer.gone_at, azure.offers.listed().count()) == (None, before + 1)
    with pytest.raises(Conflict, match="tells this offer itself"):
        actions.withdraw_offer(azure.offers.exclude(pk=offer.pk)[0].pk, source="x", actor="ada", at=AT)


def test_a_persons_date_survives_the_sync_and_the_hosts_next_word_waits(azure: Host) -> None:
    offer = azure.offers.filter(model__slug="grok-3")[0]
    at = clock.now()
    said = replace(Life.of(offer), retires_at=at + timedelta(days=40), lifecycle="legacy")
    actions.set_lifecycle(offer.pk, said, source="the host's blog", actor="ada", at=at)
    assert syncing.run(azure).changed == 0
    offer.refresh_from_db()
    assert (offer.retires_at, offer.lifecycle) == (said.retires_at, "legacy")
    assert set(offer.set_by_hand) == {"lifecycle", "retirement_date"}
    assert not Change.objects.filter(state="waiting").exists()
    actions.leave_to_host(offer.pk, actor="ada", at=at)
    offer.refresh_from_db()
    assert (offer.set_by_hand, offer.lifecycle == "legacy") == ({}, False)
    assert syncing.run(azure).changed == 0
    sources = offer.changes.filter(kind="retirement_date").order_by("pk").values_list("source", flat=True)
    assert list(sources) == ["the host's blog", "left to the host again"]


def test_only_a_new_word_of_the_host_asks_a_person_again() -> None:
    theirs, new = DIFF_AT + timedelta(days=90), DIFF_AT + timedelta(days=30)
    mine = facts(row(retires_at=DIFF_AT + timedelta(days=60)))
    held = {"a": Held("a", False, mine, {"retirement_date": theirs.isoformat()})}
    assert compare(held, told(row(retires_at=theirs)), DIFF_AT).differences == ()
    (found,) = compare(held, told(row(retires_at=new)), DIFF_AT).differences
    assert (found.kind, found.why) == (ChangeKind.RETIREMENT_DATE, "a person set it by hand")


def test_taking_the_hosts_new_word_ends_what_was_set_by_hand() -> None:
    offer = make.offer(retires_at=SOON)
    actions.set_lifecycle(
        offer.pk, replace(Life.of(offer), retires_at=AT + timedelta(days=9)), source="s", actor="ada", at=AT
    )
    waits = Change.objects.create(
        host=offer.host, offer=offer, key=offer.key, kind="retirement_date", before=None,
        after=(AT + timedelta(days=20)).isoformat(), risky=True, state="waiting",
    )  # fmt: skip
    actions.apply_change(waits.pk, actor="ada", at=AT)
    offer.refresh_from_db()
    assert (offer.retires_at, offer.set_by_hand) == (AT + timedelta(days=20), {})


def test_a_life_that_cannot_be_is_refused() -> None:
    offer = make.offer()
    impossible = [
        Life("sleeping"), Life("legacy", deprecated_at=SOON, retires_at=AT + timedelta(days=1)),
        Life("legacy", retires_at=AT - timedelta(days=1)), Life("legacy", successor=offer),
    ]  # fmt: skip
    for said in impossible:
        with pytest.raises(Invalid):
            actions.set_lifecycle(offer.pk, said, source="s", actor="ada", at=AT)
    with pytest.raises(Conflict):
        actions.set_lifecycle(offer.pk, Life.of(offer), source="s", actor="ada", at=AT)
    with pytest.raises(Conflict):
        actions.leave_to_host(offer.pk, actor="ada", at=AT)


def test_a_successor_by_hand_is_told_by_name() -> None:
    offer, after = make.offer(), make.offer("grok-6")
    done = actions.set_lifecycle(
        offer.pk, replace(Life.of(offer), successor=after), source="s", actor="ada", at=AT
    )
    assert (done.successor, done.successor_told) == (after, after.call_name)
    assert offer.days_left(AT) is None
    offer.retires_at = AT + timedelta(days=3, hours=5)
    assert (offer.days_left(AT), offer.days_left(AT + timedelta(days=9))) == (3, 0)
