"""`python manage.py up`: everything that Foundry is, on this machine, until Ctrl-C.

It runs before Django's settings can be read, because it starts what they name.
"""

import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

import psycopg

from foundry.local import environment, processes
from foundry.local.failure import Failure
from foundry.local.postgres import Postgres
from foundry.local.redis import Redis

ROOT = environment.ROOT
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
NEEDED_MB = 500
LOCK_WAIT_S = 5
PORTS = {
    "console": ("CONSOLE_PORT", 8000),
    "gateway": ("GATEWAY_PORT", 8100),
    "sandbox": ("SANDBOX_PORT", 8200),
}


class Stopped(BaseException):
    """Somebody asked us to end."""


@dataclass(slots=True)
class Run:
    """One `up`: what it started and must stop."""

    var: Path
    ports: dict[str, int]
    bind: str
    demo: bool
    postgres: Postgres | None = None
    redis: Redis | None = None
    programs: list[processes.Program] = field(default_factory=list)
    lock: IO[str] | None = None


def main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop_signal)
    run = None
    try:
        run = prepare()
        bring_up(run)
        closing_lines(run)
        while True:
            time.sleep(0.5)
            processes.tend(run.programs, lambda line: print(f"  ! {line}", flush=True))
    except Failure as failure:
        print(f"\n{failure}", file=sys.stderr, flush=True)
        return 1
    except Stopped:
        print("\n  stopping …", flush=True)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if run is not None:
            take_down(run)
    print("  stopped; start again with `make run`", flush=True)
    return 0


def stop_signal(number: int, frame: FrameType | None) -> None:
    raise Stopped


def stage(name: str, work: Callable[[], str]) -> None:
    """Do one thing and print its line: name, seconds, what came of it."""
    started = time.monotonic()
    note = work()
    print(f"  {name:<10}{time.monotonic() - started:6.1f} s  {note}", flush=True)


def prepare() -> Run:
    var = environment.var_dir()
    var.mkdir(parents=True, exist_ok=True)
    (var / "log").mkdir(exist_ok=True)
    demo = os.environ.get("FOUNDRY_DEMO", "1") not in {"0", "no", "off", "false"}
    bind = os.environ.get("FOUNDRY_BIND", "127.0.0.1")
    if demo and bind not in LOOPBACK:
        raise Failure(
            f"With the demo on, Foundry listens on this machine only, not on {bind}: its passwords are public.",
            f"FOUNDRY_DEMO=0 FOUNDRY_BIND={bind} make run",
        )
    run = Run(var, {name: read_port(*wanted) for name, wanted in PORTS.items()}, bind, demo)
    run.lock = only_one(var)
    environment.make_secrets(var)
    return run


def read_port(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise Failure(f"{name}={text!r} is no port.", f"{name}={default} make run")
    return int(text)


def only_one(var: Path) -> IO[str]:
    """Hold `var/up.lock` as long as we live; a second `up` is told who holds it.

    A runner that was killed may take a moment to be gone, so its lock is waited for a little.
    """
    lock, ends = (var / "up.lock").open("a+"), time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if time.monotonic() < ends:
                time.sleep(0.1)
                continue
            lock.seek(0)
            pid = lock.read().strip()
            raise Failure(
                f"Foundry already runs here, as process {pid}.", f"kill {pid}  # or use it"
            ) from error
        break
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def bring_up(run: Run) -> None:
    print("\nFoundry", flush=True)
    stage("checks", lambda: check_machine(run))
    stage("postgres", lambda: start_postgres(run))
    stage("redis", lambda: start_redis(run))
    set_environment(run)
    environment.load(run.var)
    stage("migrate", migrate)
    start(
        run, "sandbox", [sys.executable, "-m", "tenants.gateway.sandbox", "--port", str(run.ports["sandbox"])]
    )
    if run.demo and nobody_exists():
        stage("demo", lambda: manage("demo"))
    start_console(run)
    start_gateway(run)
    stage("console", lambda: answers(run, "console", "/healthz"))
    stage("gateway", lambda: answers(run, "gateway", "/readyz"))
    celery = [sys.executable, "-m", "celery", "-A", "foundry"]
    start(run, "worker", [*celery, "worker", "--concurrency", "2", "--loglevel", "INFO", "-Q", "foundry"])
    start(run, "beat", [*celery, "beat", "--loglevel", "INFO", "-s", str(run.var / "beat-schedule")])


def check_machine(run: Run) -> str:
    for name, port in run.ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((run.bind, port))
            except OSError as error:
                variable = PORTS[name][0]
                raise Failure(
                    f"Port {port} for the {name} is taken.", f"{variable}={port + 10} make run"
                ) from error
    free_mb = shutil.disk_usage(run.var).free // 2**20
    if free_mb < NEEDED_MB:
        raise Failure(
            f"Only {free_mb} MB are free; {NEEDED_MB} are needed.", f"free some space below {run.var}"
        )
    return f"Python {sys.version.split()[0]}, ports {', '.join(map(str, run.ports.values()))}, {free_mb // 1024} GB free"


def start_postgres(run: Run) -> str:
    if "DATABASE_URL" in os.environ:
        if "DATABASE_OWNER_URL" not in os.environ or "GATEWAY_DATABASE_URL" not in os.environ:
            raise Failure(
                "DATABASE_URL is set, but not the addresses for the two other roles.",
                "export DATABASE_OWNER_URL=postgresql://foundry_owner@… GATEWAY_DATABASE_URL=postgresql://foundry_gateway@…"
                "  # foundry/local/roles.sql makes the roles",
            )
        return "yours, by DATABASE_URL"
    run.postgres = Postgres(run.var)
    run.postgres.start()
    run.postgres.prepare("foundry")
    return f"PostgreSQL 18, data in {run.postgres.data}"


def start_redis(run: Run) -> str:
    if "REDIS_URL" in os.environ:
        return "yours, by REDIS_URL"
    run.redis = Redis(run.var)
    run.redis.start()
    return f"on a socket, data in {run.var / 'redis'}"


def set_environment(run: Run) -> None:
    """What every program of this run gets; other commands read it from `var/run.env`."""
    values = {
        "DEBUG": "0",
        "FOUNDRY_DEMO": "1" if run.demo else "0",
        "FOUNDRY_VAR": str(run.var),
        "CONSOLE_PORT": str(run.ports["console"]),
        "GATEWAY_PORT": str(run.ports["gateway"]),
        "SANDBOX_PORT": str(run.ports["sandbox"]),
    }
    if run.postgres is not None:
        values["DATABASE_URL"] = run.postgres.url("foundry_app", "foundry")
        values["DATABASE_OWNER_URL"] = run.postgres.url("foundry_owner", "foundry")
        values["GATEWAY_DATABASE_URL"] = run.postgres.url("foundry_gateway", "foundry")
    if run.redis is not None:
        values["REDIS_URL"] = run.redis.url()
    environment.write(run.var / "run.env", values, "Written by each start: where the servers are.")
    os.environ.update(values)
    os.environ["PYTHONPATH"] = str(ROOT)
    os.environ["DJANGO_SETTINGS_MODULE"] = "foundry.settings"
    os.environ.setdefault("FOUNDRY_CONSOLE_URL", f"http://127.0.0.1:{run.ports['console']}")
    os.environ.setdefault("FOUNDRY_SPOOL_DIR", str(run.var / "spool"))


def migrations_hash() -> str:
    """Changes when any file that `migrate` reads changes."""
    files = [
        *ROOT.glob("*/migrations/*"),
        *ROOT.glob("*/*/migrations/*"),
        ROOT / "tenants/keys/gateway.sql",
        ROOT / "requirements.txt",
    ]
    digest = hashlib.sha256()
    for path in sorted(each for each in files if each.is_file()):
        digest.update(path.name.encode() + path.read_bytes())
    return f"migrations {digest.hexdigest()}"


def migrate() -> str:
    """Migrate, or skip it when the database remembers that these very files were applied."""
    wanted = migrations_hash()
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        row = owner.execute(
            "SELECT current_database(), shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
        ).fetchone()
        assert row is not None
        if row[1] == wanted:
            return "unchanged"
        manage("migrate", "--verbosity", "0", "--skip-checks")
        owner.execute(
            psycopg.sql.SQL("COMMENT ON DATABASE {} IS {}").format(
                psycopg.sql.Identifier(row[0]), psycopg.sql.Literal(wanted)
            )
        )
    return "done"


def manage(*arguments: str) -> str:
    """Run a command of manage.py; its last line is the stage's note."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    if done.returncode:
        raise Failure(
            f"`manage.py {arguments[0]}` failed:\n{(done.stderr or done.stdout).strip()[-2000:]}",
            f".venv/bin/python manage.py {' '.join(arguments)}  # while `make run` is stopped, this shows the whole reason",
        )
    return (done.stdout.strip().splitlines() or ["done"])[-1]


def nobody_exists() -> bool:
    with psycopg.connect(os.environ["DATABASE_URL"]) as app:
        return app.execute("SELECT 1 FROM people_user LIMIT 1").fetchone() is None


def start(run: Run, name: str, command: list[str]) -> None:
    program = processes.Program(name, command, run.var / "log" / f"{name}.log", dict(os.environ))
    run.programs.append(program)
    program.start()


def start_console(run: Run) -> None:
    start(
        run,
        "console",
        [
            sys.executable, "-m", "gunicorn", "foundry.wsgi:application", "--worker-class", "gthread",
            "--workers", "2", "--threads", "8", "--preload", "--bind", f"{run.bind}:{run.ports['console']}",
            "--worker-tmp-dir", str(run.var), "--no-control-socket",
        ],
    )  # fmt: skip


def start_gateway(run: Run) -> None:
    start(
        run,
        "gateway",
        [sys.executable, "-m", "tenants.gateway", "--host", run.bind, "--port", str(run.ports["gateway"])],
    )


def answers(run: Run, name: str, path: str) -> str:
    """Wait until the program answers; its log's last lines are the reason when it does not."""
    url = f"http://{run.bind}:{run.ports[name]}"
    program = next(each for each in run.programs if each.name == name)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and program.running:
        try:
            with urllib.request.urlopen(url + path, timeout=5):  # noqa: S310  (our own http address)
                return url
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    last = program.log.read_text(errors="replace")[-1500:] if program.log.exists() else ""
    raise Failure(f"The {name} does not answer:\n{last}", f"less {program.log}")


def closing_lines(run: Run) -> None:
    url = f"http://127.0.0.1:{run.ports['console']}/"
    print(f"\n  Open   {url}")
    if run.demo:
        print(
            "  Be     mia@foundry.example, who asks, or ada@foundry.example, who decides: one click each (password foundry-demo)"
        )
        print(f"  Call   {example_call(run)}")
    elif nobody_exists():
        email = os.environ.get("FOUNDRY_ADMIN_EMAIL", "admin@localhost.localdomain")
        print(f"  Begin  {manage('admin', email)}")
    print("  Stop   Ctrl-C; everything is kept\n", flush=True)


def example_call(run: Run) -> str:
    """One curl that works, with the demo's own key."""
    try:
        key = json.loads((run.var / "demo.json").read_text())["curl_key"]
    except (OSError, ValueError, KeyError):
        return "make a key on the page of a grant"
    body = json.dumps({"model": "sandbox/echo", "messages": [{"role": "user", "content": "Hello, Foundry"}]})
    return (
        f"curl -s http://127.0.0.1:{run.ports['gateway']}/v1/chat/completions -H 'Authorization: Bearer {key}' "
        f"-H 'Content-Type: application/json' -d '{body}'"
    )


def take_down(run: Run) -> None:
    for name in processes.stop_all(run.programs):
        print(
            f"  ! {name} did not end in time and was killed; its work is taken up at the next start",
            flush=True,
        )
    if run.redis is not None:
        run.redis.stop()
    if run.postgres is not None:
        run.postgres.stop()
    if run.lock is not None:
        run.lock.close()
