"""The table: who gets which status where. Columns as in `world.KINDS`:

nobody nina omar mia olga ada ops aud sam fin
(nina is in no team; omar owns another team; mia is a member, olga the owner of the team whose rows are asked for;
ada admin, ops, aud auditor, sam security, fin finance.)

302 for nobody is the sign-in page; 302 for others is the redirect after a form was taken. 404 is how a foreign
row answers: it does not exist. 403 is a page for other roles. 400, 405, 409: let in, and the body was not usable.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.urls import reverse

from tests.walls.world import World

Body = Callable[[World], dict[str, Any]]


EVERYBODY = "200 200 200 200 200 200 200 200 200 200"


SIGNED_IN = "302 200 200 200 200 200 200 200 200 200"


API_SIGNED_IN = "401 200 200 200 200 200 200 200 200 200"


OWN_ROW = "302 404 404 200 200 200 200 200 200 200"


API_OWN_ROW = "401 404 404 200 200 200 200 200 200 200"


def nothing(world: World) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Door:
    """One address, asked in one way by everybody.

    :param at: URL argument -> how to read it from the world, as `row.attribute`.
    """

    method: str
    name: str
    answers: str
    at: Mapping[str, str] = field(default_factory=dict)
    body: Body = nothing
    note: str = ""

    def url(self, world: World) -> str:
        return reverse(self.name, kwargs={name: self.read(where, world) for name, where in self.at.items()})

    def read(self, where: str, world: World) -> Any:
        row, _, attribute = where.partition(".")
        return getattr(world.rows[row], attribute) if attribute else row


MANAGERS = "302 404 404 403 302 302 403 403 403 403"


def always(**fields: Any) -> Body:
    return lambda world: fields


WHY = always(reason="Because.")


def of_offer(world: World) -> dict[str, Any]:
    return {"offer": world.rows["offer"].pk}


ONE_REQUEST, ONE_GRANT = {"number": "request.pk"}, {"number": "grant.pk"}


ADMIN_READS = "302 403 403 403 403 200 403 403 403 403"


ADMIN_ACTS = "302 403 403 403 403 302 403 403 403 403"


API_ADMIN = "401 403 403 403 403 200 403 403 403 403"


HOST, OFFER, CHANGE = {"slug": "host.slug"}, {"offer_id": "offer.pk"}, {"change_id": "change.pk"}


PRICE = always(input_per_million="2", output_per_million="8", basis="negotiated", source="contract")


def new_host(world: World) -> dict[str, Any]:
    return {
        "slug": "local",
        "name": "Local",
        "connector": "openai_compatible",
        "listing": {"base_url": "https://models.example/v1"},
    }


def one_notice(world: World) -> dict[str, Any]:
    return {"notice": world.rows["notice"].pk}


def waiting_changes(world: World) -> dict[str, Any]:
    return {"ids": [world.rows["change"].pk]}


API_KEEPER = "401 403 403 403 403 200 200 403 403 403"


API_KEEPER_MAKES = "401 403 403 403 403 201 201 403 403 403"


PAUSE = always(reason="It fails.", for_s="3600")


def longer(world: World) -> dict[str, Any]:
    return {"ends_at": str(world.rows["pause"].ends_at + timedelta(hours=1))}


POOL, POOL_PK = {"pool_id": "pool.pk"}, {"pk": "pool.pk"}


SIZE = always(maximum="700", tpm_per_unit="1000", source="contract")


API_POOL_ADMIN = "401 404 404 404 404 200 403 403 404 403"


def pool_form(world: World) -> dict[str, Any]:
    named = {"host": world.rows["host"].slug, "name": "ptu", "unit": "PTU"}
    return named | {"maximum": "700", "source": "contract"}


def pool_offers(world: World) -> dict[str, Any]:
    return {"offers": [world.rows["offer"].pk], "source": "contract"}


def assigned(world: World) -> dict[str, Any]:
    return {"offers": list(world.rows["own_pool"].offers.values_list("pk", flat=True))}


API_HOST, API_OFFER, API_CHANGE = HOST, {"pk": "offer.pk"}, {"pk": "change.pk"}


EMPTY_FOR_OTHERS = "list, empty for who may not read it"
