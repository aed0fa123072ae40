"""Real servers for the tests: loaded with `-p tests.servers`, before Django reads its settings.

The first process starts PostgreSQL and Redis of its own and migrates one template database as the
owner; each test process works in a clone of it, so that processes never meet and a test that commits
gets a clone that is dropped after. Redis gives every process its own database number.
"""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path

import psycopg
from cryptography.fernet import Fernet
from psycopg import sql

from foundry.local.postgres import SUPERUSER, Postgres
from foundry.local.redis import Redis

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = "foundry_template"


@dataclass(frozen=True, slots=True)
class Urls:
    """The addresses of one database for the three roles, and for the superuser who makes and drops it."""

    name: str
    app_url: str
    owner_url: str
    gateway_url: str
    super_url: str


def urls(database: str) -> Urls:
    host = os.environ["TEST_POSTGRES_SOCKETS"]
    roles = ("foundry_app", "foundry_owner", "foundry_gateway", SUPERUSER)
    return Urls(database, *(f"postgresql://{role}@/{database}?host={host}" for role in roles))


def admin() -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(urls("postgres").super_url, autocommit=True)


def clone_database(template: str = TEMPLATE) -> Urls:
    """A new database that starts as a copy of `template`, with the same rights."""
    name = f"foundry_{uuid.uuid4().hex[:12]}"
    with admin() as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER foundry_owner").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    return urls(name)


def drop_database(database: Urls) -> None:
    with admin() as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database.name))
        )


def start() -> None:
    """Start both servers, make the template, and remember their addresses for every process that follows."""
    home = Path(tempfile.mkdtemp(prefix="foundry-test-", dir=os.environ.get("FOUNDRY_TEST_DIR")))
    home.chmod(0o711)
    postgres, redis = Postgres(home, durable=False), Redis(home, durable=False)
    atexit.register(stop, postgres, redis, home)
    postgres.start()
    redis.start()
    postgres.prepare(TEMPLATE)
    os.environ.update(
        TEST_POSTGRES_SOCKETS=str(postgres.sockets),
        TEST_REDIS_SOCKET=str(redis.socket),
        TEST_OWNER_PID=str(os.getpid()),
        FOUNDRY_VAR=str(home / "var"),
        FOUNDRY_SECRET_KEY="only-for-tests-" * 4,
        FOUNDRY_CREDENTIAL_KEYS=Fernet.generate_key().decode(),
        FOUNDRY_AUDIT_KEY="only-for-tests",
        FOUNDRY_ALLOWED_HOSTS="127.0.0.1,localhost,testserver",
        REDIS_URL=redis.url(0),
    )
    migrate(urls(TEMPLATE))


def migrate(database: Urls) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "migrate", "-v", "0", "--skip-checks"],
        env=os.environ | {"DATABASE_URL": database.app_url, "DATABASE_OWNER_URL": database.owner_url},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"The test database could not be migrated:\n{done.stderr[-4000:]}")


def stop(postgres: Postgres, redis: Redis, home: Path) -> None:
    if os.environ.get("TEST_OWNER_PID") == str(os.getpid()):
        redis.stop()
        postgres.stop()
        shutil.rmtree(home, ignore_errors=True)


def enter() -> None:
    """This process's own database and Redis number, set before Django's settings are read."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if not worker:
        for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "FOUNDRY_DEMO"):
            os.environ.pop(name, None)
        start()
    number = 1 + int(worker.removeprefix("gw") or 0)
    mine = clone_database()
    os.environ.update(
        DATABASE_URL=mine.app_url,
        DATABASE_OWNER_URL=mine.owner_url,
        REDIS_URL=f"unix://{os.environ['TEST_REDIS_SOCKET']}?db={number}",
    )


if "TEST_ENTERED" not in os.environ or os.environ.get("PYTEST_XDIST_WORKER"):
    os.environ["TEST_ENTERED"] = "1"
    enter()
