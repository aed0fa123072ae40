"""The table: who gets which status where. Columns as in `world.KINDS`:

nobody nina omar mia olga ada ops aud sam fin
(nina is in no team; omar owns another team; mia is a member, olga the owner of the team whose rows are asked for;
ada admin, ops, aud auditor, sam security, fin finance.)

302 for nobody is the sign-in page; 302 for others is the redirect after a form was taken. 404 is how a foreign
row answers: it does not exist. 403 is a page for other roles. 400, 405, 409: let in, and the body was not usable.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.urls import reverse

from foundry.lib import clock
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
    Door("get", "audit-question", "302 403 403 403 403 200 403 200 403 403", {"name": "access"}),
    Door("get", "audit-question-csv", "302 403 403 403 403 200 403 200 403 403", {"name": "exceptions"}),
    Door("get", "schema", EVERYBODY),
    Door("get", "api-docs", EVERYBODY),
    Door("get", "api:me-list", API_SIGNED_IN),
    Door("get", "api:audit-list", "401 200 200 200 200 200 200 200 200 200", note="others see an empty list"),
    Door("get", "api:audit-detail", "401 404 404 404 404 200 404 200 404 404", {"pk": "1"}),
]
TEAM, MEMBER = {"slug": "team.slug"}, {"slug": "team.slug", "user_id": "member.pk"}
MANAGERS = "302 404 404 403 302 302 403 403 403 403"


def new_member(world: World) -> dict[str, Any]:
    return {"member-email": "nina@foundry.example", "member-role": "member"}


def new_application(world: World) -> dict[str, Any]:
    return {"application-slug": "ide", "application-name": "Editor", "application-environment": "production"}


def new_team(world: World) -> dict[str, Any]:
    return {"slug": "docs", "name": "Docs", "cost_centre": "4450", "owner": "nina@foundry.example"}


def bare(body: Body) -> Body:
    """The same fields as the API names them."""
    return lambda world: {name.partition("-")[2] or name: value for name, value in body(world).items()}


def always(**fields: Any) -> Body:
    return lambda world: fields


TEAMS = [
    Door("get", "teams", SIGNED_IN),
    Door("get", "team", OWN_ROW, TEAM),
    Door("get", "team-new", "302 403 403 403 403 200 403 403 403 403"),
    Door("post", "team-new", "302 403 403 403 403 302 403 403 403 403", body=new_team),
    Door("post", "team-add-member", MANAGERS, TEAM, new_member),
    Door("post", "team-change-role", MANAGERS, MEMBER, always(role="owner")),
    Door(
        "post", "team-remove-member", "302 404 404 302 302 302 403 403 403 403", MEMBER, note="mia may leave"
    ),
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
WHY = always(reason="Because.")
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


def of_offer(world: World) -> dict[str, Any]:
    return {"offer": world.rows["offer"].pk}


def stand_in(world: World) -> dict[str, Any]:
    today = clock.now().date()
    return {"to": "lee@foundry.example", "starts_on": str(today), "ends_on": str(today + timedelta(days=3))}


SAID = always(text="Why so much?")
OWN_POST = "302 404 404 302 302 302 302 302 302 302"
ONE_REQUEST, ONE_GRANT = {"number": "request.pk"}, {"number": "grant.pk"}
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
ADMIN_READS = "302 403 403 403 403 200 403 403 403 403"
ADMIN_CANNOT = "302 403 403 403 403 409 403 403 403 403"
ADMIN_ACTS = "302 403 403 403 403 302 403 403 403 403"
API_ADMIN = "401 403 403 403 403 200 403 403 403 403"
SUPPLY_READS = "302 403 403 403 403 200 200 200 403 403"
HOST, OFFER, CHANGE = {"slug": "host.slug"}, {"offer_id": "offer.pk"}, {"change_id": "change.pk"}
PRICE = always(input_per_million="2", output_per_million="8", basis="negotiated", source="contract")


def new_host(world: World) -> dict[str, Any]:
    return {
        "slug": "local",
        "name": "Local",
        "connector": "openai_compatible",
        "listing": {"base_url": "https://models.example/v1"},
    }


def host_form(world: World) -> dict[str, Any]:
    return {
        "slug": "local",
        "name": "Local",
        "connector": "openai_compatible",
        "listing_base_url": "https://models.example/v1",
        "calling_auth": "bearer",
    }


def same_host_form(world: World) -> dict[str, Any]:
    return host_form(world) | {"slug": world.rows["host"].slug}


def one_notice(world: World) -> dict[str, Any]:
    return {"notice": world.rows["notice"].pk}


def waiting_change(world: World) -> dict[str, Any]:
    return {"change": str(world.rows["change"].pk), "yes": "1"}


def waiting_changes(world: World) -> dict[str, Any]:
    return {"ids": [world.rows["change"].pk]}


KEEPER_READS = "302 403 403 403 403 200 200 403 403 403"
KEEPER_ACTS = "302 403 403 403 403 302 302 403 403 403"
API_KEEPER = "401 403 403 403 403 200 200 403 403 403"
API_KEEPER_MAKES = "401 403 403 403 403 201 201 403 403 403"
PAUSE = always(reason="It fails.", for_s="3600")


def longer(world: World) -> dict[str, Any]:
    return {"ends_at": str(world.rows["pause"].ends_at + timedelta(hours=1))}


POOL, POOL_PK = {"pool_id": "pool.pk"}, {"pk": "pool.pk"}
SIZE = always(maximum="700", tpm_per_unit="1000", source="contract")
API_POOL_ADMIN = "401 404 404 404 404 200 403 403 404 403"


def pool_form(world: World) -> dict[str, Any]:
    named = {"host": world.rows["host"].slug, "name": "ptu", "unit": "PTU"}
    return named | {"maximum": "700", "source": "contract"}


def offers_form(world: World) -> dict[str, Any]:
    return {"offer": world.rows["offer"].pk, "why-source": "contract"}


def pool_offers(world: World) -> dict[str, Any]:
    return {"offers": [world.rows["offer"].pk], "source": "contract"}


def assigned(world: World) -> dict[str, Any]:
    return {"offers": list(world.rows["own_pool"].offers.values_list("pk", flat=True))}


SUPPLY = [
    Door("get", "catalog", SIGNED_IN),
    Door("get", "catalog-compare", SIGNED_IN, body=of_offer),
    Door("get", "catalog-model", SIGNED_IN, {"publisher": "publisher.slug", "model": "model.slug"}),
    Door("get", "offer", "302 302 302 302 302 302 302 302 302 302", OFFER, note="leads to the model's page"),
    Door("get", "offer-price", ADMIN_READS, OFFER),
    Door("post", "offer-price", ADMIN_ACTS, OFFER, PRICE),
    Door("post", "offer-show", ADMIN_ACTS, OFFER, always(hidden="1")),
    Door("get", "hosts", SUPPLY_READS),
    Door("get", "host", SUPPLY_READS, HOST),
    Door("get", "host-progress", SUPPLY_READS, HOST),
    Door("get", "host-new", ADMIN_READS),
    Door("post", "host-new", ADMIN_ACTS, body=host_form),
    Door("get", "host-change", ADMIN_READS, HOST),
    Door("post", "host-change", ADMIN_ACTS, HOST, same_host_form),
    Door("post", "host-sync", "302 403 403 403 403 302 302 403 403 403", HOST),
    Door("post", "host-check", ADMIN_ACTS, HOST),
    Door("post", "host-switch", ADMIN_ACTS, HOST, always(on="")),
    Door("get", "sync", SUPPLY_READS),
    Door("post", "run-settle", ADMIN_ACTS, {"run_id": "run.pk"}, always(yes="1")),
    Door("post", "run-take", ADMIN_CANNOT, {"run_id": "run.pk"}, note="its listing was not doubted"),
    Door("get", "changes", SUPPLY_READS),
    Door("get", "feed", SIGNED_IN),
    Door("post", "changes-settle", ADMIN_ACTS, body=waiting_change),
    Door("post", "change-apply", ADMIN_ACTS, CHANGE),
    Door("post", "change-dismiss", ADMIN_ACTS, CHANGE),
    Door("get", "pauses", SUPPLY_READS),
    Door("get", "health", SUPPLY_READS),
    Door("get", "host-health", SUPPLY_READS, HOST),
    Door("get", "host-pause", KEEPER_READS, HOST),
    Door("post", "host-pause", KEEPER_ACTS, HOST, PAUSE),
    Door("get", "offer-pause", KEEPER_READS, OFFER),
    Door("post", "offer-pause", KEEPER_ACTS, OFFER, PAUSE),
    Door("post", "pause-lift", KEEPER_ACTS, {"pause_id": "pause.pk"}),
    Door("post", "pause-prolong", KEEPER_ACTS, {"pause_id": "pause.pk"}, always(for_s="900")),
    Door("get", "capacity", "302 403 403 403 403 200 200 200 403 200"),
    Door("get", "pool", "302 403 403 403 403 200 200 200 403 200", POOL),
    Door("get", "pool-new", ADMIN_READS),
    Door("post", "pool-new", ADMIN_ACTS, body=pool_form),
    Door("post", "pool-set", ADMIN_ACTS, POOL, SIZE),
    Door("post", "pool-promise", ADMIN_ACTS, POOL, always(percent="150")),
    Door("post", "pool-leave", ADMIN_ACTS, {"pool_id": "own_pool.pk"}),
    Door("post", "pool-offers", ADMIN_ACTS, POOL, offers_form),
]
TERMS, HAND_OFFER = {"slug": "terms.slug"}, {"offer_id": "hand_offer.pk"}


def terms_form(world: World) -> dict[str, Any]:
    return {"slug": "fresh", "title": "Fresh", "hosted_by": "us", "training": "none"}


def terms_body(world: World) -> dict[str, Any]:
    return {"slug": "fresh", "title": "Fresh", "facts": {"hosted_by": "us", "training": "none"}}


def hand_form(world: World) -> dict[str, Any]:
    """What the offer made by hand is, again, with another stage."""
    model = world.rows["hand_offer"].model
    return {
        "publisher": model.publisher.slug,
        "model": model.slug,
        "lifecycle": "preview",
        "source": "a mail",
    }


def new_hand_form(world: World) -> dict[str, Any]:
    return hand_form(world) | {"model": "grok-6"}


SOURCE = always(source="a mail")
HAND = [
    Door("get", "terms-list", SIGNED_IN),
    Door("get", "terms", SIGNED_IN, TERMS),
    Door("get", "terms-new", ADMIN_READS),
    Door("post", "terms-new", ADMIN_ACTS, body=terms_form),
    Door("get", "terms-next", ADMIN_READS, TERMS),
    Door("post", "terms-next", ADMIN_ACTS, TERMS, terms_form),
    Door("get", "terms-acknowledgements", SIGNED_IN, TERMS),
    Door(
        "post",
        "terms-acknowledge",
        "302 404 404 302 302 403 403 403 403 403",
        TERMS,
        always(team="copilot", version="1"),
    ),
    Door("get", "host-terms", ADMIN_READS, HOST),
    Door("post", "host-terms", ADMIN_ACTS, HOST, always(terms="house", which="bare")),
    Door("get", "offer-terms", ADMIN_READS, OFFER),
    Door("post", "offer-terms", ADMIN_ACTS, OFFER, always(terms="house")),
    Door("get", "offer-lifecycle", ADMIN_READS, OFFER),
    Door("post", "offer-lifecycle", ADMIN_ACTS, OFFER, always(lifecycle="legacy", source="a mail")),
    Door(
        "post",
        "offer-leave",
        "302 403 403 403 403 409 403 403 403 403",
        OFFER,
        note="nothing was set by hand",
    ),
    Door("get", "offer-new", ADMIN_READS, HOST),
    Door("post", "offer-new", ADMIN_ACTS, HOST, new_hand_form),
    Door("get", "offer-change", ADMIN_READS, HAND_OFFER),
    Door("post", "offer-change", ADMIN_ACTS, HAND_OFFER, hand_form),
    Door("post", "offer-withdraw", ADMIN_ACTS, HAND_OFFER, SOURCE),
    Door("get", "unpublished", "302 403 403 403 403 200 200 403 403 403"),
    Door("post", "host-publish", ADMIN_ACTS, HOST, always(all="1", from_now_on="0")),
]
API_HOST, API_OFFER, API_CHANGE = HOST, {"pk": "offer.pk"}, {"pk": "change.pk"}
EMPTY_FOR_OTHERS = "list, empty for who may not read it"
API_READS = "401 404 404 404 404 200 200 200 404 404"
SUPPLY_API = [
    Door("get", "api:publisher-list", API_SIGNED_IN),
    Door("get", "api:publisher-detail", API_SIGNED_IN, {"slug": "publisher.slug"}),
    Door("get", "api:host-list", API_SIGNED_IN),
    Door("post", "api:host-list", "401 403 403 403 403 201 403 403 403 403", body=new_host),
    Door("get", "api:host-detail", API_SIGNED_IN, API_HOST),
    Door("patch", "api:host-detail", API_ADMIN, API_HOST, always(name="Renamed")),
    Door("post", "api:host-check", API_ADMIN, API_HOST),
    Door("post", "api:host-sync", "401 403 403 403 403 202 202 403 403 403", API_HOST),
    Door("get", "api:model-list", API_SIGNED_IN),
    Door("get", "api:model-detail", API_SIGNED_IN, {"pk": "model.pk"}),
    Door("get", "api:offer-list", API_SIGNED_IN),
    Door("get", "api:offer-detail", API_SIGNED_IN, API_OFFER),
    Door("patch", "api:offer-detail", API_ADMIN, API_OFFER, always(hidden=True)),
    Door("post", "api:offer-price", "401 403 403 403 403 201 403 403 403 403", API_OFFER, PRICE),
    Door("get", "api:sync-run-list", API_SIGNED_IN, note=EMPTY_FOR_OTHERS),
    Door("get", "api:sync-run-detail", API_READS, {"pk": "run.pk"}),
    Door("get", "api:change-list", API_SIGNED_IN, note=EMPTY_FOR_OTHERS),
    Door("get", "api:change-detail", API_READS, API_CHANGE),
    Door("post", "api:change-apply", "401 404 404 404 404 200 403 403 404 404", API_CHANGE),
    Door("get", "api:change-feed", API_SIGNED_IN),
    Door("post", "api:change-apply-many", API_ADMIN, body=waiting_changes),
    Door("post", "api:change-dismiss-many", API_ADMIN, body=waiting_changes),
    Door("post", "api:sync-run-take", "401 404 404 404 404 409 403 403 404 404", {"pk": "run.pk"}),
    Door("post", "api:change-dismiss", "401 404 404 404 404 200 403 403 404 404", API_CHANGE),
    Door("get", "api:host-health", API_SIGNED_IN, API_HOST),
    Door("get", "api:offer-health", API_SIGNED_IN, API_OFFER),
    Door("get", "api:host-pause", API_KEEPER, API_HOST),
    Door("post", "api:host-pause", API_KEEPER_MAKES, API_HOST, PAUSE),
    Door("post", "api:host-resume", API_KEEPER, {"slug": "paused_host.slug"}),
    Door("get", "api:offer-pause", API_KEEPER, API_OFFER),
    Door("post", "api:offer-pause", API_KEEPER_MAKES, API_OFFER, PAUSE),
    Door("post", "api:offer-resume", "401 403 403 403 403 409 409 403 403 403", API_OFFER, note="not paused"),
    Door("get", "api:pause-list", API_SIGNED_IN),
    Door("get", "api:pause-detail", API_SIGNED_IN, {"pk": "pause.pk"}),
    Door("patch", "api:pause-detail", API_KEEPER, {"pk": "pause.pk"}, longer),
    Door("get", "api:pool-list", API_SIGNED_IN, note=EMPTY_FOR_OTHERS),
    Door("post", "api:pool-list", "401 403 403 403 403 201 403 403 403 403", body=pool_form),
    Door("patch", "api:pool-detail", API_POOL_ADMIN, POOL_PK, SIZE),
    Door("get", "api:pool-history", "401 404 404 404 404 200 200 200 404 200", POOL_PK),
    Door("post", "api:pool-leave", API_POOL_ADMIN, {"pk": "own_pool.pk"}),
    Door("post", "api:pool-assign", API_POOL_ADMIN, POOL_PK, pool_offers),
    Door("post", "api:pool-release", API_POOL_ADMIN, {"pk": "own_pool.pk"}, assigned),
    Door("get", "api:pool-detail", "401 404 404 404 404 200 200 200 404 200", {"pk": "pool.pk"}),
]
HOOK, DELIVERY, NOTICE = {"hook_id": "hook.pk"}, {"delivery_id": "delivery.pk"}, {"pk": "notice.pk"}
MINE_ONLY = "401 404 404 200 404 404 404 404 404 404"
HOOK_FORM = always(name="Chat", kind="slack", address="https://hooks.example/x")
NOTIFY = [
    Door("get", "inbox", SIGNED_IN),
    Door("post", "inbox-read", "302 404 404 302 404 404 404 404 404 404", body=one_notice),
    Door("post", "inbox-preset", "302 302 302 302 302 302 302 302 302 302", body=always(preset="digest")),
    Door("get", "hooks", ADMIN_READS),
    Door("post", "hooks", "302 403 403 403 403 200 403 403 403 403", body=HOOK_FORM),
    Door("get", "hook", ADMIN_READS, HOOK),
    Door("post", "hook-switch", ADMIN_ACTS, HOOK, always(on="")),
    Door("post", "hook-try", ADMIN_ACTS, HOOK),
    Door("post", "hook-again", ADMIN_ACTS, DELIVERY),
    Door("get", "api:notice-list", API_SIGNED_IN),
    Door("get", "api:notice-detail", MINE_ONLY, NOTICE),
    Door("post", "api:notice-read", API_SIGNED_IN),
    Door("get", "api:hook-list", API_SIGNED_IN, note=EMPTY_FOR_OTHERS),
    Door("post", "api:hook-list", "401 403 403 403 403 201 403 403 403 403", body=HOOK_FORM),
    Door("get", "api:hook-detail", "401 404 404 404 404 200 404 404 404 404", {"pk": "hook.pk"}),
    Door("get", "api:hook-deliveries", "401 404 404 404 404 200 404 404 404 404", {"pk": "hook.pk"}),
    Door("post", "api:hook-trial", "401 404 404 404 404 202 404 404 404 404", {"pk": "hook.pk"}),
]
CAMPAIGN, CAMPAIGN_PK = {"number": "campaign.pk"}, {"pk": "campaign.pk"}
WHO_SEES_IT, KEEPERS = "302 404 404 302 302 302 302 302 302 302", "302 403 403 403 403 302 302 403 403 403"


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
    Door("post", "retirement-move", WHO_SEES_IT, CAMPAIGN, move, "others are told that they may not"),
    Door("post", "retirement-successor", KEEPERS, CAMPAIGN, move),
    Door("post", "retirement-close", KEEPERS, CAMPAIGN, always(why="Over.")),
    Door("get", "api:retirement-list", API_SIGNED_IN),
    Door("get", "api:retirement-detail", API_OWN_ROW, CAMPAIGN_PK),
    Door("get", "api:retirement-teams", API_OWN_ROW, CAMPAIGN_PK),
    Door("post", "api:retirement-plan", "401 404 404 200 200 403 403 403 403 403", CAMPAIGN_PK, plan),
]
ONE_WISH, WISH_PK = {"number": "wish.pk"}, {"pk": "wish.pk"}


def opening(world: World) -> dict[str, Any]:
    ends_on = (clock.now() + timedelta(days=30)).date()
    return {"opened_as": world.rows["fresh_offer"].pk, "ends_on": str(ends_on)}


def waits(world: World) -> dict[str, Any]:
    return {"team": "copilot", "offer": world.rows["other_hand_offer"].pk, "application": "chat", "purpose": "Answers",
            "data_class": "internal", "limits": {"tpm": 1000}}  # fmt: skip


WAITING = [
    Door("get", "offer-waiting", SIGNED_IN, HAND_OFFER),
    Door("post", "waiting-stop", "302 404 404 302 302 403 404 404 404 404", ONE_WISH),
    Door("get", "offer-open", ADMIN_READS, HAND_OFFER),
    Door(
        "post",
        "offer-open",
        API_ADMIN.replace("401", "302"),
        HAND_OFFER,
        opening,
        "it shows what became of each",
    ),
    Door("get", "api:wish-list", API_SIGNED_IN),
    Door("post", "api:wish-list", "401 400 400 201 201 403 403 403 403 403", body=waits),
    Door("delete", "api:wish-detail", "401 404 404 204 204 403 404 404 404 404", WISH_PK),
    Door(
        "post",
        "api:wish-open",
        API_ADMIN,
        body=lambda world: opening(world) | {"offer": world.rows["hand_offer"].pk},
    ),
]
ONE_HAND = {"pk": "hand_offer.pk"}


def hand_body(world: World) -> dict[str, Any]:
    return hand_form(world) | {"host": world.rows["hand_offer"].host.slug}


HAND_API = [
    Door("get", "api:terms-list", API_SIGNED_IN),
    Door("get", "api:terms-detail", API_SIGNED_IN, TERMS),
    Door("post", "api:terms-list", "401 403 403 403 403 201 403 403 403 403", body=terms_body),
    Door("post", "api:terms-versions", "401 403 403 403 403 201 403 403 403 403", TERMS, terms_body),
    Door("get", "api:acknowledgement-list", API_SIGNED_IN),
    Door(
        "post",
        "api:acknowledgement-list",
        "401 400 400 201 201 403 403 403 403 403",
        body=always(team="copilot", terms="house", version=1),
    ),
    Door(
        "post",
        "api:offer-list",
        "401 403 403 403 403 201 403 403 403 403",
        body=lambda world: hand_body(world) | {"model": "grok-6"},
    ),
    Door("put", "api:offer-detail", API_ADMIN, ONE_HAND, hand_body),
    Door("post", "api:offer-withdraw", API_ADMIN, ONE_HAND, SOURCE),
    Door("post", "api:offer-lifecycle", API_ADMIN, API_OFFER, always(lifecycle="legacy", source="a mail")),
    Door("post", "api:offer-leave-to-host", "401 403 403 403 403 409 403 403 403 403", API_OFFER),
    Door("post", "api:offer-terms", API_ADMIN, API_OFFER, always(terms="house")),
    Door("post", "api:host-publish", API_ADMIN, HOST, always(from_now_on=False)),
]
DOORS: list[Door] = [
    *ADVICE,
    *GROUND,
    *NOTIFY,
    *TEAMS,
    *ACCESS_API,
    *ACCESS,
    *POLICIES,
    *KEYS,
    *USAGE,
    *SUPPLY,
    *SUPPLY_API,
    *HAND,
    *WAITING,
    *HAND_API,
]
