"""From a bare Python to a virtual environment with the pinned requirements. Standard library only.

`python3 foundry/local/bootstrap.py requirements.txt` does nothing when the file's hash is the one that
was installed last; every other run says what it does and how long it took.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)
NEEDED_MB = 1000


def stage(name: str, note: str, started: float) -> None:
    print(f"  {name:<10}{time.monotonic() - started:6.1f} s  {note}", flush=True)


def fail(what: str, mend: str) -> None:
    sys.exit(f"\n{what}\n  mend it: {mend}")


def check_machine() -> None:
    if sys.version_info < OLDEST:
        fail(
            f"Python {sys.version.split()[0]} is too old; 3.11 or newer is needed.",
            "PYTHON=/path/to/python3.11 make run",
        )
    free_mb = shutil.disk_usage(ROOT).free // 2**20
    if free_mb < NEEDED_MB:
        fail(f"Only {free_mb} MB are free here; {NEEDED_MB} are needed.", f"free some space below {ROOT}")


def make_venv() -> None:
    """A virtual environment with pip. Debian keeps venv in a package of its own."""
    started = time.monotonic()
    if PYTHON.exists() and run([str(PYTHON), "-m", "pip", "--version"]):
        return
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    if not run(command):
        package = f"python3.{sys.version_info.minor}-venv"
        if os.geteuid() == 0 and shutil.which("apt-get"):
            run(["apt-get", "update", "-qq"])
            run(["apt-get", "install", "-y", "-qq", package])
        if not run(command):
            fail("Python has no working venv module.", f"sudo apt-get install {package}")
    stage("venv", f"Python {sys.version.split()[0]} in .venv", started)


def run(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def installed(name: str) -> bool:
    """Is exactly this file installed, or the longer one that includes it?"""
    return any(
        stamp(each).exists() and stamp(each).read_text() == digest(each)
        for each in {name, "requirements-dev.txt"}
    )


def stamp(name: str) -> Path:
    return VENV / f".{name}.sha256"


def digest(name: str) -> str:
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


def install(name: str) -> None:
    if installed(name):
        return
    started = time.monotonic()
    print(f"  installing {name}; the first time takes up to a minute …", flush=True)
    done = subprocess.run(
        [
            str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
            "--require-hashes", "--only-binary", ":all:", "-r", name,
        ],
        cwd=ROOT, check=False,
    )  # fmt: skip
    if done.returncode:
        fail(
            f"pip could not install {name}; its own words stand above.",
            "check the network or proxy, then run again",
        )
    stamp(name).write_text(digest(name))
    stage("install", f"{name}, every file checked by its hash", started)


def main() -> None:
    check_machine()
    make_venv()
    for name in sys.argv[1:] or ["requirements.txt"]:
        install(name)


if __name__ == "__main__":
    main()
