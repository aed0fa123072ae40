"""Asking, deciding, what was granted, and the rules behind it."""

from datetime import timedelta
from typing import Any

from foundry.lib import clock
from tests.walls.doors.table import (
    API_OWN_ROW,
    API_SIGNED_IN,
    MANAGERS,
    ONE_GRANT,
    ONE_REQUEST,
    OWN_ROW,
    SIGNED_IN,
    WHY,
    Door,
    always,
    of_offer,
)
from tests.walls.world import World


def new_request(world: World) -> dict[str, Any]:
    """What a member may ask for; who may not, is refused before anything else is looked at."""
    ends_on = (clock.now() + timedelta(days=30)).date()
    return {
        "team": "copilot",
        "offer": world.rows["fresh_offer"].pk,
        "application": "chat",
        "purpose": "Answers",
        "data_class": "internal",
        "limits": {"tpm": 1000},
        "ends_on": str(ends_on),
    }


REQUEST, GRANT = {"pk": "request.pk"}, {"pk": "grant.pk"}


ACCESS_API = [
    Door("get", "api:request-list", API_SIGNED_IN),
    Door("post", "api:request-list", "401 400 400 201 201 403 403 403 403 403", body=new_request),
    Door(
        "post",
        "api:request-preview",
        API_SIGNED_IN,
        body=lambda world: {"offer": world.rows["offer"].pk, "limits": {"tpm": 1}},
    ),
    Door("get", "api:request-detail", API_OWN_ROW, REQUEST),
    Door("post", "api:request-approve", "401 404 404 403 403 200 403 403 403 403", REQUEST),
    Door("post", "api:request-deny", "401 404 404 403 403 200 403 403 403 403", REQUEST, WHY),
    Door(
        "post", "api:request-ask", "401 404 404 403 403 200 403 403 403 403", REQUEST, always(question="Why?")
    ),
    Door(
        "post", "api:request-answer", "401 404 404 409 409 403 403 403 403 403", REQUEST, always(answer="So.")
    ),
    Door(
        "post", "api:request-comment", "401 404 404 200 200 200 200 200 200 200", REQUEST, always(text="Hm.")
    ),
    Door(
        "post",
        "api:request-hand-on",
        "401 404 404 403 403 200 403 403 403 403",
        REQUEST,
        always(to="lee@foundry.example"),
    ),
    Door("post", "api:request-accept", "401 404 404 409 409 403 403 403 403 403", REQUEST),
    Door(
        "post",
        "api:request-appeal",
        "401 404 404 409 409 403 403 403 403 403",
        REQUEST,
        always(reason="Look again."),
    ),
    Door("get", "api:delegation-list", API_SIGNED_IN),
    Door(
        "post",
        "api:delegation-list",
        "401 201 201 201 201 201 201 201 201 201",
        body=always(to="lee@foundry.example", starts_at="2099-01-01T00:00Z", ends_at="2099-02-01T00:00Z"),
    ),
    Door(
        "post",
        "api:delegation-end",
        "401 404 404 404 404 200 404 403 200 404",
        {"pk": "delegation.pk"},
        note="sam gave it",
    ),
    Door("post", "api:request-withdraw", "401 404 404 200 200 403 403 403 403 403", REQUEST),
    Door("get", "api:grant-list", API_SIGNED_IN),
    Door("get", "api:grant-detail", API_OWN_ROW, GRANT),
    Door("post", "api:grant-renew", "401 404 404 201 201 403 403 403 403 403", GRANT),
    Door("post", "api:grant-revoke", "401 404 404 403 200 200 403 403 403 403", GRANT, WHY),
    Door("post", "api:grant-suspend", "401 404 404 403 403 200 403 403 403 403", GRANT, WHY),
    Door("post", "api:grant-resume", "401 404 404 403 403 409 403 403 403 403", GRANT),
]


def asked_form(world: World) -> dict[str, Any]:
    fields = new_request(world)
    application = world.rows["application"].pk
    return {name: fields[name] for name in ("offer", "purpose", "data_class", "ends_on")} | {
        "application": application,
        "tpm": "1,000",
    }


def decided_form(world: World) -> dict[str, Any]:
    return {"tpm": "60,000", "ends_on": str(world.rows["request"].ends_on), "step": 1}


def stand_in(world: World) -> dict[str, Any]:
    today = clock.now().date()
    return {"to": "lee@foundry.example", "starts_on": str(today), "ends_on": str(today + timedelta(days=3))}


SAID = always(text="Why so much?")


OWN_POST = "302 404 404 302 302 302 302 302 302 302"


ONLY_ADMINS = "302 404 404 403 403 302 403 403 403 403"


ACCESS = [
    Door("get", "requests", SIGNED_IN),
    Door("get", "request-new", SIGNED_IN, body=of_offer),
    Door("post", "request-new", "302 400 400 302 302 400 400 400 400 400", body=asked_form),
    Door("get", "request-preview", SIGNED_IN, body=of_offer),
    Door("get", "request", OWN_ROW, ONE_REQUEST),
    Door("post", "request-approve", ONLY_ADMINS, ONE_REQUEST, decided_form),
    Door("post", "request-deny", ONLY_ADMINS, ONE_REQUEST, WHY),
    Door("post", "request-withdraw", "302 404 404 302 302 403 403 403 403 403", ONE_REQUEST),
    Door(
        "post",
        "request-acknowledge",
        "302 404 404 409 409 409 409 409 409 409",
        ONE_REQUEST,
        note="its offer has no terms",
    ),
    Door(
        "post",
        "grant-acknowledge",
        "302 404 404 409 409 409 409 409 409 409",
        ONE_GRANT,
        note="its offer has no terms",
    ),
    Door("post", "request-comment", OWN_POST, ONE_REQUEST, SAID),
    Door("post", "request-ask", ONLY_ADMINS, ONE_REQUEST, SAID),
    Door("post", "request-answer", "302 404 404 409 409 403 403 403 403 403", ONE_REQUEST, SAID),
    Door("post", "request-hand-on", ONLY_ADMINS, ONE_REQUEST, always(to="lee@foundry.example")),
    Door("post", "request-accept", "302 404 404 409 409 403 403 403 403 403", ONE_REQUEST),
    Door("post", "request-appeal", "302 404 404 409 409 403 403 403 403 403", ONE_REQUEST, SAID),
    Door("get", "delegations", SIGNED_IN),
    Door("post", "delegations", "302 302 302 302 302 302 302 302 302 302", body=stand_in),
    Door(
        "post",
        "delegation-end",
        "302 404 404 404 404 302 404 403 302 404",
        {"number": "delegation.pk"},
        note="sam gave it",
    ),
    Door("get", "approvals", SIGNED_IN),
    Door(
        "get",
        "approvals-preview",
        "302 302 302 302 302 200 302 302 302 302",
        body=lambda world: {"step": world.rows["step"].pk},
        note="others are sent back to the inbox",
    ),
    Door(
        "post",
        "approvals-approve",
        "302 302 302 302 302 302 302 302 302 302",
        body=lambda world: {"step": world.rows["step"].pk},
        note="only what waits for who asks is approved",
    ),
    Door("get", "grants", SIGNED_IN),
    Door("get", "grant", OWN_ROW, ONE_GRANT),
    Door("post", "grant-renew", "302 404 404 302 302 403 403 403 403 403", ONE_GRANT, always(size="same")),
    Door("post", "grant-revoke", MANAGERS, ONE_GRANT, WHY),
    Door("post", "grant-suspend", ONLY_ADMINS, ONE_GRANT, WHY),
    Door("post", "grant-resume", "302 404 404 403 403 409 403 403 403 403", ONE_GRANT),
]


READERS_ONLY = "302 403 403 403 403 200 200 200 200 200"


ADMINS_POST = "302 403 403 403 403 302 403 403 403 403"


NO_DRAFT = "302 403 403 403 403 409 403 403 403 403"


TRIAL_RULE = {"name": "Small", "match": {"cost_at_most": "5", "days_at_most": 3}, "automatic": True}


POLICY_PK = {"pk": "policy.pk"}


API_POLICY_WRITES = "401 404 404 404 404 409 403 403 403 403"


POLICIES = [
    Door("get", "policies", READERS_ONLY),
    Door("get", "policy-draft", ADMINS_POST, note="without a draft back to the policies"),
    Door("post", "policy-draft", ADMINS_POST),
    Door("get", "policy-rule", NO_DRAFT),
    Door("post", "policy-move", NO_DRAFT),
    Door("get", "policy-try", NO_DRAFT),
    Door("post", "policy-switch-on", NO_DRAFT),
    Door("post", "policy-discard", NO_DRAFT),
    Door("post", "offer-owner-add", ADMINS_POST, body=lambda world: {
        "offer": world.rows["offer"].call_name, "owner": "ops@foundry.example"}),
    Door("post", "offer-owner-drop", ADMINS_POST, {"number": "offer_owner.pk"}),
    Door("get", "api:policy-list", API_SIGNED_IN, note="empty for who may not read it"),
    Door("post", "api:policy-list", "401 403 403 403 403 201 403 403 403 403", body=always(rules=[TRIAL_RULE])),
    Door("get", "api:policy-detail", "401 404 404 404 404 200 200 200 200 200", POLICY_PK),
    Door("patch", "api:policy-detail", API_POLICY_WRITES, POLICY_PK, always(note="x"), note="it is in force"),
    Door("delete", "api:policy-detail", API_POLICY_WRITES, POLICY_PK, note="it is in force"),
    Door("post", "api:policy-try-on", "401 404 404 404 404 200 200 200 200 200", POLICY_PK),
    Door("post", "api:policy-switch-on", API_POLICY_WRITES, POLICY_PK, note="it is in force"),
]  # fmt: skip
