"""The other unmodified clients, each in a program of its own, through the gateway to a host that nobody here wrote.

`make soak PART=clients`; named so that `make test`, which has no time to install them, does not collect it.
"""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import make
from tests.foreign import install
from tests.foreign.conftest import World
from tests.foreign.test_openai_sdk import DOT
from tests.tenants.gateway.traffic import booked

HERE = Path(__file__).resolve().parent / "callers"
HELLO = "Grüezi from a host that nobody here wrote."
TOLD: dict[str, tuple[Any, list[int]]] = {
    "whole": (HELLO, [40, 11]),
    "stream": (HELLO, [40, 11]),
    "tool": ({"city": "Zürich", "days": [1, 2]}, [61, 23]),
    "what a tool said": ("21 °C in Zürich.", [84, 8]),
    "picture": ("A red dot.", [310, 4]),
    "structure": ({"city": "Zürich", "people": 443_037}, [47, 14]),
    "responses": (HELLO, [40, 11]),
    "embeddings": ([[0.25, -0.5, 0.125]] * 2, [0, 0]),
    "messages": (HELLO, [40, 11]),
}
EVERY = set(TOLD) - {"messages"}
# What each client asks; langchain-openai speaks no messages, and llm's own commands have no tools by hand.
ASKS = {
    "langchain": EVERY,
    "litellm": EVERY | {"messages"},
    "llm": {"whole", "stream", "picture", "structure"},
    "vercel": EVERY | {"messages"},
}
# How each shows a refusal: litellm keeps our words but not the code; llm shows the words and ends with 1.
CODES = {"401": "invalid_api_key", "403": "model_not_granted", "429": "limit.tokens_per_day"}
WORDS = {"401": "No usable key|live key", "403": "grant", "429": "has used"}


@pytest.fixture(scope="module")
def callers() -> Path:
    try:
        install.ready("host")
        return install.ready("callers")
    except install.Unreachable as why:
        pytest.skip(f"not run: {why}")


def told_to(client: str, world: World, spent: str, folder: Path) -> dict[str, dict[str, Any]]:
    """What the program of that client printed, by case."""
    command = [install.python("callers"), str(HERE / f"ask_{client}.py")]
    if client == "vercel":
        script = (
            install.FOREIGN / "callers" / "ask_vercel.mjs"
        )  # beside its packages, where Node looks for them
        script.write_text((HERE / "ask_vercel.mjs").read_text())
        command = [install.node(), str(script)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, cwd=folder,
        env={
            "PATH": os.environ["PATH"], "HOME": str(folder), "URL": world.gateway.url, "KEY": world.secret,
            "SPENT_KEY": spent, "PICTURE": DOT, "LLM_USER_PATH": str(folder), "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        },
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {row["case"]: row for row in rows}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("client", sorted(ASKS))
def test_a_client_is_told_what_the_host_said_and_the_ledger_agrees(
    client: str, callers: Path, world: World, tmp_path: Path
) -> None:
    grant = make.grant(offer=world.offers["gpt-4o"], limits={"tokens_per_day": 1})
    seen = {event.pk for event in booked(0)}
    told = told_to(client, world, make.key(grant)[1], tmp_path)
    assert set(told) == ASKS[client] | set(CODES)
    for case in ASKS[client]:
        assert (told[case]["text"], told[case]["usage"]) == TOLD[case]
    calls = [event for event in booked(len(seen) + len(told) - 1) if event.pk not in seen]
    answered = [[event.tokens_in, event.tokens_out] for event in calls if event.outcome == "ok"]
    assert answered == [row["usage"] for case, row in told.items() if case in TOLD]
    for case, code in CODES.items():
        row = told[case]
        shown = WORDS[case] if client in ("litellm", "llm") else re.escape(code)
        assert re.search(shown, row.get("code") or row["said"]), row
        assert row.get("exit", row.get("status")) == (1 if client == "llm" else int(case))
        if "retry_after" in row and case == "429":
            assert row["retry_after"] is None or int(row["retry_after"]) >= 1
