"""A gateway with one bug that the kill test must find: `FOUNDRY_PLANT=… python -m tests.tenants.gateway.planted`.

charged_before_sent  books a call at its worst case before the host has been asked
shipped_twice        tells the ledger who ships beside what, so that a second telling is another call to it
dropped_on_hang_up   forgets a call when its caller hangs up
"""

import os

from tenants.gateway import __main__ as command
from tenants.gateway import settle
from tenants.gateway.app import Gateway
from tenants.gateway.call import Call
from tenants.gateway.config import Config
from tenants.gateway.meter import Tokens
from tenants.gateway.runtime import Runtime
from tenants.gateway.shipper import Shipper, Totals
from tenants.gateway.spool import Row, Segment, Spool
from tenants.usage.envelope import Envelope


class ChargesBeforeSending(Spool):
    shipper: Shipper

    def sending(self, row: Row) -> Segment:
        mark = super().sending(row)
        self.shipper.add(self.settled(Envelope.from_row(row).row(), None))
        return mark


class ShipsUnderItsOwnName(Shipper):
    async def ship(
        self, rows: list[Row], totals: Totals | None = None, *, closing: str | None = None
    ) -> None:
        named = [row | {"source": f"gateway {self.spool.name}"} for row in rows]
        await super().ship(named, totals, closing=closing)


class Planted(Runtime):
    async def start(self) -> None:
        await super().start()
        if isinstance(self.spool, ChargesBeforeSending):
            self.spool.shipper = self.shipper


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
        case _:
            raise SystemExit(f"FOUNDRY_PLANT={bug!r} is no bug of this file")
    Gateway.runtime_class = Planted


if __name__ == "__main__":
    plant(os.environ["FOUNDRY_PLANT"])
    asked = command.arguments()
    command.serve(Gateway(Config.read()), asked.host, asked.port)
