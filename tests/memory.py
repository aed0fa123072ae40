"""Is a gateway's memory flat? `python -m tests.memory --calls 1000000`: one process, everything on, a reading each tenth.

Prints JSON; exit 1 when the process is larger by more than MOST_MB at the end than after the first tenth.
"""

import argparse
import json
import os
import re
import sys
import tempfile
from pathlib import Path

MOST_MB = 16.0


def main() -> int:
    parser = argparse.ArgumentParser(description="A gateway's memory over many calls.")
    parser.add_argument("--calls", type=int, default=1_000_000)
    calls = parser.parse_args().calls
    from tests import servers  # noqa: F401  (starts PostgreSQL and Redis before Django reads its settings)

    os.environ["DJANGO_SETTINGS_MODULE"] = "foundry.settings"
    import django

    django.setup()
    from tests.bench.gateway import helper, load
    from tests.bench.world import open_world
    from tests.processes import gateway

    with helper("host") as host:
        world = open_world(f"{host.url}/v1")
        with gateway(Path(tempfile.mkdtemp(prefix="foundry-memory-")), world.gateway_url) as ours:
            read = []
            for _ in range(10):
                load(ours, world.secret, calls // 10)
                read.append(resident_mb(ours.process.pid))
    grown = read[-1] - read[0]
    faults = [f"it grew by {grown:.1f} MB"] if grown > MOST_MB else []
    print(
        json.dumps(
            {"calls": calls // 10 * 10, "resident_mb": read, "grown_mb": round(grown, 1), "faults": faults}
        )
    )
    return len(faults)


def resident_mb(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return round(int(found[1]) / 1024, 1)


if __name__ == "__main__":
    sys.exit(main())
