"""Finish what a dead process began: read its spool to the end, book everything, give back what it held.

A call with a `sending` line and no `settled` one is booked as *unknown*, at its worst case: nobody can
say what the host did, nor whether it still does, so that it counts among running calls for a minute after
its process's last sign of life. Only the holder of the dead process's lock does this.
"""

import asyncio
import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from tenants.gateway.shipper import MOST, Shipper
from tenants.gateway.spool import Row, lock_path
from tenants.quotas.store import DOWN
from tenants.usage.envelope import Envelope

log = logging.getLogger(__name__)

EVERY_S = 5.0


async def keep_taking_over(directory: Path, mine: str, shipper: Shipper) -> None:
    """Look for dead processes' spools now and every EVERY_S, until cancelled."""
    while True:
        for path in sorted(directory.glob("*.lock")):
            if path.stem != mine:
                try:
                    await take_over(directory, path.stem, shipper)
                except (*DOWN, OSError) as error:
                    log.warning("cannot take over %s now: %s", path.stem, type(error).__name__)
        await asyncio.sleep(EVERY_S)


async def take_over(directory: Path, name: str, shipper: Shipper) -> bool:
    """Book a dead process's calls. False when it lives, or another one takes it over."""
    with dead(directory, name) as is_dead:
        if not is_dead:
            return False
        files = sorted(directory.glob(f"{name}.*.jsonl"))
        settled, orphans = await asyncio.to_thread(left, files)
        rows = settled + orphans
        for start in range(0, len(rows), MOST):
            await shipper.book([orjson.dumps(row) for row in rows[start : start + MOST]])
        await shipper.ship([], closing=name, orphans=orphans)
        for path in files:
            path.unlink(missing_ok=True)
        lock_path(directory, name).unlink(missing_ok=True)
        log.warning("took over %s: its %d calls are booked", name, len(rows))
        return True


def left(files: list[Path]) -> tuple[list[Row], list[Row]]:
    """What a process left: its settled rows, and the calls that it had sent and nothing more."""
    settled: list[Row] = []
    sent: dict[str, Row] = {}
    for path in files:
        for line in path.read_bytes().split(b"\n"):
            match parse(line):
                case {"sending": row}:
                    sent[row["call_id"]] = row
                case {"settled": row}:
                    sent.pop(row["call_id"], None)
                    settled.append(row)
    return settled, [Envelope.from_row(row).row() for row in sent.values()]


def parse(line: bytes) -> Row:
    """One line; a torn one says nothing, because what it would say had not happened yet."""
    try:
        found = orjson.loads(line) if line else {}
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


@contextmanager
def dead(directory: Path, name: str) -> Iterator[bool]:
    """Hold the lock of a process that no longer does; False when it lives or is gone already."""
    try:
        fd = os.open(lock_path(directory, name), os.O_RDWR)
    except FileNotFoundError:
        yield False
        return
    try:
        yield locked(fd) and os.fstat(fd).st_nlink > 0
    finally:
        os.close(fd)


def locked(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
