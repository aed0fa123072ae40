"""What a gateway process says of itself on standard output and standard error: one JSON object per line.

Calls come from the ledger's own row, which holds no content and no secret; they are written together, a few
times a second, by a thread, so that a call waits for no pipe.
"""

import asyncio
import json
import logging
import os
from collections import deque
from typing import Any

import orjson

WRITE_S = 0.25
MOST = 50_000  # lines kept for a reader that does not read; older ones are dropped and counted
NOT_SAID = frozenset({"source", "price_id", "basis", "overshoot_tokens", "kinds", "told_nanos"})


class CallLog:
    """:param fd: where lines go; None writes none."""

    def __init__(self, fd: int | None) -> None:
        self.fd = fd
        self.rows: deque[dict[str, Any]] = deque(maxlen=MOST)
        self.dropped = 0

    def add(self, row: dict[str, Any]) -> None:
        if self.fd is None:
            return
        if len(self.rows) == MOST:
            self.dropped += 1
        self.rows.append(row)

    def write(self) -> None:
        """Everything that waits, in one go; what a full disk does not take is dropped. The calls themselves are in the spool."""
        rows = [self.rows.popleft() for _ in range(len(self.rows))]
        data = memoryview(b"".join(map(line_of, rows)))
        try:
            while self.fd is not None and data:
                data = data[os.write(self.fd, data) :]
        except OSError:
            self.dropped += len(rows)

    async def keep_writing(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(WRITE_S)
            if self.rows:
                await asyncio.to_thread(self.write)


def line_of(row: dict[str, Any]) -> bytes:
    said = {name: value for name, value in row.items() if (value or value == 0) and name not in NOT_SAID}
    return b'{"event":"call",%b\n' % orjson.dumps(said)[1:]


class JsonFormatter(logging.Formatter):
    """A log record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told)


def log_as_json() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
