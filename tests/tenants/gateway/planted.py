"""A gateway with one bug that kills, a storm or a bench must show: `FOUNDRY_PLANT=… python -m tests.tenants.gateway.planted`.

charged_before_sent  books a call at its worst case before the host has been asked
shipped_twice        tells the ledger who ships beside what, so that a second telling is another call to it
dropped_on_hang_up   forgets a call when its caller hangs up
lost_on_ship         takes calls out of the queue before the ledger has them
held_for_ever        never gives back what a call held and did not use
counter_added        adds the database's total to what it leases, where the total is meant
slow                 spends a millisecond of CPU on each call
"""

import asyncio
import os
import time
from collections.abc import Sequence

import orjson

from tenants.gateway import __main__ as command
from tenants.gateway import settle
from tenants.gateway.app import Gateway
from tenants.gateway.call import Call
from tenants.gateway.config import Config
from tenants.gateway.meter import Tokens
from tenants.gateway.runtime import Runtime
from tenants.gateway.server import serve
from tenants.gateway.shipper import Shipper, Totals
from tenants.gateway.spool import Entry, Row, Segment, Spool
from tenants.quotas.slices import Held, Part, Slice, Used
from tenants.usage.envelope import Envelope, told

WINDOW_S = 0.3  # between the two halves of what should be one step, so that a kill by chance falls into it


class ChargesBeforeSending(Spool):
    shipper: Shipper

    def sending(self, row: Row) -> Segment:
        mark = super().sending(row)
        self.shipper.add(self.settled(told(Envelope.from_row(row).values()), None))
        return mark


class ShipsUnderItsOwnName(Shipper):
    async def ship(
        self, lines: list[bytes], totals: Totals | None = None, *, closing: str | None = None,
        orphans: Sequence[Row] = (),
    ) -> None:  # fmt: skip
        named = [orjson.loads(line) | {"source": f"gateway {self.spool.name}"} for line in lines]
        await super().ship([orjson.dumps(row) for row in named], totals, closing=closing, orphans=orphans)
        await asyncio.sleep(WINDOW_S)


class Spends(Spool):
    def sending(self, row: Row) -> Segment:
        until = time.thread_time() + 0.001
        while time.thread_time() < until:
            pass
        return super().sending(row)


class Planted(Runtime):
    async def start(self) -> None:
        await super().start()
        if isinstance(self.spool, ChargesBeforeSending):
            self.spool.shipper = self.shipper


class DrainsBeforeBooking(Shipper):
    async def ship_batch(self, entries: list[Entry]) -> None:
        totals = Totals.of(entries)
        for _ in entries:
            self.waiting.popleft()
        self.done += len(entries)
        self.spool.booked(entries)
        self.wake()
        await asyncio.sleep(WINDOW_S)
        await self.book([entry.line for entry in entries], totals)
        totals.shipped()


def hold_for_ever() -> None:
    honest = Slice.settle

    def settle(self: Slice, held: Held, tokens: int, usd_nanos: int, now: float) -> Used | None:
        used = honest(self, held, tokens, usd_nanos, now)
        if used is not None and held.limited.tokens:
            used.day.tokens.free -= held.tokens - used.tokens
        return used

    Slice.settle = settle  # type: ignore[method-assign]


def add_counters() -> None:
    def take_in(self: Part, leased: int) -> None:
        self.free += leased
        self.leased = leased

    Part.take_in = take_in  # type: ignore[method-assign]


def drop_on_hang_up() -> None:
    honest = settle.reported

    def reported(runtime: Runtime, call: Call, tokens: Tokens | None, *, cancelled: bool) -> None:
        call.over = call.over or cancelled
        honest(runtime, call, tokens, cancelled=cancelled)

    settle.reported = reported


def plant(bug: str) -> None:
    match bug:
        case "charged_before_sent":
            Planted.spool_class = ChargesBeforeSending
        case "shipped_twice":
            Planted.shipper_class = ShipsUnderItsOwnName
        case "dropped_on_hang_up":
            drop_on_hang_up()
        case "lost_on_ship":
            Planted.shipper_class = DrainsBeforeBooking
        case "held_for_ever":
            hold_for_ever()
        case "counter_added":
            add_counters()
        case "slow":
            Planted.spool_class = Spends
        case _:
            raise SystemExit(f"FOUNDRY_PLANT={bug!r} is no bug of this file")
    Gateway.runtime_class = Planted


if __name__ == "__main__":
    plant(os.environ["FOUNDRY_PLANT"])
    asked = command.arguments()
    serve(Gateway(Config.read()), asked.host, asked.port)
