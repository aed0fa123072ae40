"""aimock as a host: it answers by `answers.json` and takes one credential; what it is sent can be read at its wire."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import processes
from tests.foreign import install
from tests.foreign.tap import Tap, tap

HERE = Path(__file__).resolve().parent
CREDENTIAL = "sk-of-the-foreign-host"


@contextmanager
def foreign_host(folder: Path) -> Iterator[Tap]:
    """Raises install.Unreachable, install.Failed."""
    installed, port = install.ready("host"), processes.free_port()
    program = installed / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
    with processes.serving(
        [install.node(), str(program), "--port", str(port), "--fixtures", str(HERE / "answers.json"), "--strict"],
        port, folder / "aimock.log", "/health", AIMOCK_API_KEYS=CREDENTIAL,
    ), tap("127.0.0.1", port) as wire:  # fmt: skip
        yield wire
