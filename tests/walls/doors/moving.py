"""Moving in from another gateway: the admins' alone."""

from datetime import timedelta
from typing import Any

from foundry.lib import clock
from tests.fakes.litellm import export
from tests.walls.doors.table import ADMIN_ACTS, ADMIN_READS, API_ADMIN, Door, always
from tests.walls.world import World

ROW, ROW_PK = {"number": "proposal.pk"}, {"pk": "proposal.pk"}


def chosen(world: World) -> dict[str, Any]:
    return {"row": [world.rows["proposal"].pk], "act": "preview"}


def ids(world: World) -> dict[str, Any]:
    return {"ids": [world.rows["proposal"].pk]}


def form(world: World) -> dict[str, Any]:
    ends_on = (clock.now() + timedelta(days=30)).date().isoformat()
    return {
        "team_slug": "a", "application_slug": "b", "environment": "staging", "data_class": "public", "ends_on": ends_on,
        "rpm": "5",
    }  # fmt: skip


MOVING = [
    Door("get", "moving-in", ADMIN_READS),
    Door("post", "moving-in-read", "302 403 403 403 403 400 403 403 403 403", note="nothing to read"),
    Door("post", "moving-in-preview", ADMIN_READS, body=chosen),
    Door("post", "moving-in-accept", ADMIN_READS, body=chosen),
    Door("post", "moving-in-leave-out", ADMIN_ACTS, body=chosen),
    Door("get", "moving-in-row", ADMIN_READS, ROW),
    Door("post", "moving-in-row", ADMIN_ACTS, ROW, form),
    Door("get", "api:moving-list", API_ADMIN),
    Door("patch", "api:moving-detail", API_ADMIN, ROW_PK, always(environment="staging")),
    Door("post", "api:moving-read-export", API_ADMIN, body=lambda world: export()),
    Door("post", "api:moving-preview", API_ADMIN, body=ids),
    Door("post", "api:moving-accept", API_ADMIN, body=ids),
    Door("post", "api:moving-leave-out", API_ADMIN, ROW_PK),
]
