"""Keys, usage and single calls."""

from typing import Any

from tests.walls.doors.supply import KEEPER_ACTS, KEEPER_READS
from tests.walls.doors.table import (
    API_OWN_ROW,
    API_SIGNED_IN,
    ONE_GRANT,
    OWN_ROW,
    PAUSE,
    SIGNED_IN,
    WHY,
    Door,
    always,
)
from tests.walls.world import World

ONE_KEY, KEY_PK = {"number": "key.pk"}, {"pk": "key.pk"}


def key_form(world: World) -> dict[str, Any]:
    return {"application": world.rows["application"].pk, "name": "chat"}


def hit_grant(world: World) -> dict[str, Any]:
    return {"of": "grant", "id": world.rows["grant"].pk}


KEYS = [
    Door("get", "keys", SIGNED_IN),
    Door(
        "post",
        "keys",
        "302 400 400 200 200 400 400 400 400 400",
        body=key_form,
        note="only members see its name in the form",
    ),
    Door("get", "key", OWN_ROW, ONE_KEY),
    Door(
        "post", "key", "302 404 404 302 302 403 403 403 403 403", ONE_KEY, always(name="chat"), "members only"
    ),
    Door("post", "key-rotate", "302 404 404 200 200 403 403 403 403 403", ONE_KEY),
    Door("get", "key-revoke", "302 404 404 200 200 200 403 403 403 403", ONE_KEY),
    Door("post", "key-revoke", "302 404 404 302 302 302 403 403 403 403", ONE_KEY, WHY),
    Door("get", "grant-first-call", OWN_ROW, ONE_GRANT),
    Door(
        "post",
        "grant-first-call",
        "302 404 404 200 200 403 403 403 403 403",
        ONE_GRANT,
        always(application="chat"),
    ),
    Door("get", "api:hits-list", API_OWN_ROW, body=hit_grant),
    Door("get", "api:key-list", API_SIGNED_IN),
    Door(
        "post",
        "api:key-list",
        "401 400 400 201 201 403 403 403 403 403",
        body=always(team="copilot", application="chat"),
    ),
    Door("get", "api:key-detail", API_OWN_ROW, KEY_PK),
    Door(
        "patch",
        "api:key-detail",
        "401 404 404 200 200 403 403 403 403 403",
        KEY_PK,
        always(networks=["10.0.0.0/8"]),
    ),
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
    Door("get", "api:usage-event-detail", API_OWN_ROW, {"call_id": "call.call_id"}),
]


def new_caller_pause(world: World) -> dict[str, Any]:
    return {"team": world.rows["team"].slug, "reason": "It fails.", "for_s": 3600}


CALLING = [
    Door(
        "get",
        "explain",
        SIGNED_IN,
        note="a key is named in the query; a foreign one is 404, see test_explain",
    ),
    Door("get", "grant-enforced", OWN_ROW, ONE_GRANT),
    Door("get", "grant-try", "302 404 404 200 200 403 403 403 403 403", ONE_GRANT, note="members only"),
    Door(
        "post",
        "grant-try",
        "302 404 404 400 400 403 403 403 403 403",
        ONE_GRANT,
        always(key="none"),
        "its key is no key",
    ),
    Door("get", "caller-pauses", SIGNED_IN, note="own teams' only, for people without a site role"),
    Door("get", "team-pause", KEEPER_READS, {"slug": "team.slug"}),
    Door("post", "team-pause", KEEPER_ACTS, {"slug": "team.slug"}, PAUSE),
    Door("get", "key-pause", KEEPER_READS, ONE_KEY),
    Door("post", "key-pause", KEEPER_ACTS, ONE_KEY, PAUSE),
    Door("post", "caller-pause-lift", KEEPER_ACTS, {"pause_id": "caller_pause.pk"}),
    Door("get", "api:explain-list", "401 400 400 400 400 400 400 400 400 400", note="no key named"),
    Door("get", "api:caller-pause-list", API_SIGNED_IN),
    Door("post", "api:caller-pause-list", "401 403 403 403 403 201 201 403 403 403", body=new_caller_pause),
    Door("get", "api:caller-pause-detail", API_OWN_ROW, {"pk": "caller_pause.pk"}),
    Door("get", "api:caller-pause-impact", "401 403 403 403 403 400 400 403 403 403", note="nobody named"),
    Door(
        "post", "api:caller-pause-lift", "401 404 404 403 403 200 200 403 403 403", {"pk": "caller_pause.pk"}
    ),
]
