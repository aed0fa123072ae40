"""What a gateway process says of itself on standard output and standard error: one JSON object per line.

A call's line is the ledger's own, with its hash: it holds no content and no secret, costs nothing to make, and whoever
keeps logs elsewhere can compare the ledger with them. They are written together, a few times a second, by a thread, so
that a call waits for no pipe.
"""

import asyncio
import json
import logging
import os
from collections import deque

WRITE_S = 0.25
MOST = 50_000  # lines kept for a reader that does not read; older ones are dropped and counted


class CallLog:
    """:param fd: where lines go; None writes none."""

    def __init__(self, fd: int | None) -> None:
        self.fd = fd
        self.lines: deque[bytes] = deque(maxlen=MOST)
        self.dropped = 0

    def add(self, line: bytes) -> None:
        """:param line: a JSON object, as `envelope.told` writes it."""
        if self.fd is None:
            return
        if len(self.lines) == MOST:
            self.dropped += 1
        self.lines.append(line)

    def write(self) -> None:
        """Everything that waits, in one go; what a full disk does not take is dropped. The calls themselves are in the spool."""
        lines = [self.lines.popleft() for _ in range(len(self.lines))]
        data = memoryview(b"".join([b'{"event":"call",%b\n' % line[1:] for line in lines]))
        try:
            while self.fd is not None and data:
                data = data[os.write(self.fd, data) :]
        except OSError:
            self.dropped += len(lines)

    async def keep_writing(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(WRITE_S)
            if self.lines:
                await asyncio.to_thread(self.write)


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
