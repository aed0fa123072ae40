"""Keys, usage and single calls."""

from typing import Any

from tests.walls.doors.table import (
    API_OWN_ROW,
    API_SIGNED_IN,
    ONE_GRANT,
    OWN_ROW,
    SIGNED_IN,
    WHY,
    Door,
    always,
)
from tests.walls.world import World

ONE_KEY, KEY_PK = {"number": "key.pk"}, {"pk": "key.pk"}


def key_form(world: World) -> dict[str, Any]:
    return {"application": world.rows["application"].pk, "name": "chat"}


KEYS = [
    Door("get", "keys", SIGNED_IN),
    Door(
        "post",
        "keys",
        "302 400 400 200 200 400 400 400 400 400",
        body=key_form,
        note="only members see its name in the form",
    ),
    Door("post", "key-rotate", "302 404 404 200 200 403 403 403 403 403", ONE_KEY),
    Door("post", "key-revoke", "302 404 404 302 302 302 403 403 403 403", ONE_KEY, WHY),
    Door("get", "grant-first-call", OWN_ROW, ONE_GRANT),
    Door(
        "post",
        "grant-first-call",
        "302 404 404 200 200 403 403 403 403 403",
        ONE_GRANT,
        always(application="chat"),
    ),
    Door("get", "api:key-list", API_SIGNED_IN),
    Door(
        "post",
        "api:key-list",
        "401 400 400 201 201 403 403 403 403 403",
        body=always(team="copilot", application="chat"),
    ),
    Door("get", "api:key-detail", API_OWN_ROW, KEY_PK),
    Door("post", "api:key-rotate", "401 404 404 201 201 403 403 403 403 403", KEY_PK),
    Door("post", "api:key-revoke", "401 404 404 200 200 200 403 403 403 403", KEY_PK),
]


USAGE = [
    Door("get", "usage", SIGNED_IN),
    Door("get", "usage-csv", SIGNED_IN),
    Door(
        "get", "calls", "302 302 302 302 302 302 302 302 302 302", note="leads to the call or back to usage"
    ),
    Door("get", "call", OWN_ROW, {"call_id": "call.call_id"}),
    Door("get", "api:usage-summary", API_SIGNED_IN),
    Door("get", "api:usage-export", API_SIGNED_IN),
    Door("get", "api:usage-event-list", API_SIGNED_IN),
]
