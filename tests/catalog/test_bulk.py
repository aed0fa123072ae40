"""A listing of hundreds costs as many queries as one of tens, whatever differs; a sync is told what to write in bulk."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog import bulk
from catalog.models import Change, Host, Model, Offer, Price
from foundry.lib import clock
from tests import make
from tests.catalog import syncing
from tests.catalog.syncing import LOOPBACK
from tests.fakes.provider import Reply, always, serve, told

pytestmark = pytest.mark.django_db


def row(number: int, price: str, context: int, ends: str | None) -> dict[str, Any]:
    return {
        "id": f"maker-{number % 7}/m{number}",
        "name": f"M {number}",
        "context_length": context,
        "expiration_date": ends,
        "pricing": {"prompt": price, "completion": "0.000015"},
        "architecture": {"input_modalities": ["text"], "output_modalities": ["text"]},
    }


def listing(count: int, price: str = "0.000003", context: int = 1000, ends: str | None = None) -> Reply:
    return told({"data": [row(number, price, context, ends) for number in range(count)]})


def queries(host: Host) -> int:
    """How many one run asks."""
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert syncing.run(host, clock.now()).state in {"succeeded", "partial"}
    return len(asked)


def story(count: int) -> list[int]:
    """The queries of each chapter in a host's life with so many offers."""
    found = []
    with serve(always(Reply())) as provider:
        host = make.host(
            f"host{count}", connector="openrouter", listing_base_url=provider.url, trusted_networks=LOOPBACK,
            gone_percent=100,
        )  # fmt: skip
        for reply in (
            listing(count),
            listing(count),
            listing(count, "0.0000031", 2000),
            listing(count, "0.000009", 2000, "2020-01-01"),
            listing(count, "0.000009", 2000, "2020-01-01"),
            listing(count, "0.0000031", 2000),
            listing(1, "0.0000031", 2000),
            listing(count, "0.0000031", 3000),
        ):
            provider.script = always(reply)
            found.append(queries(host))
    return found


def test_ten_times_the_offers_cost_the_same_queries_in_every_chapter() -> None:
    """New, the same, changed, risky, risky again, overtaken, nearly all gone, and back."""
    few, many = story(50), story(500)
    assert few == many
    assert Offer.objects.count() == 550
    assert max(many) <= 40


def test_what_is_left_out_has_its_fields_default() -> None:
    offer = make.offer()
    [pk] = bulk.insert(
        Price,
        [{
            "offer_id": offer.pk, "basis": "admin", "precedence": 0, "input_per_million": Decimal(1),
            "output_per_million": Decimal("1e-18"), "starts_at": clock.now(), "source": "test", "told_at": clock.now(),
        }],
    )  # fmt: skip
    price = Price.objects.get(pk=pk)
    assert (price.parts, price.tiers, price.ends_at) == ({}, [], None)
    assert price.output_per_million == Decimal("1e-18")


def test_ids_come_in_the_order_of_the_rows_and_leave_room_for_the_next() -> None:
    maker = make.publisher()
    rows = [{"publisher_id": maker.pk, "slug": f"s{n}", "name": "N", "description": ""} for n in range(20)]
    ids = bulk.insert(Model, rows)
    assert [Model.objects.get(pk=pk).slug for pk in ids] == [row["slug"] for row in rows]
    assert make.model().pk > max(ids)


HOSTILE = ["tab\there", "line\nbreak", "back\\slash \\. \\N", 'quo"te', "{a,b}", "ünï €", "'; DROP TABLE", ""]


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_comes_back_as_it_went_in(text: str) -> None:
    offer = make.offer()
    [pk] = bulk.insert(
        Change, [{"host_id": offer.host_id, "key": text, "kind": "new", "before": None, "after": {"a": [text, None]}}]
    )  # fmt: skip
    change = Change.objects.get(pk=pk)
    assert (change.key, change.before, change.after) == (text, None, {"a": [text, None]})
    bulk.update(
        Offer, ["description", "modalities", "capabilities"],
        [{"id": offer.pk, "description": text, "modalities": [text], "capabilities": {"x": text}}],
    )  # fmt: skip
    offer.refresh_from_db()
    assert (offer.description, offer.modalities, offer.capabilities) == (text, [text], {"x": text})


def test_a_moment_keeps_its_microseconds_and_null_is_null() -> None:
    offer, moment = make.offer(gone_at=clock.now()), clock.now().replace(microsecond=123_457)
    bulk.update(Offer, ["retires_at", "gone_at"], [{"id": offer.pk, "retires_at": moment, "gone_at": None}])
    offer.refresh_from_db()
    assert (offer.retires_at, offer.gone_at) == (moment, None)


@pytest.mark.parametrize("act", [lambda: bulk.insert(Offer, []), lambda: bulk.update(Offer, ["key"], [])])
def test_nothing_asks_nothing(act: Callable[[], object]) -> None:
    with CaptureQueriesContext(connection) as asked:
        act()
    assert len(asked) == 0
