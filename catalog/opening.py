"""New offers with the models and makers that they need, in a fixed number of queries."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from catalog import bulk
from catalog.connectors.base import OfferRow
from catalog.models import CapacityPool, Host, Model, Offer, Publisher
from catalog.standing import Standing

Named = tuple[str, str]  # a maker's slug and a model's


def create(
    host: Host, rows: Sequence[OfferRow], pools: Mapping[str, CapacityPool], source: str, at: datetime
) -> dict[str, Standing]:
    """Offers from rows that we do not hold, by key."""
    if not rows:
        return {}
    models = models_for(rows)
    new = [
        of_row(host, row, models[row.publisher, row.model], pools.get(row.pool), source, at) for row in rows
    ]
    ids = bulk.insert(Offer, new)
    return {row.key: standing(pk, row, pools.get(row.pool)) for pk, row in zip(ids, rows, strict=True)}


def of_row(
    host: Host, row: OfferRow, model: int, pool: CapacityPool | None, source: str, at: datetime
) -> dict[str, Any]:
    """A row of the table, by column."""
    return {
        "host_id": host.pk,
        "model_id": model,
        "key": row.key,
        "host_model_id": row.host_model_id,
        "version": row.version,
        "region": row.region,
        "sku": row.sku,
        "lifecycle": row.lifecycle,
        "lifecycle_told": row.lifecycle_told[:80],
        "deprecated_at": row.deprecated_at,
        "retires_at": row.retires_at,
        "successor_told": row.successor_told,
        "context_tokens": row.context_tokens,
        "max_output_tokens": row.max_output_tokens,
        "capabilities": dict(row.capabilities),
        "modalities": list(row.modalities),
        "pool_id": pool.pk if pool else None,
        "terms_id": host.default_terms_id,
        "description": row.description,
        "hidden": not host.publishes_new,
        "source": source[:160],
        "told_at": at,
        "first_seen_at": at,
    }


def standing(pk: int, row: OfferRow, pool: CapacityPool | None) -> Standing:
    return Standing(
        pool, pk, row.key, row.host_model_id, row.version, row.sku, row.lifecycle, row.lifecycle_told[:80],
        row.deprecated_at, row.retires_at, row.successor_told, None, row.context_tokens, row.max_output_tokens,
        dict(row.capabilities), list(row.modalities), None, {},
    )  # fmt: skip


def models_for(rows: Sequence[OfferRow]) -> dict[Named, int]:
    """The models of these rows by maker and slug, made where they are missing."""
    wanted = {(row.publisher, row.model): row for row in rows}
    found = known(list(wanted))
    if missing := [row for name, row in wanted.items() if name not in found]:
        makers = makers_for(missing)
        bulk.insert_missing(
            Model,
            [
                {"publisher_id": makers[row.publisher], "slug": row.model, "name": row.name, "description": row.description}
                for row in missing
            ],
        )  # fmt: skip
        found |= known([(row.publisher, row.model) for row in missing])
    return found


def makers_for(rows: Sequence[OfferRow]) -> dict[str, int]:
    names = {row.publisher: row.publisher_name[:120] for row in rows}
    made = [Publisher(slug=slug, name=name) for slug, name in names.items()]
    Publisher.objects.bulk_create(made, ignore_conflicts=True)
    return dict(Publisher.objects.filter(slug__in=names).values_list("slug", "pk"))


def known(wanted: Sequence[Named]) -> dict[Named, int]:
    """Which of these models there are. Raw, because thousands of names are two arrays here and no long list."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.slug, m.slug, m.id FROM unnest(%s::text[], %s::text[]) AS w (maker, model) "
            "JOIN catalog_publisher p ON p.slug = w.maker "
            "JOIN catalog_model m ON m.publisher_id = p.id AND m.slug = w.model",
            [[maker for maker, _ in wanted], [model for _, model in wanted]],
        )
        return {(maker, model): pk for maker, model, pk in cursor.fetchall()}
