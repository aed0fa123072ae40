"""The table: who gets which status where. Columns as in `world.KINDS`:

nobody nina omar mia olga ada ops aud sam fin
(nina is in no team; omar owns another team; mia is a member, olga the owner of the team whose rows are asked for;
ada admin, ops, aud auditor, sam security, fin finance.)

302 for nobody is the sign-in page; 302 for others is the redirect after a form was taken. 404 is how a foreign
row answers: it does not exist. 403 is a page for other roles. 400, 405, 409: let in, and the body was not usable.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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


GROUND = [
    Door("get", "home", SIGNED_IN),
    Door("get", "status", "302 403 403 403 403 200 200 403 403 403"),
    Door("get", "styleguide", SIGNED_IN),
    Door("get", "healthz", EVERYBODY),
    Door("get", "metrics", EVERYBODY),
    Door("get", "login", "200 302 302 302 302 302 302 302 302 302"),
    Door("post", "logout", "302 302 302 302 302 302 302 302 302 302"),
    Door("get", "logout", "405 405 405 405 405 405 405 405 405 405"),
    Door("get", "sign-in-link", EVERYBODY, {"secret": "unknown"}),
    Door("get", "settings", SIGNED_IN),
    Door("post", "token-revoke", "302 404 404 302 404 404 404 404 404 404", {"token_id": "token.pk"}),
    Door("get", "audit", "302 403 403 403 403 200 403 200 403 403"),
    Door("get", "schema", EVERYBODY),
    Door("get", "api-docs", EVERYBODY),
    Door("get", "api:me-list", API_SIGNED_IN),
    Door("get", "api:audit-list", "401 200 200 200 200 200 200 200 200 200", note="others see an empty list"),
    Door("get", "api:audit-detail", "401 404 404 404 404 200 404 200 404 404", {"pk": "1"}),
]
DOORS: list[Door] = [*GROUND]
