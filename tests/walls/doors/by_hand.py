"""Terms, offers made by hand, and who waits for them."""

from datetime import timedelta
from typing import Any

from foundry.lib import clock
from tests.walls.doors.table import (
    ADMIN_ACTS,
    ADMIN_READS,
    API_ADMIN,
    API_OFFER,
    API_SIGNED_IN,
    HOST,
    OFFER,
    SIGNED_IN,
    Door,
    always,
)
from tests.walls.world import World

TERMS, HAND_OFFER = {"slug": "terms.slug"}, {"offer_id": "hand_offer.pk"}


def terms_form(world: World) -> dict[str, Any]:
    return {"slug": "fresh", "title": "Fresh", "hosted_by": "us", "training": "none"}


def terms_body(world: World) -> dict[str, Any]:
    return {"slug": "fresh", "title": "Fresh", "facts": {"hosted_by": "us", "training": "none"}}


def next_terms_body(world: World) -> dict[str, Any]:
    return {"title": "Fresh", "facts": {"hosted_by": "us", "training": "none"}}


def hand_form(world: World) -> dict[str, Any]:
    """What the offer made by hand is, again, with another stage."""
    model = world.rows["hand_offer"].model
    return {
        "publisher": model.publisher.slug,
        "model": model.slug,
        "lifecycle": "preview",
        "source": "a mail",
    }


def new_hand_form(world: World) -> dict[str, Any]:
    return hand_form(world) | {"model": "grok-6"}


SOURCE = always(source="a mail")


HAND = [
    Door("get", "terms-list", SIGNED_IN),
    Door("get", "terms", SIGNED_IN, TERMS),
    Door("get", "terms-new", ADMIN_READS),
    Door("post", "terms-new", ADMIN_ACTS, body=terms_form),
    Door("get", "terms-next", ADMIN_READS, TERMS),
    Door("post", "terms-next", ADMIN_ACTS, TERMS, terms_form),
    Door("get", "terms-acknowledgements", SIGNED_IN, TERMS),
    Door(
        "post",
        "terms-acknowledge",
        "302 404 404 302 302 403 403 403 403 403",
        TERMS,
        always(team="copilot", version="1"),
    ),
    Door("get", "host-terms", ADMIN_READS, HOST),
    Door("post", "host-terms", ADMIN_ACTS, HOST, always(terms="house", which="bare")),
    Door("get", "offer-terms", ADMIN_READS, OFFER),
    Door("post", "offer-terms", ADMIN_ACTS, OFFER, always(terms="house")),
    Door("get", "offer-lifecycle", ADMIN_READS, OFFER),
    Door("post", "offer-lifecycle", ADMIN_ACTS, OFFER, always(lifecycle="legacy", source="a mail")),
    Door(
        "post",
        "offer-leave",
        "302 403 403 403 403 409 403 403 403 403",
        OFFER,
        note="nothing was set by hand",
    ),
    Door("get", "offer-new", ADMIN_READS, HOST),
    Door("post", "offer-new", ADMIN_ACTS, HOST, new_hand_form),
    Door("get", "offer-change", ADMIN_READS, HAND_OFFER),
    Door("post", "offer-change", ADMIN_ACTS, HAND_OFFER, hand_form),
    Door("get", "offer-withdraw", ADMIN_READS, HAND_OFFER),
    Door("post", "offer-withdraw", ADMIN_ACTS, HAND_OFFER, SOURCE),
    Door("get", "unpublished", "302 403 403 403 403 200 200 403 403 403"),
    Door("post", "host-publish", ADMIN_ACTS, HOST, always(all="1", from_now_on="0")),
]


ONE_WISH, WISH_PK = {"number": "wish.pk"}, {"pk": "wish.pk"}


def opening(world: World) -> dict[str, Any]:
    ends_on = (clock.now() + timedelta(days=30)).date()
    return {"opened_as": world.rows["fresh_offer"].pk, "ends_on": str(ends_on)}


def waits(world: World) -> dict[str, Any]:
    return {"team": "copilot", "offer": world.rows["other_hand_offer"].pk, "application": "chat", "purpose": "Answers",
            "data_class": "internal", "limits": {"tpm": 1000}}  # fmt: skip


WAITING = [
    Door("get", "offer-waiting", SIGNED_IN, HAND_OFFER),
    Door("post", "waiting-stop", "302 404 404 302 302 403 404 404 404 404", ONE_WISH),
    Door("get", "offer-open", ADMIN_READS, HAND_OFFER),
    Door(
        "post",
        "offer-open",
        API_ADMIN.replace("401", "302"),
        HAND_OFFER,
        opening,
        "it shows what became of each",
    ),
    Door("get", "api:wish-list", API_SIGNED_IN),
    Door("post", "api:wish-list", "401 400 400 201 201 403 403 403 403 403", body=waits),
    Door("delete", "api:wish-detail", "401 404 404 204 204 403 404 404 404 404", WISH_PK),
    Door(
        "post",
        "api:wish-open",
        API_ADMIN,
        body=lambda world: opening(world) | {"offer": world.rows["hand_offer"].pk},
    ),
]


ONE_HAND = {"pk": "hand_offer.pk"}


def hand_body(world: World) -> dict[str, Any]:
    return hand_form(world) | {"host": world.rows["hand_offer"].host.slug}


HAND_API = [
    Door("get", "api:terms-list", API_SIGNED_IN),
    Door("get", "api:terms-detail", API_SIGNED_IN, TERMS),
    Door("post", "api:terms-list", "401 403 403 403 403 201 403 403 403 403", body=terms_body),
    Door("post", "api:terms-versions", "401 403 403 403 403 201 403 403 403 403", TERMS, next_terms_body),
    Door("get", "api:acknowledgement-list", API_SIGNED_IN),
    Door(
        "post",
        "api:acknowledgement-list",
        "401 400 400 201 201 403 403 403 403 403",
        body=always(team="copilot", terms="house", version=1),
    ),
    Door(
        "post",
        "api:offer-list",
        "401 403 403 403 403 201 403 403 403 403",
        body=lambda world: hand_body(world) | {"model": "grok-6"},
    ),
    Door("put", "api:offer-detail", API_ADMIN, ONE_HAND, hand_body),
    Door("post", "api:offer-withdraw", API_ADMIN, ONE_HAND, SOURCE),
    Door("post", "api:offer-lifecycle", API_ADMIN, API_OFFER, always(lifecycle="legacy", source="a mail")),
    Door("post", "api:offer-leave-to-host", "401 403 403 403 403 409 403 403 403 403", API_OFFER),
    Door("post", "api:offer-terms", API_ADMIN, API_OFFER, always(terms="house")),
    Door("post", "api:host-publish", API_ADMIN, HOST, always(from_now_on=False)),
]
