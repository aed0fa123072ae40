"""LiteLLM's answers, by socket and from a file: what is read, what is translated, what never gets further."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from foundry.lib.http import BadAnswer
from tenants.moving import litellm
from tenants.moving.litellm import Unreadable
from tests.fakes import litellm as fake
from tests.fakes.litellm import HASH, MASTER, PIECE, LiteLLM
from tests.fakes.provider import Reply, serve

TODAY = date(2026, 11, 26)
LOOPBACK = ["127.0.0.0/8"]


def read(**changed: Any) -> litellm.Read:
    return litellm.read(litellm.opened(json.dumps(fake.export() | changed).encode()), TODAY)


@pytest.mark.parametrize("old", [False, True])
def test_every_page_is_read_over_the_wire_with_the_credential(old: bool) -> None:
    with serve(LiteLLM(old=old)) as server:
        export = litellm.fetch(server.url, MASTER, LOOPBACK)
        assert {each.headers["authorization"] for each in server.asked} == {f"Bearer {MASTER}"}
    assert [len(export[name]) for name in ("teams", "keys", "models", "users")] == [3, 6, 2, 1]
    assert litellm.read(export, TODAY) == read()


def test_an_answer_that_refuses_is_said() -> None:
    with serve(lambda _: Reply(b"{}", status=401)) as server, pytest.raises(BadAnswer, match="401"):
        litellm.fetch(server.url, "sk-wrong", LOOPBACK)


def test_a_key_and_a_model_become_one_future_grant() -> None:
    found = {(each.team, each.application, each.model): each for each in read().found}
    assert sorted(found) == [
        ("Copilot", "copilot-prod", "gpt-4o"),
        ("Copilot", "unnamed keys", "fast"),
        ("Research", "main", "fast"),
        ("Research", "main", "gpt-4o"),
    ]
    prod = found["Copilot", "copilot-prod", "gpt-4o"]
    assert prod.limits == {"tpm": 60_000, "rpm": 600, "usd_per_month": 250_500_000_000}
    assert (prod.owner, prod.backs, prod.spent_usd) == (
        "olga@foundry.example",
        "azure/gpt-4o",
        Decimal("12.345678"),
    )
    assert prod.ends_on == date(2026, 12, 31)
    assert prod.notes == [
        "rpm, usd_per_month: the team's, which its keys share there.",
        "250.5 USD each 30d: a month's budget.",
    ]
    unnamed = found["Copilot", "unnamed keys", "fast"]
    assert (unnamed.keys, unnamed.limits["rpm"]) == (2, 30)
    assert found["Research", "main", "fast"].limits == {"usd_per_month": 300_000_000_000}  # 70 a week
    assert read().left_out == {"expired there": 1, "blocked there": 1, "of LiteLLM's own pages": 1}


@pytest.mark.parametrize(
    ("budget", "every", "spend", "limits"),
    [
        (10, "1d", 0, {"usd_per_day": 10_000_000_000}),
        (10, "24h", 0, {"usd_per_day": 10_000_000_000}),
        (10, "1mo", 0, {"usd_per_month": 10_000_000_000}),
        (0.1, "30d", 0, {"usd_per_month": 100_000_000}),
        (10, "3d", 0, {"usd_per_month": 100_000_000_000}),
        (10, None, 2.5, {"usd_per_month": 7_500_000_000}),
        (10, None, 12, {}),
    ],
)
def test_budgets_are_translated_with_their_period(
    budget: float, every: str | None, spend: float, limits: dict[str, int]
) -> None:
    key = fake.key("a", None, models=["fast"], max_budget=budget, budget_duration=every, spend=spend)
    (found,) = read(teams=[], keys=[key]).found
    assert found.limits == limits
    assert len(found.notes) == 1


INSIDE = (
    "sk-abcdef1234567890",
    "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0",
    "eyJhbGciOiJIUzI1NiJ9.e30",
    "q7Zk2mP9xW4vB8nR1tY6cL3d",
)


def hidden_keys() -> list[dict[str, Any]]:
    return [fake.key(f"my key {secret} is", "team-1") for secret in INSIDE]


def test_a_secret_inside_any_name_is_hidden_and_the_rest_of_the_name_stays() -> None:
    named = f"gpt {INSIDE[0]}"
    team = {"team_id": "t", "team_alias": f"core {INSIDE[1]}", "models": [named]}
    model = {"model_name": named, "litellm_params": {"model": f"openai/{INSIDE[3]}"}}
    found = read(teams=[team], keys=[fake.key(None, "t", models=[])], models=[model]).found
    assert [(each.team, each.model, each.backs) for each in found] == [("core …", "gpt …", "openai/…")]
    assert {each.application for each in read(keys=hidden_keys()).found} == {"my key … is", "main"}
    plain = [
        "task-force-risk-desk",
        "claude-3-5-sonnet-20241022",
        "disk-sk",
        "support-bot-2026-production-eu",
    ]
    assert [litellm.without_secrets(each) for each in plain] == plain
    with pytest.raises(Unreadable) as refused:
        read(keys=[fake.key("a", INSIDE[0])])
    assert INSIDE[0] not in str(refused.value)


def test_no_hash_no_piece_of_a_key_and_no_credential_gets_further() -> None:
    said = str(
        read(
            keys=[
                *fake.KEYS,
                *hidden_keys(),
                fake.key("sk-pasted-as-an-alias", "team-1"),
                fake.key(HASH, "team-1"),
            ]
        )
    )
    for secret in (HASH, PIECE, *INSIDE, "sk-of-azure", "sk-pasted"):
        assert secret not in said


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"teams": {"data": []}}, "teams: must be a list"),
        ({"teams": [7]}, r"teams\[0\]: must be an object"),
        ({"keys": ["abc"]}, r"keys\[0\]: must be an object, with `return_full_object=true`"),
        ({"keys": [fake.key("a", "team-9")]}, r"keys\[0\]\.team_id: there is no team 'team-9'"),
        (
            {"keys": [fake.key("a", "team-1", tpm_limit="many")]},
            r"keys\[0\]\.tpm_limit: must be a whole number",
        ),
        ({"keys": [fake.key("a", "team-1", tpm_limit=-1)]}, r"keys\[0\]\.tpm_limit"),
        ({"keys": [fake.key("a", "team-1", max_budget=-1)]}, r"keys\[0\]\.max_budget: must be USD"),
        (
            {"keys": [fake.key("a", "team-1", max_budget=5, budget_duration="soon")]},
            r"keys\[0\]\.budget_duration: 'soon' is no time",
        ),
        (
            {"keys": [fake.key("a", "team-1", expires="tomorrow")]},
            r"keys\[0\]\.expires: 'tomorrow' is no time",
        ),
        ({"keys": [fake.key("a", "team-1", models="gpt")]}, r"keys\[0\]\.models: must be a list of names"),
        ({"teams": [fake.team(1, "A", team_id=None)]}, r"teams\[0\]\.team_id: must be a text"),
        ({"models": [{"model_name": "x", "litellm_params": "y"}]}, r"models\[0\]\.litellm_params"),
    ],
)
def test_what_cannot_be_read_names_its_row(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        read(**changed)


@pytest.mark.parametrize("raw", [b"", b"{", b"[1]", b'{"teams": []}', b"[" * 100_000])
def test_what_is_no_export_is_said(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        litellm.read(litellm.opened(raw), TODAY)
