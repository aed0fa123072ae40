"""Asking, deciding, what was granted, and the rules behind it."""

from datetime import timedelta
from typing import Any

from foundry.lib import clock
from tests.walls.doors.table import (
    ADMIN_ACTS,
    ADMIN_READS,
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


REQUEST, GRANT, RAISE = {"pk": "request.pk"}, {"pk": "grant.pk"}, {"pk": "raise.pk"}
CENTRE, API_CENTRE = {"number": "centre.pk"}, {"pk": "centre.pk"}
ONE_QUESTION, API_QUESTION = {"number": "question.pk"}, {"pk": "question.pk"}
QUESTION_FORM = always(text="Who reads it?", kind="text", position="1")
REVIEW = always(justified=True, finding="It was real.")


def raised(world: World) -> dict[str, Any]:
    return {
        "limits": {"tpm": 61_000},
        "ends_at": (clock.now() + timedelta(hours=1)).isoformat(),
        "reason": "A launch.",
    }


def glass(world: World) -> dict[str, Any]:
    return {"limits": {"tpm": 61_000}, "hours": 1, "reason": "An outage."}


def moved(world: World) -> dict[str, Any]:
    return {"to": world.rows["taker"].pk, "kind": "tpm", "amount": "1000", "reason": "More batch."}


def moved_form(world: World) -> dict[str, Any]:
    return moved(world) | {"confirmed": "1"}


TEAM, TEAM_BLOCK, BLOCK = {"slug": "team.slug"}, {"slug": "blocked_team.slug"}, {"pk": "block.pk"}


def block_of_team(world: World) -> dict[str, Any]:
    return {"block": world.rows["block"].pk}


REVIEW_PK = {"pk": "certification.pk"}


def kept_all(world: World) -> dict[str, Any]:
    return {f"answer-{world.rows['grant'].pk}": "keep"}


def kept_one(world: World) -> dict[str, Any]:
    return {"grant": world.rows["grant"].pk, "answer": "keep"}


def one_step(world: World) -> dict[str, Any]:
    return {"steps": [world.rows["step"].pk]}


ACCESS_API = [
    Door("get", "api:request-list", API_SIGNED_IN),
    Door("post", "api:request-list", "401 400 400 201 201 403 403 403 403 403", body=new_request),
    Door(
        "post",
        "api:request-preview",
        API_SIGNED_IN,
        body=lambda world: {"offer": world.rows["offer"].pk, "limits": {"tpm": 1}},
    ),
    Door("get", "api:question-list", API_SIGNED_IN),
    Door("post", "api:question-list", "401 403 403 403 403 201 403 403 403 403", body=always(text="Who?")),
    Door("get", "api:question-detail", API_SIGNED_IN, API_QUESTION),
    Door(
        "post",
        "api:question-change",
        "401 403 403 403 403 201 403 403 403 403",
        API_QUESTION,
        always(text="Who?"),
    ),
    Door("post", "api:question-retire", "401 403 403 403 403 204 403 403 403 403", API_QUESTION),
    Door("get", "api:draft-list", API_SIGNED_IN),
    Door(
        "post",
        "api:draft-list",
        API_SIGNED_IN,
        body=lambda world: of_offer(world) | {"typed": {"purpose": "x"}},
    ),
    Door(
        "delete",
        "api:draft-detail",
        "401 404 404 404 404 404 404 404 404 404",
        {"offer": "offer.pk"},
        note="nobody has one",
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
    Door("get", "api:approval-list", API_SIGNED_IN, note="empty for who decides nothing"),
    Door("post", "api:approval-preview", API_SIGNED_IN, body=one_step, note="empty for who decides nothing"),
    Door("post", "api:approval-approve", API_SIGNED_IN, body=one_step, note="only what waits for who asks"),
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
    Door(
        "post",
        "api:grant-raise-limits",
        "401 404 404 403 403 201 403 403 201 201",
        GRANT,
        raised,
        note="omar sees none",
    ),
    Door("post", "api:grant-break-glass", "401 404 404 403 201 403 403 403 403 403", GRANT, glass),
    Door("post", "api:grant-move", "401 404 404 403 201 403 403 403 403 403", GRANT, moved),
    Door("get", "api:raise-list", API_SIGNED_IN),
    Door("get", "api:raise-detail", API_OWN_ROW, RAISE),
    Door("post", "api:raise-end", "401 404 404 403 200 200 403 403 200 200", RAISE),
    Door("post", "api:raise-review", "401 404 404 403 403 200 403 403 200 200", RAISE, REVIEW),
    Door("get", "api:cost-centre-list", API_SIGNED_IN, note="empty for who may not read it"),
    Door("get", "api:cost-centre-detail", "401 404 404 404 404 200 200 200 200 200", API_CENTRE),
    Door(
        "patch",
        "api:cost-centre-detail",
        "401 404 404 404 404 200 403 403 403 200",
        API_CENTRE,
        always(budget_usd="1000"),
    ),
    Door("get", "api:raise-laid", API_SIGNED_IN),
    Door(
        "patch",
        "api:raise-laid",
        "401 403 403 403 403 200 403 403 403 403",
        body=always(glass_hours_at_most=4),
    ),
    Door(
        "post", "api:grant-keep", "401 404 404 403 409 403 403 403 403 403", GRANT, WHY, note="it is called"
    ),
    Door("post", "api:grant-give-back", "401 404 404 403 200 200 403 403 403 403", GRANT, WHY),
    Door(
        "post", "api:grant-ask-again", "401 404 404 409 409 409 409 409 409 409", GRANT, note="it is not over"
    ),
    Door("get", "api:certification-list", API_SIGNED_IN),
    Door(
        "post",
        "api:certification-list",
        "401 400 400 403 409 409 403 403 403 403",
        body=always(team="copilot"),
    ),
    Door("get", "api:certification-detail", API_OWN_ROW, REVIEW_PK),
    Door("get", "api:certification-rows", API_OWN_ROW, REVIEW_PK),
    Door("post", "api:certification-answer", "401 404 404 403 200 200 403 403 403 403", REVIEW_PK, kept_one),
    Door("get", "api:grant-laid", API_SIGNED_IN),
    Door("patch", "api:grant-laid", "401 403 403 403 403 200 403 403 403 403", body=always(grace_days=7)),
    Door("post", "api:grant-revoke", "401 404 404 403 200 200 403 403 403 403", GRANT, WHY),
    Door("post", "api:grant-suspend", "401 404 404 403 403 200 403 403 403 403", GRANT, WHY),
    Door("get", "api:block-list", API_SIGNED_IN),
    Door(
        "post",
        "api:block-list",
        "401 400 400 403 403 201 403 403 403 403",
        body=always(team="copilot", reason="Audit."),
    ),
    Door("get", "api:block-detail", "401 404 404 404 404 200 200 200 200 200", BLOCK, note="of another team"),
    Door("post", "api:block-lift", "401 404 404 404 404 200 403 403 403 403", BLOCK, note="of another team"),
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
ONE_RAISE = {"number": "raise.pk"}
RAISE_FORM = always(tpm="61,000", for_s="3600", reason="A launch.")
GLASS_FORM = always(tpm="61,000", hours="1", reason="An outage.")
REVIEW_FORM = always(justified="yes", finding="It was real.")
LIFE_FORM = always(
    grace_days="7",
    idle_after_days="60",
    idle_answer_days="14",
    certify_every_days="180",
    certify_within_days="21",
)
RULES_FORM = always(
    days_at_most="31",
    glass_hours_at_most="4",
    glass_percent_at_most="150",
    glass_per_month="2",
    review_within_days="2",
)
READERS_ONLY = "302 403 403 403 403 200 200 200 200 200"


OWN_POST = "302 404 404 302 302 302 302 302 302 302"


ONLY_ADMINS = "302 404 404 403 403 302 403 403 403 403"


ACCESS = [
    Door("get", "requests", SIGNED_IN),
    Door("get", "request-new", SIGNED_IN, body=of_offer),
    Door("post", "request-new", "302 400 400 302 302 400 400 400 400 400", body=asked_form),
    Door("get", "request-preview", SIGNED_IN, body=of_offer),
    Door("get", "request-questions", SIGNED_IN, body=of_offer),
    Door("get", "questions", ADMIN_READS),
    Door("post", "questions", ADMIN_ACTS, body=QUESTION_FORM),
    Door("get", "question-change", ADMIN_READS, ONE_QUESTION),
    Door("post", "question-change", ADMIN_ACTS, ONE_QUESTION, QUESTION_FORM),
    Door("post", "question-retire", ADMIN_ACTS, ONE_QUESTION),
    Door("get", "request-size", SIGNED_IN, body=of_offer),
    Door("post", "draft-keep", SIGNED_IN, body=of_offer),
    Door("post", "draft-drop", "302 302 302 302 302 302 302 302 302 302", body=of_offer),
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
    Door("get", "grant-raise", "302 404 404 403 403 200 403 403 200 200", ONE_GRANT),
    Door("post", "grant-raise", "302 404 404 403 403 302 403 403 302 302", ONE_GRANT, RAISE_FORM),
    Door("get", "grant-break-glass", "302 404 404 403 200 403 403 403 403 403", ONE_GRANT),
    Door("post", "grant-break-glass", "302 404 404 403 302 403 403 403 403 403", ONE_GRANT, GLASS_FORM),
    Door("get", "grant-move", "302 404 404 403 200 403 403 403 403 403", ONE_GRANT),
    Door("post", "grant-move", "302 404 404 403 302 403 403 403 403 403", ONE_GRANT, moved_form),
    Door("get", "raise", OWN_ROW, ONE_RAISE),
    Door("get", "raise-end", "302 404 404 403 200 200 403 403 200 200", ONE_RAISE),
    Door("post", "raise-end", "302 404 404 403 302 302 403 403 302 302", ONE_RAISE),
    Door("post", "raise-review", "302 404 404 403 403 302 403 403 302 302", ONE_RAISE, REVIEW_FORM),
    Door("get", "cost-centres", READERS_ONLY),
    Door("get", "cost-centre", READERS_ONLY, CENTRE),
    Door("post", "cost-centre", "302 403 403 403 403 302 403 403 403 302", CENTRE, always(budget="1000")),
    Door("get", "raise-rules", READERS_ONLY),
    Door("post", "raise-rules", "302 403 403 403 403 302 403 403 403 403", body=RULES_FORM),
    Door("get", "team-certify", OWN_ROW, TEAM),
    Door("post", "team-certify", "302 404 404 403 302 302 403 403 403 403", TEAM, kept_all),
    Door("post", "team-certify-begin", "302 404 404 403 409 409 403 403 403 403", TEAM, note="one is open"),
    Door("get", "grant-idle", OWN_ROW, ONE_GRANT),
    Door(
        "post", "grant-keep", "302 404 404 403 409 403 403 403 403 403", ONE_GRANT, WHY, note="it is called"
    ),
    Door("post", "grant-give-back", MANAGERS, ONE_GRANT, WHY),
    Door(
        "post", "grant-ask-again", "302 404 404 409 409 409 409 409 409 409", ONE_GRANT, note="it is not over"
    ),
    Door("get", "life-rules", READERS_ONLY),
    Door("post", "life-rules", "302 403 403 403 403 302 403 403 403 403", body=LIFE_FORM),
    Door("get", "grant-revoke", "302 404 404 403 200 200 403 403 403 403", ONE_GRANT),
    Door("post", "grant-revoke", MANAGERS, ONE_GRANT, WHY),
    Door("get", "grant-suspend", "302 404 404 403 403 200 403 403 403 403", ONE_GRANT),
    Door("get", "team-standing", OWN_ROW, TEAM),
    Door("get", "team-suspend", "302 403 403 403 403 200 403 403 403 403", TEAM),
    Door("post", "team-suspend", "302 403 403 403 403 302 403 403 403 403", TEAM, WHY),
    Door(
        "post",
        "team-resume",
        "302 404 404 404 404 302 403 403 403 403",
        TEAM_BLOCK,
        block_of_team,
        note="of another team",
    ),
    Door("post", "grant-suspend", ONLY_ADMINS, ONE_GRANT, WHY),
    Door("post", "grant-resume", "302 404 404 403 403 409 403 403 403 403", ONE_GRANT),
]


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
