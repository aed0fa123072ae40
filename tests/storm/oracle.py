"""What the upstream served and the callers saw, against what the ledger says."""

import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from tests.storm.callers import Seen
from tests.storm.rates import Served, passed_rates
from tests.storm.world import MOST_OUT, World

PRICE_IN, PRICE_OUT = 3_000, 15_000  # nano-dollars a token
SPENT = """
SELECT coalesce(sum(tokens_in + tokens_out), 0), coalesce(sum(cost_nanos), 0) FROM usage_event WHERE grant_id = %s
"""


MISSING = """
SELECT count(*) FROM unnest(%s::text[]) AS seen(call_id)
WHERE NOT EXISTS (SELECT FROM usage_event WHERE usage_event.call_id = seen.call_id)
"""
BOOKED = """
SELECT call_id, grant_id, started_at, outcome, basis, tokens_in, tokens_out, cost_nanos FROM usage_event
WHERE outcome <> 'refused'
"""


@dataclass(slots=True)
class Booked:
    grant_id: int
    started_at: datetime
    outcome: str
    basis: str
    tokens_in: int
    tokens_out: int
    cost_nanos: int | None


class Oracle:
    """:param patience_s: how long what is left may take to be booked."""

    def __init__(self, world: World, seen: Seen, patience_s: float) -> None:
        self.world, self.seen, self.patience_s = world, seen, patience_s
        self.booked: dict[str, Booked] = {}
        self.twice: list[str] = []
        self.outcomes: Counter[str] = Counter()

    def wait(self) -> float:
        """Until no dead gateway's spool is left, nothing waits and nothing is held; the seconds that took."""
        began = time.monotonic()
        while self.unsettled() and time.monotonic() - began < self.patience_s:
            self.world.tend()
            time.sleep(0.25)
        return time.monotonic() - began

    def unsettled(self) -> str:
        locks = list((self.world.home / "spool").glob("*.lock"))
        if len(locks) > len(self.world.urls):
            return f"{len(locks)} spools of {len(self.world.urls)} gateways are left"
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT coalesce(sum(waiting), 0) FROM usage_shipper WHERE seen_at > now() - interval '20 s'"
            )
            waiting = cursor.fetchone()[0]
            cursor.execute("SELECT count(*) FROM quotas_window WHERE tokens_held <> 0 OR usd_nanos_held <> 0")
            held = cursor.fetchone()[0]
            # An answer whose caller has left may be read on for a while.
            cursor.execute(MISSING, [self.seen.left])
            missing = cursor.fetchone()[0]
        if waiting or held or missing:
            return f"{waiting} calls wait, {held} windows still hold something, {missing} that began are not booked"
        return ""

    def faults(self) -> list[str]:
        """Everything that differs, in words."""
        from tenants.usage.verify import verify

        self.read()
        served = self.served()
        found = [f"not settled: {why}"] if (why := self.unsettled()) else []
        found += self.passed_limits(served)
        found += [f"{call} is booked twice" for call in self.twice]
        found += [f"{call} was served and is not booked" for call in served.keys() - self.booked.keys()]
        for call, row in self.booked.items():
            if row.outcome in ("ok", "cancelled"):
                found += self.settled(call, row, served.get(call))
            elif row.outcome == "unknown":
                found += unknown(call, row)
        for call in self.seen.answered:
            if call not in self.booked or self.booked[call].outcome != "ok":
                found.append(f"{call} was answered, and is booked as {self.booked.get(call)}")
        found += [
            f"{call} began to be answered, and is not booked"
            for call in self.seen.left
            if call not in self.booked
        ]
        found += [f"{proof.name}: {line}" for proof in verify() for line in proof.differing]
        return found + self.aside()

    def read(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(BOOKED)
            while rows := cursor.fetchmany(10_000):
                for call, *row in rows:
                    self.twice += [call] if call in self.booked else []
                    self.booked[call] = Booked(*row)
                    self.outcomes[row[2]] += 1

    def served(self) -> dict[str, Served]:
        """Every call that the upstream served."""
        with self.world.served.open("rb") as lines:
            return {
                line["call_id"]: Served(line["tokens_in"], line["tokens_out"], line["began"], line["noted"])
                for line in map(orjson.loads, lines)
            }

    def settled(self, call: str, row: Booked, served: Served | None) -> list[str]:
        if served is None:
            return [f"{call} is booked as {row.outcome} and was never served"]
        if (row.tokens_in, row.tokens_out) != (served.tokens_in, served.tokens_out):
            return [f"{call} was answered with {served}, and {row.tokens_in}, {row.tokens_out} are booked"]
        costs = cost(served.tokens_in, served.tokens_out)
        return [] if row.cost_nanos == costs else [f"{call} costs {row.cost_nanos}, not {costs}"]

    def passed_limits(self, served: dict[str, Served]) -> list[str]:
        """Hard limits of any kind that let more pass than their maximum."""
        found = []
        for kind in self.world.kinds:
            with connection.cursor() as cursor:
                cursor.execute(SPENT, [kind.grant_id])
                tokens, nanos = cursor.fetchone()
            for name, used in (("tokens_per_day", tokens), ("usd_per_month", nanos)):
                if name in kind.limits and used > kind.limits[name]:
                    found.append(f"{kind.name} used {used} of {kind.limits[name]} {name}")
            calls = [
                (row.started_at.timestamp(), served[call])
                for call, row in self.booked.items()
                if row.grant_id == kind.grant_id and call in served
            ]
            found += [f"{kind.name} {line}" for line in passed_rates(kind.limits, calls)]
        return found

    def aside(self) -> list[str]:
        path = self.world.home / "spool" / "rejected.jsonl"
        return (
            [f"put aside: {line[:300]!r}" for line in path.read_bytes().splitlines()] if path.exists() else []
        )

    def told(self) -> dict[str, Any]:
        return {"booked": dict(self.outcomes)}


def unknown(call: str, row: Booked) -> list[str]:
    """Charged at what was held: every byte of the question, and all that it might have been answered."""
    held = (
        row.basis == "estimated"
        and row.tokens_out == MOST_OUT
        and row.cost_nanos == cost(row.tokens_in, row.tokens_out)
    )
    return [] if held else [f"{call} is unknown, and not charged at its hold: {row}"]


def cost(tokens_in: int, tokens_out: int) -> int:
    return tokens_in * PRICE_IN + tokens_out * PRICE_OUT
