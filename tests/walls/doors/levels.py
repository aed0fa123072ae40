"""Limits beside those of grants."""

from datetime import date, timedelta
from typing import Any

from tests.walls.doors.table import API_SIGNED_IN, ONE_GRANT, OWN_ROW, SIGNED_IN, Door, always
from tests.walls.world import World

TEAM, KEY, LIMIT = {"slug": "team.slug"}, {"number": "key.pk"}, {"number": "level_limit.pk"}
OWNERS = "302 404 404 403 302 302 403 403 403 403"
RPM = {"kind": "rpm", "maximum": "50", "mode": "hard", "reason": "Slow."}
FORM = RPM | {"confirmed": "1"}  # whom it hits

BERLIN = {
    "zone": "Europe/Berlin",
    "first_day": "1",
    "from_day": f"{date.today() + timedelta(days=20)}",
    "reason": "Ours.",
}


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
    Door("get", "budget-calendar", SIGNED_IN),
    Door("get", "budget-calendar", SIGNED_IN),
    Door(
        "post",
        "budget-calendar",
        "302 403 403 403 403 400 403 403 403 400",
        body=always(**BERLIN),
        note="one is planned",
    ),
    Door(
        "post",
        "budget-calendar-withdraw",
        "302 403 403 403 403 302 403 403 403 302",
        {"number": "calendar.pk"},
    ),
    Door("get", "api:budget-calendar-list", API_SIGNED_IN),
    Door("get", "api:budget-calendar-period", API_SIGNED_IN),
    Door(
        "post", "api:budget-calendar-list", "401 403 403 403 403 409 403 403 403 409", body=always(**BERLIN)
    ),
    Door(
        "post",
        "api:budget-calendar-preview",
        "401 403 403 403 403 409 403 403 403 409",
        body=always(**BERLIN),
    ),
    Door(
        "post",
        "api:budget-calendar-withdraw",
        "401 403 403 403 403 200 403 403 403 200",
        {"pk": "calendar.pk"},
    ),
    Door("get", "api:limit-list", API_SIGNED_IN),
    Door("post", "api:limit-list", "401 403 403 403 403 201 403 403 403 403", body=always(**RPM)),
    Door("post", "api:limit-preview", "401 403 403 403 403 200 403 403 403 403", body=always(**RPM)),
    Door("post", "api:limit-end", "401 404 404 403 403 200 403 403 403 200", {"pk": "level_limit.pk"}),
]
