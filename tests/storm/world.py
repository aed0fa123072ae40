"""The programs of a storm, each of which can be killed and comes back, and what is granted in it."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet

from foundry.local.failure import Failure
from foundry.local.postgres import Postgres
from foundry.local.processes import Program
from foundry.local.redis import Redis

GATEWAYS, DATABASE = 3, "storm"
ROOT = Path(__file__).resolve().parent.parent.parent
MOST_OUT = 20


@dataclass(slots=True)
class Kind:
    """A key and what it may do. :ivar part: of a hundred calls. :ivar slow: every answer takes its time."""

    name: str
    part: int
    limits: dict[str, int]
    secret: str = field(default="", repr=False)
    grant_id: int = 0
    slow: bool = False


def kinds(calls: int) -> list[Kind]:
    """Most calls have room; the others meet a hard limit, so that it holds or breaks while things are killed."""
    return [
        Kind("wide", 50, {"tokens_per_month": 10**12, "usd_per_month": 10**15, "tpm": 10**9}),
        Kind("tokens", 14, {"tokens_per_day": max(2_000, calls)}),
        Kind("money", 12, {"usd_per_month": max(10**7, calls * 12_000)}),
        Kind("slots", 8, {"concurrency": 2}, slow=True),
        Kind("calls a minute", 8, {"rpm": 50}),
        Kind("tokens a minute", 8, {"tpm": 700}),
    ]


class World:
    """:ivar urls: of the gateways. :ivar served: where the upstream notes what it serves."""

    def __init__(self, home: Path, calls: int, plant: str = "") -> None:
        self.home, self.plant = home, plant
        self.postgres, self.redis = Postgres(home), Redis(home)
        self.served = home / "served.jsonl"
        self.kinds = kinds(calls)
        self.programs: dict[str, Program] = {}
        self.down: set[str] = set()

    def start(self) -> None:
        self.postgres.start()
        self.redis.start()
        self.postgres.prepare(DATABASE)
        os.environ.update(self.environment())
        self.run("manage.py", "migrate", "-v", "0", "--skip-checks")
        import django

        django.setup()
        self.programs = dict(self.make_programs())
        for program in self.programs.values():
            program.start()
        self.wait_for(f"{self.upstream}/v1/models")
        self.grant()
        for url in self.urls:
            self.wait_for(f"{url}/readyz")

    def environment(self) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "foundry.settings",
            "DATABASE_URL": self.postgres.url("foundry_app", DATABASE),
            "DATABASE_OWNER_URL": self.postgres.url("foundry_owner", DATABASE),
            "GATEWAY_DATABASE_URL": self.postgres.url("foundry_gateway", DATABASE),
            "REDIS_URL": self.redis.url(1),
            "FOUNDRY_VAR": str(self.home / "var"),
            "FOUNDRY_SPOOL_DIR": str(self.home / "spool"),
            "FOUNDRY_SECRET_KEY": "only-for-tests-" * 4,
            "FOUNDRY_CREDENTIAL_KEYS": Fernet.generate_key().decode(),
            "FOUNDRY_AUDIT_KEY": "only-for-tests",
            "FOUNDRY_PLANT": self.plant,
        }

    def make_programs(self) -> Iterator[tuple[str, Program]]:
        from tests.processes import free_port

        def program(name: str, *command: str) -> tuple[str, Program]:
            log = self.home / f"{name}.log"
            return name, Program(name, [sys.executable, "-m", *command], log, dict(os.environ))

        ports = [free_port() for _ in range(GATEWAYS + 1)]
        self.upstream, *self.urls = (f"http://127.0.0.1:{port}" for port in ports)
        module = "tests.tenants.gateway.planted" if self.plant else "tenants.gateway"
        yield program(
            "sandbox", "tenants.gateway.sandbox", "--port", str(ports[0]), "--log", str(self.served)
        )
        for number, port in enumerate(ports[1:], start=1):
            yield program(f"gateway{number}", module, "--port", str(port))
        yield program(
            "worker", "celery", "-A", "foundry", "worker", "-B", "--pool", "prefork", "--concurrency", "1", "-Q", "foundry",
            "--without-gossip", "--without-mingle", "-s", str(self.home / "beat"),
        )  # fmt: skip

    def run(self, *command: str) -> None:
        subprocess.run([sys.executable, *command], cwd=ROOT, check=True)

    def grant(self) -> None:
        from tests import make

        host = make.host("sandbox", calling_base_url=f"{self.upstream}/v1", is_sandbox=True)
        offer = make.offer("echo", at=host, of=make.model("echo", by=make.publisher("sandbox")))
        for kind in self.kinds:
            made = make.grant(offer=offer, limits=kind.limits)
            kind.grant_id, (_, kind.secret) = made.pk, make.key(made)

    def wait_for(self, url: str, seconds: float = 150) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with suppress(OSError), urllib.request.urlopen(url, timeout=5):
                return
            self.tend()
            time.sleep(0.1)
        raise AssertionError(f"{url} is not ready; see {self.home}:\n{self.last_words()}")

    def last_words(self) -> str:
        logs = [self.home / f"{name}.log" for name in (*self.programs, "postgres", "redis")]
        return "\n".join(f"--- {each.name}\n{each.read_text()[-1_500:]}" for each in logs if each.exists())

    def tend(self) -> None:
        """Start again what has ended and is not meant to be down."""
        for name, program in self.programs.items():
            if not program.running and name not in self.down:
                program.start()

    def kill(self, name: str) -> None:
        """`kill -9` of a program and of what it started."""
        server = {"postgres": self.postgres, "redis": self.redis}.get(name)
        self.down.add(name)
        if server is not None and server.process is not None:
            server.process.kill()
            server.process.wait(10)
        elif server is None:
            self.programs[name].signal_group(9)

    def restore(self, name: str) -> None:
        """A postmaster's children may live on for a moment; until then the cluster does not start."""
        self.down.discard(name)
        if name in self.programs:
            self.programs[name].start()
            return
        server: Postgres | Redis = self.postgres if name == "postgres" else self.redis
        for _ in range(20):
            with suppress(Failure):
                server.start()
                return
            time.sleep(0.5)
        raise AssertionError(f"{name} does not come back; see {self.home}:\n{self.last_words()}")

    def mend(self) -> None:
        """Everything runs, and every gateway says that it is ready."""
        for name in list(self.down):
            self.restore(name)
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            self.tend()
            with suppress(OSError):
                for url in self.urls:
                    urllib.request.urlopen(f"{url}/readyz", timeout=5).close()
                return
            time.sleep(0.2)
        raise AssertionError(f"not every gateway came back:\n{self.last_words()}")

    def stop(self) -> None:
        from foundry.local.processes import stop_all

        stop_all(list(self.programs.values()))
        self.redis.stop()
        self.postgres.stop()
