"""Teams, their people and applications."""

from typing import Any

from tests.walls.doors.table import (
    API_OWN_ROW,
    API_SIGNED_IN,
    MANAGERS,
    OWN_ROW,
    SIGNED_IN,
    Body,
    Door,
    always,
)
from tests.walls.world import World

TEAM, MEMBER = {"slug": "team.slug"}, {"slug": "team.slug", "user_id": "member.pk"}
APPLICATION = {"slug": "team.slug", "number": "application.pk"}
API_APPLICATION = {"slug": "team.slug", "application_id": "application.pk"}
PERSON, API_PERSON = {"number": "member.pk"}, {"pk": "member.pk"}


def new_member(world: World) -> dict[str, Any]:
    return {"member-email": "nina@foundry.example", "member-role": "member"}


def new_application(world: World) -> dict[str, Any]:
    return {"application-slug": "ide", "application-name": "Editor", "application-environment": "production"}


def new_team(world: World) -> dict[str, Any]:
    return {"slug": "docs", "name": "Docs", "cost_centre": "4450", "owner": "nina@foundry.example"}


def mia_answers(world: World) -> dict[str, Any]:
    return {"owner": world.rows["member"].pk}


def bare(body: Body) -> Body:
    """The same fields as the API names them."""
    return lambda world: {name.partition("-")[2] or name: value for name, value in body(world).items()}


TEAMS = [
    Door("get", "teams", SIGNED_IN),
    Door("get", "team", OWN_ROW, TEAM),
    Door("get", "team-new", "302 403 403 403 403 200 403 403 403 403"),
    Door("post", "team-new", "302 403 403 403 403 302 403 403 403 403", body=new_team),
    Door("post", "team-add-member", MANAGERS, TEAM, new_member),
    Door("get", "team-change-role", "302 404 404 403 200 200 403 403 403 403", MEMBER),
    Door("post", "team-change-role", MANAGERS, MEMBER, always(role="owner")),
    Door(
        "post", "team-remove-member", "302 404 404 302 302 302 403 403 403 403", MEMBER, note="mia may leave"
    ),
    Door(
        "get", "team-remove-member", "302 404 404 200 200 200 403 403 403 403", MEMBER, note="mia may leave"
    ),
    Door("get", "application-owner", OWN_ROW, APPLICATION),
    Door("post", "application-owner", MANAGERS, APPLICATION, mia_answers),
    Door(
        "patch",
        "api:team-application",
        "401 404 404 403 200 200 403 403 403 403",
        API_APPLICATION,
        always(owner="mia@foundry.example"),
    ),
    Door("get", "people", "302 403 403 403 403 200 403 403 403 403"),
    Door("get", "person-deactivate", "302 403 403 403 403 200 403 403 403 403", PERSON),
    Door(
        "post", "person-deactivate", "302 403 403 403 403 302 403 403 403 403", PERSON, always(reason="Left.")
    ),
    Door("post", "person-reactivate", "302 403 403 403 403 409 403 403 403 403", PERSON, note="mia is here"),
    Door("get", "api:person-list", API_SIGNED_IN, note="empty for who may not read it"),
    Door("get", "api:person-detail", "401 404 404 404 404 200 404 404 404 404", API_PERSON),
    Door(
        "post",
        "api:person-deactivate",
        "401 404 404 404 404 200 404 404 404 404",
        API_PERSON,
        always(reason="Left."),
    ),
    Door("post", "api:person-reactivate", "401 404 404 404 404 409 404 404 404 404", API_PERSON),
    Door("post", "team-add-application", MANAGERS, TEAM, new_application),
    Door("get", "team-calendar", OWN_ROW, TEAM),
    Door("post", "team-calendar-make", "302 404 404 403 200 200 403 403 403 403", TEAM),
    Door("post", "team-calendar-end", "302 404 404 403 409 409 403 403 403 403", TEAM, note="none is made"),
    Door(
        "get",
        "calendar",
        "404 404 404 404 404 404 404 404 404 404",
        {"secret": "unknown"},
        note="by secret only",
    ),
    Door("get", "api:team-list", API_SIGNED_IN),
    Door("post", "api:team-list", "401 403 403 403 403 201 403 403 403 403", body=new_team),
    Door("get", "api:team-detail", API_OWN_ROW, TEAM),
    Door("get", "api:team-members", API_OWN_ROW, TEAM),
    Door("post", "api:team-members", "401 404 404 403 201 201 403 403 403 403", TEAM, bare(new_member)),
    Door("patch", "api:team-member", "401 404 404 403 200 200 403 403 403 403", MEMBER, always(role="owner")),
    Door("delete", "api:team-member", "401 404 404 204 204 204 403 403 403 403", MEMBER),
    Door("get", "api:team-applications", API_OWN_ROW, TEAM),
    Door(
        "post",
        "api:team-applications",
        "401 404 404 403 201 201 403 403 403 403",
        TEAM,
        bare(new_application),
    ),
]
