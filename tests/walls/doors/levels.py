"""Limits beside those of grants."""

from typing import Any

from tests.walls.doors.table import API_SIGNED_IN, ONE_GRANT, OWN_ROW, SIGNED_IN, Door, always
from tests.walls.world import World

TEAM, KEY, LIMIT = {"slug": "team.slug"}, {"number": "key.pk"}, {"number": "level_limit.pk"}
OWNERS = "302 404 404 403 302 302 403 403 403 403"
RPM = {"kind": "rpm", "maximum": "50", "mode": "hard", "reason": "Slow."}
FORM = RPM | {"confirmed": "1"}  # whom it hits


def share(world: World) -> dict[str, Any]:
    return FORM | {"who": f"application {world.rows['application'].pk}"}


LEVELS = [
    Door("get", "limits", SIGNED_IN),
    Door("post", "limits", "302 403 403 403 403 302 403 403 403 403", body=always(**FORM)),
    Door("get", "team-limits", OWN_ROW, TEAM),
    Door("post", "team-limits", "302 404 404 403 403 302 403 403 403 302", TEAM, always(**FORM)),
    Door("get", "key-limits", OWN_ROW, KEY),
    Door("post", "key-limits", OWNERS, KEY, always(**FORM)),
    Door("get", "grant-shares", OWN_ROW, ONE_GRANT),
    Door("post", "grant-shares", OWNERS, ONE_GRANT, share),
    Door("post", "limit-end", "302 404 404 403 403 302 403 403 403 302", LIMIT),
    Door("get", "api:limit-list", API_SIGNED_IN),
    Door("post", "api:limit-list", "401 403 403 403 403 201 403 403 403 403", body=always(**RPM)),
    Door("post", "api:limit-preview", "401 403 403 403 403 200 403 403 403 403", body=always(**RPM)),
    Door("post", "api:limit-end", "401 404 404 403 403 200 403 403 403 200", {"pk": "level_limit.pk"}),
]
