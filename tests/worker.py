"""A real Celery worker in a process of its own, on the test's database and Redis."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from celery import current_app

from foundry.local.processes import die_with_parent
from tests.servers import Urls

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def worker(database: Urls, log: Path, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """Running and answering when the block starts; ended with it."""
    environment = os.environ | {
        "DATABASE_URL": database.app_url,
        "DJANGO_SETTINGS_MODULE": "foundry.settings",
    }
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "foundry",
        "worker",
        "--pool",
        "prefork",
        "--concurrency",
        "1",
    ]
    with log.open("ab") as out:
        process = subprocess.Popen(
            [*command, "-Q", "foundry", "--without-gossip", "--without-mingle", "--loglevel", "INFO"],
            cwd=ROOT,
            env=environment | settings,
            stdout=out,
            stderr=out,
            preexec_fn=die_with_parent(),
        )
    try:
        deadline = time.monotonic() + 40
        while not current_app.control.ping(timeout=0.5, limit=1):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, "the worker never answered"
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def kill_all(pid: int) -> None:
    """Kill the worker and the process that does its tasks, without a word."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for each in (*map(int, children), pid):
        os.kill(each, signal.SIGKILL)
