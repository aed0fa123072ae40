"""Retirements."""

from datetime import timedelta
from typing import Any

from foundry.lib import clock
from tests.walls.doors.table import API_OWN_ROW, API_SIGNED_IN, OWN_ROW, SIGNED_IN, Door, always
from tests.walls.world import World

CAMPAIGN, CAMPAIGN_PK = {"number": "campaign.pk"}, {"pk": "campaign.pk"}


WHO_SEES_IT, KEEPERS = "302 404 404 302 302 302 302 302 302 302", "302 403 403 403 403 302 302 403 403 403"


API_KEEPERS = "401 404 404 403 403 200 200 403 403 403"


def of_fresh_offer(world: World) -> dict[str, Any]:
    return {"offer": world.rows["fresh_offer"].pk}


def plan(world: World) -> dict[str, Any]:
    return {"team": "copilot", "planned_on": (clock.now() + timedelta(days=3)).date().isoformat()}


def move(world: World) -> dict[str, Any]:
    return {"grant": world.rows["grant"].pk, "successor": world.rows["fresh_offer"].pk}


def retiring_offer(world: World) -> dict[str, Any]:
    return {"offer": world.rows["offer"].pk}


ADVICE = [
    Door("get", "retirements", SIGNED_IN),
    Door("post", "retirement-open", KEEPERS, body=retiring_offer),
    Door("get", "retirement", OWN_ROW, CAMPAIGN),
    Door("get", "retirement-csv", OWN_ROW, CAMPAIGN),
    Door("post", "retirement-plan", WHO_SEES_IT, CAMPAIGN, plan, "others are told that they may not"),
    Door("post", "retirement-move", "302 404 404 302 302 403 403 403 403 403", CAMPAIGN, move),
    Door("post", "retirement-successor", KEEPERS, CAMPAIGN, move),
    Door("post", "retirement-close", KEEPERS, CAMPAIGN, always(why="Over.")),
    Door("get", "api:retirement-list", API_SIGNED_IN),
    Door("get", "api:retirement-detail", API_OWN_ROW, CAMPAIGN_PK),
    Door("get", "api:retirement-teams", API_OWN_ROW, CAMPAIGN_PK),
    Door("get", "api:retirement-successors", API_OWN_ROW, CAMPAIGN_PK),
    Door("get", "api:retirement-burn-down", API_OWN_ROW, CAMPAIGN_PK),
    Door(
        "post",
        "api:retirement-list",
        "401 403 403 403 403 409 409 403 403 403",
        body=retiring_offer,
        note="one is open",
    ),
    Door("post", "api:retirement-successor", API_KEEPERS, CAMPAIGN_PK, of_fresh_offer),
    Door("post", "api:retirement-close", API_KEEPERS, CAMPAIGN_PK, always(why="Over.")),
    Door("post", "api:retirement-move", "401 404 404 200 200 403 403 403 403 403", CAMPAIGN_PK, move),
    Door("post", "api:retirement-plan", "401 404 404 200 200 403 403 403 403 403", CAMPAIGN_PK, plan),
]
