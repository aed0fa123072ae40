"""Effective-dated prices: a new price closes the old row and opens its own; no row's amounts ever change."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Q

from catalog import bulk
from catalog.connectors.base import PriceRow
from catalog.connectors.reference import SOURCE as LIST
from catalog.diff import Json, price_fact
from catalog.models import Price
from foundry.lib.errors import Conflict

TOLD = [Price.Basis.HOST.value, Price.Basis.REFERENCE.value]  # what a sync writes; admins write the others


def in_force(offer_ids: Iterable[int], at: datetime) -> dict[int, Price]:
    """The price that counts at `at` for each offer that has one; one query."""
    found: dict[int, Price] = {}
    for price in Price.objects.at(at).filter(offer_id__in=list(offer_ids)):
        found.setdefault(price.offer_id, price)
    return found


def inputs_at(at: datetime) -> dict[int, Decimal]:
    """The input price in force of every offer that has one; one query, which reads each price once."""
    rows = Price.objects.at(at).distinct("offer_id")
    return dict(rows.values_list("offer_id", "input_per_million"))


def told_facts(host_id: int, at: datetime) -> dict[int, Json]:
    """Per offer of a host, what its listing last said of the price, in the words of `diff`."""
    rows = Price.objects.at(at).filter(offer__host_id=host_id, basis__in=TOLD)
    found: dict[int, Json] = {}
    for offer_id, put_in, out, cached, basis, parts, tiers in rows.values_list(
        "offer_id", "input_per_million", "output_per_million", "cached_input_per_million", "basis", "parts", "tiers"
    ):  # fmt: skip
        if offer_id not in found:
            more = {name: said for name, said in (("parts", parts), ("tiers", tiers)) if said}
            found[offer_id] = price_fact(PriceRow(put_in, out, cached, basis, "")) | more
    return found


def tell(told: Sequence[tuple[int, Json]], *, source: str, at: datetime) -> None:
    """Write what a listing told of offers by id: close what was told before, open what is told now (None opens nothing).

    Three statements, however many prices; the ids go as one array.
    """
    if not told:
        return
    ids = [offer_id for offer_id, _ in told]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(starts_at) FROM catalog_price WHERE offer_id = ANY(%s) AND basis = ANY(%s)",
            [ids, TOLD],
        )
        [newest] = cursor.fetchone()
        if newest is not None:
            at = max(at, newest + timedelta(microseconds=1))  # clocks differ; no row is undone or deleted
            cursor.execute(
                "UPDATE catalog_price SET ends_at = %s WHERE offer_id = ANY(%s) AND basis = ANY(%s) "
                "AND (ends_at IS NULL OR ends_at > %s)",
                [at, ids, TOLD, at],
            )
    bulk.insert(Price, [opened(offer_id, fact, source, at) for offer_id, fact in told if fact is not None])


def opened(offer_id: int, fact: Json, source: str, at: datetime) -> dict[str, Any]:
    """A price by column."""
    cached = fact.get("cached_input")
    return {
        "offer_id": offer_id,
        "basis": fact["basis"],
        "precedence": Price.PRECEDENCE[Price.Basis(fact["basis"])],
        "input_per_million": Decimal(fact["input"]),
        "output_per_million": Decimal(fact["output"]),
        "cached_input_per_million": None if cached is None else Decimal(cached),
        "parts": fact.get("parts", {}),
        "tiers": fact.get("tiers", []),
        "starts_at": at,
        "source": (LIST if fact["basis"] == Price.Basis.REFERENCE else source)[:160],
        "told_at": at,
    }


def open_set(price: Price) -> Price:
    """Open a price that a person set. Raises Conflict when a later one of the same basis is already set."""
    same = Price.objects.filter(offer_id=price.offer_id, basis=price.basis)
    if later := same.filter(starts_at__gte=price.starts_at).order_by("starts_at").first():
        raise Conflict(
            "price.later",
            f"A {price.basis} price from {later.starts_at:%d %b %Y %H:%M} UTC is already set.",
            remedy="Choose a later start.",
        )
    same.filter(Q(ends_at=None) | Q(ends_at__gt=price.starts_at)).update(ends_at=price.starts_at)
    price.save(force_insert=True)
    return price
