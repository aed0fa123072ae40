"""LiteLLM's management API on loopback, with the shapes of version 1.110: pages of two, hashes and pieces of keys among them."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.provider import Reply, told

HASH = "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b"
PIECE = "sk-...Z9qX"
MASTER = "sk-master-of-litellm"


def team(number: int, alias: str, **fields: Any) -> dict[str, Any]:
    return {
        "team_id": f"team-{number}", "team_alias": alias, "admins": [], "members": [], "metadata": {}, "blocked": False,
        "members_with_roles": [{"role": "admin", "user_id": "u-olga", "user_email": None}], "tpm_limit": None,
        "rpm_limit": None, "max_budget": None, "budget_duration": None, "models": [], "spend": 0.0, "max_parallel_requests": None,
    } | fields  # fmt: skip


def key(alias: str | None, team_id: str | None, **fields: Any) -> dict[str, Any]:
    return {
        "token": HASH, "key_name": PIECE, "key_alias": alias, "team_id": team_id, "user_id": "u-olga", "spend": 0.0,
        "max_budget": None, "budget_duration": None, "expires": None, "models": [], "tpm_limit": None, "rpm_limit": None,
        "max_parallel_requests": None, "blocked": None, "metadata": {}, "litellm_budget_table": None,
    } | fields  # fmt: skip


TEAMS = [
    team(1, "Copilot", rpm_limit=600, max_budget=250.5, budget_duration="30d", models=["gpt-4o", "fast"]),
    team(2, "Research", models=["all-proxy-models"], max_budget=70, budget_duration="7d"),
    team(3, "Blocked", blocked=True),
]
KEYS = [
    key(
        "copilot-prod",
        "team-1",
        models=["gpt-4o"],
        tpm_limit=60_000,
        spend=12.345678,
        expires="2026-12-31T00:00:00Z",
    ),
    key(None, "team-1", models=["fast"], rpm_limit=10),
    key(None, "team-1", models=["fast"], rpm_limit=30),
    key("old", "team-1", expires="2020-01-01T00:00:00+00:00"),
    key("stopped", "team-3"),
    key("ui", "litellm-dashboard"),
]
MODELS = [
    {
        "model_name": "gpt-4o",
        "litellm_params": {"model": "azure/gpt-4o", "api_key": "sk-of-azure"},
        "model_info": {"id": "1"},
    },
    {"model_name": "fast", "litellm_params": {"model": "openai/gpt-4o-mini"}, "model_info": {"id": "2"}},
]
USERS = [{"user_id": "u-olga", "user_email": "olga@foundry.example", "user_role": "internal_user"}]


def export() -> dict[str, Any]:
    return {"teams": TEAMS, "keys": KEYS, "models": MODELS, "users": USERS}


class LiteLLM:
    """A script for a `Provider`. :param old: knows no pages of teams, as LiteLLM did once."""

    def __init__(self, *, old: bool = False) -> None:
        self.old = old

    def __call__(self, asked: str) -> Reply:
        address = urlsplit(asked)
        page = int(parse_qs(address.query).get("page", ["1"])[0])
        if address.path == "/v2/team/list" and not self.old:
            return told(
                {"teams": part(TEAMS, page), "total": 3, "page": page, "page_size": 2, "total_pages": 2}
            )
        if address.path == "/team/list" and self.old:
            return told(TEAMS)
        if address.path == "/key/list" and "return_full_object=true" in address.query:
            return told({"keys": part(KEYS, page), "total_count": 6, "current_page": page, "total_pages": 3})
        if address.path == "/v1/model/info":
            return told({"data": MODELS})
        if address.path == "/user/list":
            return told({"users": USERS, "total": 1, "page": 1, "page_size": 2, "total_pages": 1})
        return Reply(b'{"detail": "Not Found"}', status=404)


def part(rows: list[dict[str, Any]], page: int) -> list[dict[str, Any]]:
    return rows[(page - 1) * 2 : page * 2]
