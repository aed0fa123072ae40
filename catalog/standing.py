"""Offers as a sync sees them: what it compares and changes, without the rest of the row, because there are thousands."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalog import bulk
from catalog.models import CapacityPool, Host, Offer

COLUMNS = (
    "pk", "key", "host_model_id", "version", "sku", "lifecycle", "lifecycle_told", "deprecated_at", "retires_at",
    "successor_told", "successor_id", "context_tokens", "max_output_tokens", "capabilities", "modalities",
    "gone_at", "set_by_hand",
)  # fmt: skip
CHANGING = (
    "lifecycle", "lifecycle_told", "deprecated_at", "retires_at", "successor_told", "successor_id",
    "context_tokens", "max_output_tokens", "capabilities", "modalities", "gone_at", "set_by_hand",
)  # fmt: skip


@dataclass(slots=True)
class Standing:
    """One offer as we hold it; the names are those of the row."""

    pool: CapacityPool | None
    pk: int
    key: str
    host_model_id: str
    version: str
    sku: str
    lifecycle: str
    lifecycle_told: str
    deprecated_at: datetime | None
    retires_at: datetime | None
    successor_told: str
    successor_id: int | None
    context_tokens: int | None
    max_output_tokens: int | None
    capabilities: dict[str, str]
    modalities: list[str]
    gone_at: datetime | None
    set_by_hand: dict[str, Any]


def of_host(host: Host) -> dict[str, Standing]:
    """What a listing of this host may change, by key: not what people entered. Two queries."""
    pools = {pool.pk: pool for pool in host.pools.all()}
    rows: Iterable[Any] = host.offers.order_by().filter(by_hand=False).values_list(*COLUMNS, "pool_id")
    return {row[1]: Standing(pools.get(row[-1]), *row[:-1]) for row in rows}


def save(touched: Iterable[Standing], *, source: str, at: datetime) -> None:
    """Write what changed of these offers; one statement."""
    columns = [*CHANGING, "pool_id", "told_at", "source"]
    told = {"told_at": at, "source": source[:160]}
    bulk.update(Offer, columns, [as_row(each) | told for each in touched])


def as_row(each: Standing) -> dict[str, Any]:
    changing = {name: getattr(each, name) for name in CHANGING}
    return {"id": each.pk, **changing, "pool_id": each.pool.pk if each.pool else None}


def link_successors(offers: Mapping[str, Offer | Standing], keys: Iterable[str]) -> None:
    """Point offers at the offer that their host names as successor, in the same SKU."""
    needing = [offers[key] for key in keys if offers[key].successor_told]
    if not needing:
        return
    by_name = {
        (f"{offer.host_model_id} {offer.version}".strip(), offer.sku): offer for offer in offers.values()
    }
    linked = []
    for offer in needing:
        after = by_name.get((offer.successor_told, offer.sku))
        if after is not None and after.pk != offer.successor_id:
            offer.successor_id = after.pk
            linked.append({"id": offer.pk, "successor_id": after.pk})
    bulk.update(Offer, ["successor_id"], linked)
