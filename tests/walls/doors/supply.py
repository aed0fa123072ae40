"""Hosts, offers, syncs, changes, capacity and pauses, as pages."""

from typing import Any

from tests.walls.doors.table import (
    ADMIN_ACTS,
    ADMIN_READS,
    CHANGE,
    HOST,
    OFFER,
    PAUSE,
    POOL,
    PRICE,
    SIGNED_IN,
    SIZE,
    Door,
    always,
    of_offer,
    pool_form,
)
from tests.walls.world import World

ADMIN_CANNOT = "302 403 403 403 403 409 403 403 403 403"


SUPPLY_READS = "302 403 403 403 403 200 200 200 403 403"


def host_form(world: World) -> dict[str, Any]:
    return {
        "slug": "local",
        "name": "Local",
        "connector": "openai_compatible",
        "listing_base_url": "https://models.example/v1",
        "calling_auth": "bearer",
    }


def same_host_form(world: World) -> dict[str, Any]:
    return host_form(world) | {"slug": world.rows["host"].slug}


def waiting_change(world: World) -> dict[str, Any]:
    return {"change": str(world.rows["change"].pk), "yes": "1"}


KEEPER_READS = "302 403 403 403 403 200 200 403 403 403"


KEEPER_ACTS = "302 403 403 403 403 302 302 403 403 403"


def offers_form(world: World) -> dict[str, Any]:
    return {"offer": world.rows["offer"].pk, "why-source": "contract"}


SUPPLY = [
    Door("get", "catalog", SIGNED_IN),
    Door("get", "catalog-compare", SIGNED_IN, body=of_offer),
    Door("get", "catalog-model", SIGNED_IN, {"publisher": "publisher.slug", "model": "model.slug"}),
    Door("get", "offer", "302 302 302 302 302 302 302 302 302 302", OFFER, note="leads to the model's page"),
    Door("get", "offer-price", ADMIN_READS, OFFER),
    Door("post", "offer-price", ADMIN_ACTS, OFFER, PRICE),
    Door("get", "offer-show", ADMIN_READS, OFFER),
    Door("post", "offer-show", ADMIN_ACTS, OFFER, always(hidden="1")),
    Door("get", "hosts", SUPPLY_READS),
    Door("get", "host", SUPPLY_READS, HOST),
    Door("get", "host-progress", SUPPLY_READS, HOST),
    Door("get", "host-new", ADMIN_READS),
    Door("post", "host-new", ADMIN_ACTS, body=host_form),
    Door("get", "host-change", ADMIN_READS, HOST),
    Door("post", "host-change", ADMIN_ACTS, HOST, same_host_form),
    Door("post", "host-sync", "302 403 403 403 403 302 302 403 403 403", HOST),
    Door("post", "host-check", ADMIN_ACTS, HOST),
    Door("get", "host-switch", ADMIN_READS, HOST),
    Door("post", "host-switch", ADMIN_ACTS, HOST, always(on="")),
    Door("get", "sync", SUPPLY_READS),
    Door("post", "run-settle", ADMIN_ACTS, {"run_id": "run.pk"}, always(yes="1")),
    Door("post", "run-take", ADMIN_CANNOT, {"run_id": "run.pk"}, note="its listing was not doubted"),
    Door("get", "changes", SUPPLY_READS),
    Door("get", "feed", SIGNED_IN),
    Door("post", "changes-settle", ADMIN_ACTS, body=waiting_change),
    Door("post", "change-apply", ADMIN_ACTS, CHANGE),
    Door("post", "change-dismiss", ADMIN_ACTS, CHANGE),
    Door("get", "pauses", SUPPLY_READS),
    Door("get", "health", SUPPLY_READS),
    Door("get", "host-health", SUPPLY_READS, HOST),
    Door("get", "host-pause", KEEPER_READS, HOST),
    Door("post", "host-pause", KEEPER_ACTS, HOST, PAUSE),
    Door("get", "offer-pause", KEEPER_READS, OFFER),
    Door("post", "offer-pause", KEEPER_ACTS, OFFER, PAUSE),
    Door("post", "pause-lift", KEEPER_ACTS, {"pause_id": "pause.pk"}),
    Door("post", "pause-prolong", KEEPER_ACTS, {"pause_id": "pause.pk"}, always(for_s="900")),
    Door("get", "capacity", "302 403 403 403 403 200 200 200 403 200"),
    Door("get", "pool", "302 403 403 403 403 200 200 200 403 200", POOL),
    Door("get", "pool-new", ADMIN_READS),
    Door("post", "pool-new", ADMIN_ACTS, body=pool_form),
    Door("post", "pool-set", ADMIN_ACTS, POOL, SIZE),
    Door("post", "pool-promise", ADMIN_ACTS, POOL, always(percent="150")),
    Door("post", "pool-leave", ADMIN_ACTS, {"pool_id": "own_pool.pk"}),
    Door("post", "pool-offers", ADMIN_ACTS, POOL, offers_form),
]
