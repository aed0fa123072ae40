"""What this process knows of its calls, on disk before anybody else knows it.

One append-only file at a time, `<name>.<n>.jsonl`: a `sending` line before the host is called, a
`settled` line after. Written bytes outlive the process; a sync within 50 ms guards against losing the
machine. `<name>.lock` is locked while the process lives; whoever gets the lock of a dead one reads its
files to the end (`takeover.py`).
"""

import asyncio
import contextlib
import fcntl
import logging
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tenants.quotas.slices import Used

log = logging.getLogger(__name__)

SYNC_S = 0.05
SEGMENT_BYTES = 16 << 20
Row = dict[str, Any]


class SpoolFull(Exception):
    """The disk takes no more; no call may be made that could not be accounted for."""


@dataclass(slots=True)
class Segment:
    """One file. :ivar pending: lines that the ledger does not know yet. :ivar full: the last write failed."""

    path: Path
    fd: int
    size: int = 0
    pending: int = 0
    dirty: bool = False
    torn: bool = False
    full: bool = False

    def append(self, line: bytes) -> None:
        """Write one line. Raises SpoolFull; the next line starts anew then."""
        data = b"\n" + line if self.torn else line
        try:
            written = os.write(self.fd, data)
        except OSError as error:
            self.full = True
            raise SpoolFull(str(error)) from error
        self.size, self.dirty, self.torn = self.size + written, True, written != len(data)
        self.full = self.torn
        if self.torn:
            raise SpoolFull(f"only {written} of {len(data)} bytes were written")
        self.pending += 1

    def try_again(self) -> None:
        """An empty line, which says nothing, shows whether there is room again: a full spool gets no calls that would."""
        with contextlib.suppress(SpoolFull):
            self.append(b"\n")
            self.pending -= 1


@dataclass(slots=True)
class Entry:
    """A finished call that waits to be booked, the segments that hold its lines, and what it takes out of a lease.

    :ivar line: as the ledger takes it, JSON with its hash.
    """

    line: bytes
    segments: tuple[Segment, ...]
    used: Used | None = None


class Spool:
    """:param name: of this process; also the name under which it holds budgets."""

    def __init__(self, directory: Path, name: str) -> None:
        self.directory, self.name = directory, name
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.lock = take_lock(directory, name)
        self.number = 0
        self.segments = [self.open_segment()]

    def open_segment(self) -> Segment:
        self.number += 1
        path = self.directory / f"{self.name}.{self.number:06}.jsonl"
        return Segment(path, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600))

    def sending(self, row: Row) -> Segment:
        """Mark a call that is about to be sent; `row` is what it is booked as, not hashed yet,
        if nothing more is ever known."""
        segment = self.current()
        segment.append(orjson.dumps({"sending": row}) + b"\n")
        return segment

    def settled(self, line: bytes, mark: Segment | None) -> Entry:
        """Write what a call came to. A full disk is logged: the line still goes to the ledger from memory."""
        segment = self.current()
        try:
            segment.append(b'{"settled":%b}\n' % line)
        except SpoolFull:
            log.exception("the spool took no settled row; it is shipped from memory")
            return Entry(line, (mark,) if mark else ())
        return Entry(line, (mark, segment) if mark else (segment,))

    @property
    def free_bytes(self) -> int:
        """What the disk still takes."""
        return shutil.disk_usage(self.directory).free

    @property
    def full(self) -> bool:
        return self.segments[-1].full

    def current(self) -> Segment:
        if self.segments[-1].size > SEGMENT_BYTES:
            try:
                self.segments.append(self.open_segment())
            except OSError:
                log.exception("no new file can be made in the spool; the old one goes on")
        return self.segments[-1]

    def booked(self, entries: list[Entry]) -> None:
        """The ledger has these; files that hold nothing else go, oldest first."""
        for entry in entries:
            for segment in entry.segments:
                segment.pending -= 1
        while len(self.segments) > 1 and self.segments[0].pending <= 0:
            self.remove(self.segments.pop(0))

    def remove(self, segment: Segment) -> None:
        os.close(segment.fd)
        segment.path.unlink(missing_ok=True)

    async def keep_synced(self) -> None:
        """One sync for all that was written in the last SYNC_S, until cancelled."""
        while True:
            await asyncio.sleep(SYNC_S)
            for segment in list(self.segments):
                if segment.dirty:
                    segment.dirty = False
                    try:
                        await asyncio.to_thread(os.fdatasync, segment.fd)
                    except OSError:
                        log.exception("the spool cannot be synced")
                        segment.dirty = segment.full = True
            if self.full:
                self.segments[-1].try_again()

    def close(self) -> bool:
        """After the last call: remove the files when the ledger has everything. True when it has."""
        clean = all(segment.pending <= 0 for segment in self.segments)
        for segment in self.segments:
            os.close(segment.fd)
            if clean:
                segment.path.unlink(missing_ok=True)
        if clean:
            lock_path(self.directory, self.name).unlink(missing_ok=True)
        os.close(self.lock)
        return clean


def lock_path(directory: Path, name: str) -> Path:
    return directory / f"{name}.lock"


def take_lock(directory: Path, name: str) -> int:
    """Make and lock the file under another name first, so that nobody sees it unlocked."""
    draft, path = directory / f".{name}.lock", lock_path(directory, name)
    fd = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    draft.rename(path)
    return fd
