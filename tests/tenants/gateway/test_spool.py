"""The spool on disk: what a dead process left is read to its end, and a full disk is said before a call is made."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from tenants.gateway import spool as spooling
from tenants.gateway.spool import Spool, SpoolFull
from tenants.gateway.takeover import left, take_over
from tenants.usage.envelope import Envelope, Outcome

AT = datetime(2026, 11, 1, tzinfo=UTC)


def row(call_id: str, outcome: Outcome = Outcome.OK) -> dict[str, Any]:
    return Envelope(source="gateway", call_id=call_id, started_at=AT, team_id=1, outcome=outcome).row()


class Told:
    """A shipper that remembers."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.closed: list[str] = []

    async def book(self, rows: list[dict[str, Any]]) -> None:
        await self.ship(rows)

    async def ship(self, rows: list[dict[str, Any]], closing: str | None = None) -> None:
        self.rows += rows
        self.closed += [closing] if closing else []


def test_sent_and_not_settled_is_unknown_and_a_torn_last_line_says_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "dead")
    for call in ("a", "b"):
        spool.sending(row(call, Outcome.UNKNOWN))
    spool.settled(row("a"), None)
    os.write(spool.segments[0].fd, b'{"settled": {"call_id": "b", "outc')
    found = {each["call_id"]: each["outcome"] for each in left([spool.segments[0].path])}
    assert found == {"a": "ok", "b": "unknown"}


def test_a_call_may_be_settled_in_a_later_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spooling, "SEGMENT_BYTES", 10)
    spool = Spool(tmp_path, "dead")
    mark = spool.sending(row("a", Outcome.UNKNOWN))
    entry = spool.settled(row("a"), mark)
    assert len(spool.segments) == 2
    assert [each["outcome"] for each in left(sorted(tmp_path.glob("*.jsonl")))] == ["ok"]
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
    entry = spool.settled(row("b"), None)
    assert entry.row["call_id"] == "b"
    os.close(segment.fd)
    segment.fd, segment.torn = kept, True
    spool.sending(row("c"))
    assert segment.path.read_bytes().startswith(b"\n")
    assert orjson.loads(segment.path.read_bytes().strip())["sending"]["call_id"] == "c"


def test_a_clean_end_leaves_nothing_behind(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "clean")
    mark = spool.sending(row("a", Outcome.UNKNOWN))
    spool.booked([spool.settled(row("a"), mark)])
    assert spool.close()
    assert list(tmp_path.iterdir()) == []
