"""The spool on disk: what a dead process left is read to its end, and a full disk is said before a call is made."""

import asyncio
import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import orjson
import pytest

from tenants.gateway import spool as spooling
from tenants.gateway.shipper import GATHER_S, Shipper, Totals
from tenants.gateway.spool import Row, Spool, SpoolFull
from tenants.gateway.takeover import left, take_over
from tenants.quotas.store import Pool
from tenants.usage.envelope import Envelope, Outcome, told

AT = datetime(2026, 11, 1, tzinfo=UTC)


def envelope(call_id: str, outcome: Outcome = Outcome.OK) -> Envelope:
    return Envelope(source="gateway", call_id=call_id, started_at=AT, team_id=1, outcome=outcome)


def row(call_id: str, outcome: Outcome = Outcome.OK) -> dict[str, Any]:
    return envelope(call_id, outcome).row()


def line(call_id: str) -> bytes:
    return told(envelope(call_id).values())


class Told:
    """A shipper that remembers."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.closed: list[str] = []

    async def book(self, lines: list[bytes]) -> None:
        await self.ship(lines)

    async def ship(self, lines: list[bytes], closing: str | None = None, orphans: Sequence[Row] = ()) -> None:
        self.rows += map(orjson.loads, lines)
        self.closed += [closing] if closing else []


def test_sent_and_not_settled_is_unknown_and_a_torn_last_line_says_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "dead")
    for call in ("a", "b"):
        spool.sending(row(call, Outcome.UNKNOWN))
    spool.settled(line("a"), None)
    os.write(spool.segments[0].fd, b'{"settled": {"call_id": "b", "outc')
    settled, orphans = left([spool.segments[0].path])
    found = {each["call_id"]: each["outcome"] for each in settled + orphans}
    assert [each["call_id"] for each in orphans] == ["b"]
    assert found == {"a": "ok", "b": "unknown"}


def test_a_call_may_be_settled_in_a_later_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spooling, "SEGMENT_BYTES", 10)
    spool = Spool(tmp_path, "dead")
    mark = spool.sending(row("a", Outcome.UNKNOWN))
    entry = spool.settled(line("a"), mark)
    assert len(spool.segments) == 2
    settled, orphans = left(sorted(tmp_path.glob("*.jsonl")))
    assert ([each["outcome"] for each in settled], orphans) == (["ok"], [])
    spool.booked([entry])
    assert len(list(tmp_path.glob("*.jsonl"))) == 1


def test_a_living_process_is_left_alone_and_a_dead_ones_spool_is_closed_last(tmp_path: Path) -> None:
    spool, shipper = Spool(tmp_path, "other"), Told()
    spool.sending(row("a", Outcome.UNKNOWN))
    assert not asyncio.run(take_over(tmp_path, "other", shipper))  # type: ignore[arg-type]
    os.close(spool.lock)
    assert asyncio.run(take_over(tmp_path, "other", shipper))  # type: ignore[arg-type]
    assert [each["outcome"] for each in shipper.rows] == ["unknown"]
    assert shipper.closed == ["other"]
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_refuses_the_call_and_the_next_line_starts_anew(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "full")
    segment = spool.segments[0]
    kept, segment.fd = segment.fd, os.open("/dev/full", os.O_WRONLY)
    with pytest.raises(SpoolFull, match="No space left"):
        spool.sending(row("a"))
    entry = spool.settled(line("b"), None)
    assert orjson.loads(entry.line)["call_id"] == "b"
    os.close(segment.fd)
    segment.fd, segment.torn = kept, True
    spool.sending(row("c"))
    assert segment.path.read_bytes().startswith(b"\n")
    assert orjson.loads(segment.path.read_bytes().strip())["sending"]["call_id"] == "c"


def test_a_line_is_the_row_with_its_hash() -> None:
    assert orjson.loads(line("a")) == row("a")


def test_a_clean_end_leaves_nothing_behind(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "clean")
    mark = spool.sending(row("a", Outcome.UNKNOWN))
    spool.booked([spool.settled(line("a"), mark)])
    assert spool.close()
    assert list(tmp_path.iterdir()) == []


class Slow(Shipper):
    """The real shipper before a ledger that takes 20 ms for a batch."""

    sizes: list[int]

    async def ship(
        self, lines: list[bytes], totals: Totals | None = None, *, closing: str | None = None
    ) -> None:
        self.sizes.append(len(lines))
        await asyncio.sleep(0.02)


def test_calls_that_come_all_the_time_are_shipped_together_and_a_flush_waits_for_no_more(
    tmp_path: Path,
) -> None:
    async def steadily() -> tuple[list[int], int, float]:
        spool = Spool(tmp_path, "busy")
        shipper = Slow(cast("Pool", None), spool)
        shipper.sizes = []
        running = asyncio.create_task(shipper.run())
        for number in range(60):
            shipper.add(spool.settled(line(str(number)), None))
            await asyncio.sleep(0.005)
        began = time.monotonic()
        await shipper.flush()
        flushed_s = time.monotonic() - began
        running.cancel()
        return shipper.sizes, len(shipper.waiting), flushed_s

    sizes, waiting, flushed_s = asyncio.run(steadily())
    assert (sum(sizes), waiting) == (60, 0)
    assert len(sizes) <= 7, f"{len(sizes)} batches of {sizes} calls in less than half a second"
    assert flushed_s < GATHER_S
