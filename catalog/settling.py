"""What a person's yes to waiting changes does, for one or thousands, in as many queries."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

from catalog import bulk, effects, prices
from catalog.connectors.base import OfferRow
from catalog.diff import Json
from catalog.models import Change, Host, Offer
from catalog.opening import create
from catalog.standing import link_successors, of_host
from catalog.states import SUCCESSION, ChangeKind

BATCH = 500


def take_effects(changes: Iterable[Change], at: datetime) -> None:
    """Let these changes count, each on its host's offers; they come with `host` loaded."""
    for _, group in groupby(sorted(changes, key=lambda row: (row.host_id, row.pk)), lambda row: row.host_id):
        rows = list(group)
        take_of_host(rows[0].host, rows, at)


def take_of_host(host: Host, changes: list[Change], at: datetime) -> None:
    source = changes[-1].source or f"{host.connector} listing"
    pools = {pool.name: pool for pool in host.pools.all()}
    offers = {offer.pk: offer for offer in host.offers.filter(pk__in=[row.offer_id for row in changes])}
    opened = open_new([row for row in changes if row.kind == ChangeKind.NEW], host, at)
    told = [
        (row.offer_id, row.after)
        for row in changes
        if row.kind == ChangeKind.PRICE and row.offer_id in offers
    ]
    prices.tell([*opened, *told], source=source, at=at)
    touched: dict[int, Offer] = {}
    fields = {"told_at"}
    for row in changes:
        if row.kind not in {ChangeKind.NEW, ChangeKind.PRICE} and row.offer_id in offers:
            offer = touched[row.offer_id] = offers[row.offer_id]
            fields |= {*effects.put(offer, row.kind, row.after, at=at, pools=pools)}
            offer.told_at = at
    Offer.objects.bulk_update(touched.values(), sorted(fields), batch_size=BATCH)
    if linked := [row.key for row in changes if row.kind in SUCCESSION]:
        every = of_host(host)
        link_successors(every, {key for key in linked if key in every})


def open_new(changes: list[Change], host: Host, at: datetime) -> list[tuple[int, Json]]:
    """Offers from changes that say NEW, and what each costs where that is told."""
    told = {change.key: change.after for change in changes if change.after and "row" in change.after}
    if not told:
        return []
    rows = [row_of(key, after) for key, after in told.items()]
    pools = {pool.name: pool for pool in host.pools.all()}
    made = create(host, rows, pools, changes[-1].source, at)
    bulk.update(
        Change,
        ["offer_id"],
        [{"id": row.pk, "offer_id": made[row.key].pk} for row in changes if row.key in made],
    )
    return [(made[key].pk, after["price"]) for key, after in told.items() if after["price"]]


def row_of(key: str, told: Json) -> OfferRow:
    """The row as it was told; the price stays a fact."""
    since, until = told["lifecycle"].get("deprecated_at"), told["retirement_date"]
    return OfferRow(
        key=key,
        **told["row"],
        lifecycle=told["lifecycle"]["stage"],
        lifecycle_told=told["lifecycle"]["told"],
        deprecated_at=datetime.fromisoformat(since) if since else None,
        retires_at=datetime.fromisoformat(until) if until else None,
        successor_told=told["successor"],
        **told["context"],
        capabilities=told["capability"]["capabilities"],
        modalities=tuple(told["capability"]["modalities"]),
        pool=told["limits"],
    )
