"""`make soak`: the tests that chance decides, many times over; resumable. Writes var/soak.json.

Each soak is a test of the suite, run again and again in a process of its own. Rounds that are done at the
same commit are not done again, so that a stopped soak goes on where it was.
"""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "var" / "soak.json"
GATEWAY = "tests/tenants/gateway"
# What is run -> how often
SOAKS = {
    "tests/tenants/access/test_two_at_once.py": 50,
    f"{GATEWAY}/test_kill.py": 20,
    f"{GATEWAY}/test_limits.py": 20,
    f"{GATEWAY}/test_hundred.py": 72,  # 14 rounds each
    f"{GATEWAY}/test_outage.py": 20,
    "tests/catalog/test_worker.py": 20,
    "tests/catalog/test_kill_sync.py": 20,
    "tests/foundry/api/test_idempotency.py": 20,
    "tests/foundry/notify/test_kill.py": 5,
}


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


def once(test: str) -> tuple[int, int, float, str]:
    """Passed and failed tests of one round, its seconds, and the end of what it said."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", test], cwd=ROOT, capture_output=True, text=True, check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith("TEST_")},
    )  # fmt: skip
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|error)", done.stdout)}
    bad = counts.get("failed", 0) + counts.get("error", 0) + (done.returncode != 0 and not counts)
    return counts.get("passed", 0), bad, time.monotonic() - started, done.stdout[-2000:]


def main() -> None:
    results = load(commit())
    RESULTS.parent.mkdir(exist_ok=True)
    for test, rounds in SOAKS.items():
        row = results["soaks"].setdefault(
            test, {"rounds": 0, "passed": 0, "failed": 0, "seconds": 0.0, "said": []}
        )
        while row["rounds"] < rounds:
            passed, failed, seconds, said = once(test)
            row["rounds"] += 1
            row["passed"] += passed
            row["failed"] += failed
            row["seconds"] = round(row["seconds"] + seconds, 1)
            row["said"] += [said] if failed else []
            RESULTS.write_text(json.dumps(results, indent=1))
        print(
            f"{test:<48} {row['rounds']:>3} rounds, {row['passed']} passed, {row['failed']} failed",
            flush=True,
        )
    sys.exit(any(row["failed"] for row in results["soaks"].values()))


if __name__ == "__main__":
    main()
