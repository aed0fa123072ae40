"""Console, gateway and sandbox as processes of their own, on free ports, with their logs in reach."""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foundry.local.processes import die_with_parent
from tests.servers import Urls

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    """Outside of what the system gives to outgoing connections, and by chance: other test processes look for one, too."""
    while True:
        port = secrets.randbelow(20_000) + 10_000
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass(slots=True)
class Server:
    """A running server. :ivar log: what it wrote on its standard outputs."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def get(self, path: str, secret: str = "") -> tuple[int, Any]:
        """Status and JSON of a GET."""
        return self.ask("GET", path, secret)

    def post(self, path: str, body: Any, secret: str = "") -> tuple[int, Any]:
        """Status and JSON of a POST; bytes are sent as they are."""
        return self.ask("POST", path, secret, body if isinstance(body, bytes) else json.dumps(body).encode())

    def ask(
        self, method: str, path: str, secret: str, body: bytes | None = None, **extra: str
    ) -> tuple[int, Any]:
        """:param extra: further headers, with _ for -."""
        headers = {"content-type": "application/json"} | (
            {"authorization": f"Bearer {secret}"} if secret else {}
        )
        headers |= {name.replace("_", "-"): value for name, value in extra.items()}
        request = urllib.request.Request(self.url + path, data=body, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, read(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, read(error.read())

    def kill(self) -> None:
        """As `kill -9` does: nothing gets a chance to tidy up."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()
                raise


def read(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode(errors="replace")


@contextmanager
def running(command: list[str], port: int, log: Path, ready: str, **environment: str) -> Iterator[Server]:
    """Start `python -m …`, which listens on `port`; wait until `ready` answers 200; stop it in the end."""
    with serving([sys.executable, "-m", *command], port, log, ready, **environment) as server:
        yield server


@contextmanager
def serving(command: list[str], port: int, log: Path, ready: str, **environment: str) -> Iterator[Server]:
    """The same of any program."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=out, stderr=out,
            env=os.environ | environment, start_new_session=True, preexec_fn=die_with_parent(),
        )  # fmt: skip
    server = Server(process, f"http://127.0.0.1:{port}", log)
    try:
        wait(server, ready)
        yield server
    finally:
        server.stop()


def wait(server: Server, path: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            if server.get(path)[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"{server.url} did not become ready:\n{server.log.read_text()[-4000:]}")


@contextmanager
def console(database: Urls, log: Path, port: int = 0, **settings: str) -> Iterator[Server]:
    """The console on that database, as it is served: gunicorn. Settings are environment variables."""
    port = port or free_port()
    with running(
        ["gunicorn", "foundry.wsgi:application", "--worker-class", "gthread", "--threads", "8",
         "--bind", f"127.0.0.1:{port}", "--no-control-socket"], port, log, "/healthz",
        DATABASE_URL=database.app_url, FOUNDRY_CONSOLE_URL=f"http://127.0.0.1:{port}", **settings,
    ) as server:  # fmt: skip
        yield server


@contextmanager
def sandbox(folder: Path) -> Iterator[Server]:
    """The sandbox upstream; every served call is a line of `folder/served.jsonl`."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = ["tenants.gateway.sandbox", "--log", str(folder / "served.jsonl"), "--port", str(port)]
    with running(command, port, folder / "sandbox.log", "/v1/models") as server:
        yield server


@contextmanager
def gateway(
    folder: Path,
    database_url: str,
    module: str = "tenants.gateway",
    port: int = 0,
    **environment: str,
) -> Iterator[Server]:
    """A gateway process with its spool in `folder/spool`; several may share a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    with running(
        [module, "--port", str(port)], port, folder / "gateway.log", "/readyz",
        GATEWAY_DATABASE_URL=database_url, FOUNDRY_SPOOL_DIR=str(folder / "spool"), **environment,
    ) as server:  # fmt: skip
        yield server
