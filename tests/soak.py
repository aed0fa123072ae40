"""`make soak`: what chance decides, many times over; resumable. Writes var/soak.json.

`python -m tests.soak [part …]` runs some of it. Each part is a command in a process of its own, again and again: tests of
the suite, or a program that prints what it counted as JSON. Rounds that are done at the same commit are not done
again, so that a stopped soak goes on where it was.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "var" / "soak.json"
GATEWAY, ACCESS = "tests/tenants/gateway", "tests/tenants/access"


@dataclass(frozen=True, slots=True)
class Part:
    """:param command: what `python -m` runs. :param environment: what it is told beside."""

    name: str
    rounds: int
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)


def suite(name: str, rounds: int, *paths: str, each: int = 0) -> Part:
    """:param each: rounds that each test goes within one process, where it counts them."""
    return Part(
        name, rounds, ("pytest", "-q", *paths, "--timeout=900"), {"ROUNDS": str(each)} if each else {}
    )


PARTS = [
    Part("storm", 20, ("tests.storm", "--calls", "50000", "--kills", "100")),  # a million calls
    Part("memory", 1, ("tests.memory", "--calls", "1000000")),
    suite(
        "hundred", 6, f"{GATEWAY}/test_hundred.py::test_of_500_at_once_exactly_100_pass", each=8
    ),  # of 21 kinds and spreads
    suite(
        "levels",
        50,
        f"{GATEWAY}/test_hundred.py::test_two_grants_share_what_their_levels_allow_to_exactly_100",
    ),  # of 20
    suite("kill", 20, f"{GATEWAY}/test_kill.py"),
    suite("limits", 20, f"{GATEWAY}/test_limits.py"),
    suite("outage", 20, f"{GATEWAY}/test_outage.py"),
    suite("two_at_once", 10, f"{ACCESS}/test_two_at_once.py", f"{ACCESS}/test_more_at_once.py", each=100),
    Part(
        "as_of",
        4,
        ("pytest", "-q", f"{ACCESS}/test_as_of.py", "-k", "every_moment", "--hypothesis-profile=soak"),
    ),
    suite("worker", 20, "tests/catalog/test_worker.py"),
    suite("kill_sync", 20, "tests/catalog/test_kill_sync.py"),
    suite("idempotency", 20, "tests/foundry/api/test_idempotency.py"),
    suite("clients", 1, "tests/foreign/soak_callers.py"),
    suite("notify_kill", 5, "tests/foundry/notify/test_kill.py"),
]


def commit() -> str:
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def load(now_at: str) -> dict[str, Any]:
    """The results so far, where they are of this commit."""
    try:
        held: dict[str, Any] = json.loads(RESULTS.read_text())
    except (OSError, ValueError):
        held = {}
    return held if held.get("commit") == now_at else {"commit": now_at, "soaks": {}}


def once(part: Part) -> tuple[dict[str, float], str]:
    """What one round counted, `failed` and `seconds` among it, and the end of what it said."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", *part.command], cwd=ROOT, capture_output=True, text=True, check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith("TEST_")} | part.environment,
    )  # fmt: skip
    counted = dict(counts(done.stdout))
    if done.returncode and not counted.get("failed"):
        counted["failed"] = 1
    return counted | {"seconds": round(time.monotonic() - started, 1)}, (done.stdout + done.stderr)[-4000:]


def counts(said: str) -> Iterator[tuple[str, float]]:
    """Numbers of pytest's last line, or those of the JSON that a program printed."""
    try:
        told = json.loads(said)
    except ValueError:
        for number, word in re.findall(r"(\d+) (passed|failed|error)", said):
            yield word, int(number)
        return
    for name, value in told.items():
        if isinstance(value, int | float) and name != "seed":
            yield name, value
        elif isinstance(value, dict):
            yield from ((f"{name}.{each}", number) for each, number in value.items())


def run(part: Part, results: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = results["soaks"].setdefault(
        part.name, {"rounds": 0, "counted": {}, "failed_rounds": 0, "said": []}
    )
    while row["rounds"] < part.rounds:
        counted, said = once(part)
        bad = bool(counted.get("failed") or counted.get("error"))
        row["rounds"] += 1
        row["failed_rounds"] += bad
        row["said"] += [said] if bad else []
        for name, number in counted.items():
            row["counted"][name] = round(row["counted"].get(name, 0) + number, 1)
        RESULTS.write_text(json.dumps(results, indent=1))
    return row


def main(wanted: list[str]) -> int:
    if unknown := set(wanted) - {part.name for part in PARTS}:
        print(
            f"There is no part {', '.join(sorted(unknown))}. There is: {', '.join(part.name for part in PARTS)}."
        )
        return 2
    results = load(commit())
    RESULTS.parent.mkdir(exist_ok=True)
    failed = 0
    for part in PARTS:
        if not wanted or part.name in wanted:
            row = run(part, results)
            failed += row["failed_rounds"]
            numbers = ", ".join(f"{name} {number:,}" for name, number in row["counted"].items())
            print(
                f"{part.name:<12} {row['rounds']:>3} rounds, {row['failed_rounds']} failed: {numbers}",
                flush=True,
            )
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
