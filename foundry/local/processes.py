"""Start programs, keep them running, stop every one of them."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1
LONGEST_PAUSE_S = 30
GRACE_S = 12


def die_with_parent(number: signal.Signals = signal.SIGTERM) -> Callable[[], None] | None:
    """For Popen's `preexec_fn`: the kernel sends `number` when the parent is gone, even after `kill -9`."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def arrange() -> None:
        prctl(PR_SET_PDEATHSIG, int(number))

    return arrange


@dataclass(slots=True)
class Program:
    """One child in a session of its own, with its log, restarted with growing pauses when it ends by itself."""

    name: str
    command: list[str]
    log: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    started_at: float = 0.0
    again_at: float = field(default=0.0)

    def start(self) -> None:
        self.starts += 1
        self.started_at = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self.environment,
                start_new_session=True, preexec_fn=die_with_parent(),
            )  # fmt: skip

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def pause_s(self, at: float) -> float:
        """How long to wait before the next start: doubling, from one second, forgotten after a calm minute."""
        if at - self.started_at > 60:
            self.starts = 1
        return float(min(LONGEST_PAUSE_S, 2 ** min(self.starts - 1, 5)))

    def signal_group(self, number: int) -> None:
        if self.process is not None:
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                return


def tend(programs: list[Program], say: Callable[[str], None]) -> None:
    """Restart what ended by itself; call it every half second."""
    at = time.monotonic()
    for program in programs:
        if program.running or program.process is None:
            continue
        if not program.again_at:
            pause = program.pause_s(at)
            program.again_at = at + pause
            say(
                f"{program.name} ended ({program.process.returncode}); again in {pause:.0f} s. See {program.log}"
            )
        elif at >= program.again_at:
            program.again_at = 0.0
            program.start()


def stop_all(programs: list[Program]) -> list[str]:
    """Ask each to end, last started first; what is left after a grace is killed. Names the killed."""
    for program in reversed(programs):
        if program.running:
            assert program.process is not None
            program.process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + GRACE_S
    while any(program.running for program in programs) and time.monotonic() < deadline:
        time.sleep(0.05)
    killed = [program.name for program in programs if program.running]
    for program in programs:
        program.signal_group(signal.SIGKILL)
        if program.process is not None:
            program.process.wait()
    return killed
