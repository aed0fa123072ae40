"""Calls in a storm: `python -m tests.storm --calls 10000 --kills 20 [--seed N] [--plant BUG]`.

Three gateways, PostgreSQL, Redis and a Celery worker of its own; while callers call, one of them is killed with
`kill -9`, again and again, by chance, and started again. The upstream, which is never killed, notes every call that
it serves before it answers. In the end its log and what the callers saw are held against the ledger: prints what
came of it as JSON, exit 1 when anything differs. With `--plant` the gateways have a bug (tests/tenants/gateway/planted.py).
"""

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.storm.world import World

os.environ["TEST_ENTERED"] = "1"  # this one starts servers of its own, which may be killed


def main() -> int:
    parser = argparse.ArgumentParser(description="Calls while everything is killed, by chance.")
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--callers", type=int, default=48)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--plant", default="")
    parser.add_argument(
        "--only", default="", help="which of them are killed, with commas; all where left out"
    )
    parser.add_argument("--patience", type=float, default=120, help="seconds for what is left to be booked")
    asked = parser.parse_args()
    from tests.storm.world import World

    began = time.monotonic()
    with ExitStack() as stack:
        home = Path(
            stack.enter_context(
                tempfile.TemporaryDirectory(prefix="foundry-storm-", ignore_cleanup_errors=True)
            )
        )
        home.chmod(0o711)
        world = World(home, asked.calls, asked.plant)
        stack.callback(world.stop)
        world.start()
        told = asyncio.run(storm(world, asked))
    told |= {"seed": asked.seed, "plant": asked.plant, "seconds": round(time.monotonic() - began, 1)}
    print(json.dumps(told, indent=1))
    return 1 if told["faults"] else 0


async def storm(world: "World", asked: argparse.Namespace) -> dict[str, object]:
    from tests.storm.callers import Callers
    from tests.storm.kills import Killer
    from tests.storm.oracle import Oracle

    chance = random.Random(asked.seed)
    callers = Callers(world, asked.calls, chance)
    killer = Killer(world, callers, asked.kills, chance, asked.only)
    await asyncio.gather(callers.run(asked.callers), killer.run())
    await asyncio.to_thread(world.mend)
    oracle = Oracle(world, callers.seen, asked.patience)
    waited = await asyncio.to_thread(oracle.wait)
    faults = await asyncio.to_thread(oracle.faults)
    return {
        "calls": callers.done, "kills": dict(killer.killed), **callers.seen.told(), **oracle.told(),
        "settled_after_s": round(waited, 1), "faults": faults[:20], "faults_in_all": len(faults),
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
