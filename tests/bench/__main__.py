"""`make bench`: every module of this package with a `measure()`; prints a table and writes var/bench.json.

Ends with 1 when a figure misses its aim.
"""

import json
import os
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from tests import servers  # noqa: F401  (starts PostgreSQL and Redis before Django reads its settings)

ROOT = Path(__file__).resolve().parent.parent.parent
HELPERS = {"__main__", "load", "measure", "servers", "world"}


def main(wanted: list[str]) -> int:
    """Measure what is named, or everything; figures that are not measured now stay as they were."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "foundry.settings"
    import django

    django.setup()
    target = ROOT / "var" / "bench.json"
    target.parent.mkdir(exist_ok=True)
    missed = False
    figures = json.loads(target.read_text()) if target.exists() else {}
    for name in sorted(module.name for module in iter_modules([str(Path(__file__).parent)])):
        if name in HELPERS or (wanted and name not in wanted):
            continue
        for found in import_module(f"tests.bench.{name}").measure():
            figures[found.name] = {
                "value": round(found.value, 4),
                "unit": found.unit,
                "against": found.against,
                "runs": found.runs,
            }
            print(f"{found.name:<32}{found.value:>10.3f} {found.unit:<6} {found.against}", flush=True)
            if found.misses:
                missed = True
                print(f"{'':<32}{found.misses}", flush=True)
    target.write_text(json.dumps(figures, indent=2) + "\n")
    print(f"written to {target}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
