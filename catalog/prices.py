"""Effective-dated prices: a new price closes the old row and opens its own; no row's amounts ever change."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Max, Q

from catalog.connectors.base import PriceRow
from catalog.connectors.reference import SOURCE as LIST
from catalog.diff import Json, price_fact
from catalog.models import Offer, Price
from foundry.lib.errors import Conflict

TOLD = [Price.Basis.HOST, Price.Basis.REFERENCE]  # what a sync writes; admins write the others


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
    for row in rows:
        told = PriceRow(
            row.input_per_million, row.output_per_million, row.cached_input_per_million, row.basis, row.source
        )
        found.setdefault(row.offer_id, price_fact(told) | row.told_parts)
    return found


def tell(told: list[tuple[Offer, Json]], *, source: str, at: datetime) -> None:
    """Write what a listing told: close what was told before, open what is told now (None opens nothing)."""
    ids = [offer.pk for offer, _ in told]
    rows = Price.objects.filter(offer_id__in=ids, basis__in=TOLD)
    if newest := rows.aggregate(newest=Max("starts_at"))["newest"]:
        at = max(at, newest + timedelta(microseconds=1))  # clocks differ; no row is undone or deleted
    rows.filter(Q(ends_at=None) | Q(ends_at__gt=at)).update(ends_at=at)
    Price.objects.bulk_create(opened(offer, fact, source, at) for offer, fact in told if fact is not None)


def opened(offer: Offer, fact: Json, source: str, at: datetime) -> Price:
    cached = fact.get("cached_input")
    return Price(
        offer=offer,
        basis=fact["basis"],
        precedence=Price.PRECEDENCE[Price.Basis(fact["basis"])],
        input_per_million=Decimal(fact["input"]),
        output_per_million=Decimal(fact["output"]),
        cached_input_per_million=None if cached is None else Decimal(cached),
        parts=fact.get("parts", {}),
        tiers=fact.get("tiers", []),
        starts_at=at,
        source=(LIST if fact["basis"] == Price.Basis.REFERENCE else source)[:160],
        told_at=at,
    )


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
