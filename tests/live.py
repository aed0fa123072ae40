"""The console in a process of its own, as it is served: gunicorn on a loopback port."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foundry.local.processes import die_with_parent
from tests.servers import Urls

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path, seconds: float = 30) -> None:
    """Return when `url` answers 200; fail with the log when the process ends or the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            assert process.poll() is None, log.read_text()[-3000:]
            assert time.monotonic() < deadline, f"{url} never answered:\n{log.read_text()[-3000:]}"
            time.sleep(0.05)


@contextmanager
def console(database: Urls, log: Path, port: int = 0, **settings: str) -> Iterator[str]:
    """The address of a running console on that database; settings are environment variables."""
    port = port or free_port()
    environment = os.environ | {
        "DATABASE_URL": database.app_url,
        "FOUNDRY_CONSOLE_URL": f"http://127.0.0.1:{port}",
    }
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "foundry.wsgi:application", "--worker-class", "gthread",
             "--threads", "8", "--bind", f"127.0.0.1:{port}", "--no-control-socket"],
            cwd=ROOT, env=environment | settings, stdout=out, stderr=out, preexec_fn=die_with_parent(),
        )  # fmt: skip
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)
