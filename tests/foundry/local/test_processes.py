"""Children of the runner: restarted when they end, ended when it ends, by whatever means."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from foundry.local.processes import Program, stop_all, tend

FOREVER = [sys.executable, "-c", "import time\nwhile True: time.sleep(1)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True)\nwhile True: time.sleep(1)",
]


def program(tmp_path: Path, command: list[str]) -> Program:
    return Program("it", command, tmp_path / "it.log", dict(os.environ))


def until(true: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def test_a_program_that_ends_by_itself_is_started_again_after_a_pause(tmp_path: Path) -> None:
    it, said = program(tmp_path, [sys.executable, "-c", "raise SystemExit(3)"]), []
    it.start()
    until(lambda: not it.running)
    tend([it], said.append)
    assert "it ended (3); again in 1 s" in said[0]
    assert it.starts == 1
    it.again_at = time.monotonic()
    tend([it], said.append)
    assert it.starts == 2
    until(lambda: not it.running)
    tend([it], said.append)
    assert "again in 2 s" in said[1]
    stop_all([it])


def test_stopping_ends_every_program(tmp_path: Path) -> None:
    programs = [program(tmp_path, FOREVER), program(tmp_path, FOREVER)]
    for each in programs:
        each.start()
    assert stop_all(programs) == []
    assert not any(each.running for each in programs)


def test_a_program_that_does_not_listen_is_killed_and_named(tmp_path: Path, monkeypatch: object) -> None:
    monkeypatch.setattr("foundry.local.processes.GRACE_S", 0.3)  # type: ignore[attr-defined]
    it = program(tmp_path, STUBBORN)
    it.start()
    until(lambda: b"up" in it.log.read_bytes())
    assert stop_all([it]) == ["it"]
    assert not it.running


def test_a_killed_runner_leaves_no_child(tmp_path: Path) -> None:
    """Seen elsewhere: children in sessions of their own outlive a runner that got `kill -9`."""
    script = (
        "import os, sys, time; from pathlib import Path; from foundry.local.processes import Program\n"
        f"it = Program('it', {FOREVER!r}, Path({str(tmp_path / 'log')!r}), dict(os.environ)); it.start()\n"
        "print(it.process.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as runner:
        assert runner.stdout is not None
        child = int(runner.stdout.readline())
        runner.send_signal(signal.SIGKILL)
    until(lambda: gone(child))


def gone(pid: int) -> bool:
    """Ended; where nobody collects orphans it may stay as a zombie, which runs nothing."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except FileNotFoundError:
        return True
