"""`manage.py up` as somebody at a terminal meets it: start, second start, refusals, and a clean end."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent.parent
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.xdist_group("up")]
KEPT = {"PATH", "HOME", "LANG", "TMPDIR"}


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Up:
    """One running `up`, read line by line."""

    def __init__(self, var: Path, ports: list[int], **extra: str) -> None:
        names = ("CONSOLE_PORT", "GATEWAY_PORT", "SANDBOX_PORT")
        environment = {name: os.environ[name] for name in KEPT if name in os.environ}
        environment |= {"FOUNDRY_VAR": str(var), "PYTHONUNBUFFERED": "1"} | extra
        environment |= {name: str(port) for name, port in zip(names, ports, strict=True)}
        self.console = f"http://127.0.0.1:{ports[0]}"
        self.var = var
        self.environment = environment
        self.started = time.monotonic()
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def ready(self) -> float:
        """Seconds until the closing line came."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if line.startswith("  Stop"):
                return time.monotonic() - self.started
        raise AssertionError("it never came up:\n" + "\n".join(self.lines))

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        if self.process.poll() is None:
            self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=60)
        return self.process.returncode, rest

    def left_behind(self) -> list[str]:
        """Processes that still carry this run's `var` in their environment or command."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                told = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(self.var).encode() in told and int(entry.name) != os.getpid():
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        return found

    def pids(self) -> int:
        return len(self.left_behind())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("up")


@pytest.fixture(scope="module")
def ports() -> list[int]:
    return free_ports(3)


@pytest.fixture(scope="module")
def running(home: Path, ports: list[int]) -> Iterator[Up]:
    up = Up(home / "var", ports)
    up.ready()
    yield up
    up.end()


def test_one_process_runs_this_file(request: pytest.FixtureRequest) -> None:
    """Its tests share one run; split over two processes they would meet each other's."""
    assert "PYTEST_XDIST_WORKER" not in os.environ or request.node.nodeid.endswith("@up")


def test_every_stage_says_what_it_did_and_how_long_it_took(running: Up) -> None:
    stages = [line for line in running.lines if re.match(r"  \w+ +\d+\.\d s  \S", line)]
    names = [line.split()[0] for line in stages]
    assert names == ["checks", "postgres", "redis", "migrate", "demo", "console", "gateway"]


def test_it_ends_in_four_lines_address_people_call_and_how_to_stop(running: Up) -> None:
    assert [line.split()[0] for line in running.lines[-4:]] == ["Open", "Be", "Call", "Stop"]


def test_the_sign_in_page_answers_and_shows_the_demo_people(running: Up) -> None:
    with urllib.request.urlopen(running.console + "/login/") as page:
        text = page.read().decode()
    assert "Mia Chen" in text
    assert "Ada Novak" in text


def test_the_printed_call_works_as_it_stands(running: Up) -> None:
    call = next(line for line in running.lines if line.startswith("  Call"))
    done = subprocess.run(shlex.split(call.split("Call", 1)[1]), capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    assert answer["choices"][0]["message"]["content"]
    assert answer["usage"]["total_tokens"] > 0


def test_commands_in_another_terminal_find_the_running_servers(running: Up) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "token", "mia@foundry.example", "--name", "terminal"],
        cwd=ROOT,
        env={name: os.environ[name] for name in KEPT if name in os.environ}
        | {"FOUNDRY_VAR": str(running.var)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "fdy_" in done.stdout


def test_a_second_start_is_refused_and_names_the_first(running: Up) -> None:
    second = Up(running.var, free_ports(3))
    said, _ = second.process.communicate(timeout=30)
    assert second.process.returncode == 1
    assert f"already runs here, as process {running.process.pid}" in said


def test_a_taken_port_is_named_with_the_variable_that_changes_it(
    running: Up, tmp_path: Path, ports: list[int]
) -> None:
    other = Up(tmp_path / "var", [*free_ports(1), ports[1], *free_ports(1)])
    said, _ = other.process.communicate(timeout=30)
    assert other.process.returncode == 1
    assert f"Port {ports[1]} for the gateway is taken" in said
    assert "GATEWAY_PORT=" in said


def test_the_demo_never_listens_beyond_this_machine(tmp_path: Path) -> None:
    up = Up(tmp_path / "var", free_ports(3), FOUNDRY_BIND="0.0.0.0")
    said, _ = up.process.communicate(timeout=30)
    assert up.process.returncode == 1
    assert "FOUNDRY_DEMO=0" in said


def test_a_program_that_is_killed_comes_back(running: Up) -> None:
    pid = next(
        int(entry.name)
        for entry in Path("/proc").glob("[0-9]*")
        if is_ours(entry, running.var) and b"tenants.gateway\0--host" in (entry / "cmdline").read_bytes()
    )
    os.kill(pid, signal.SIGKILL)
    url = f"http://127.0.0.1:{running.environment['GATEWAY_PORT']}/readyz"
    deadline = time.monotonic() + 20
    time.sleep(0.2)
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                assert answer.status == 200
            return
        except OSError:
            assert time.monotonic() < deadline, "the gateway did not come back"
            time.sleep(0.1)


def is_ours(entry: Path, var: Path) -> bool:
    try:
        return str(var).encode() in (entry / "environ").read_bytes()
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_keeps_its_data_and_is_back_in_five_seconds(
    home: Path, ports: list[int], number: int, request: pytest.FixtureRequest
) -> None:
    """Last in this file: it ends the shared run and starts it again over the same data."""
    running: Up = request.getfixturevalue("running")
    if running.process.poll() is None:
        running.end()
    again = Up(home / "var", ports)
    seconds = again.ready()
    assert any("migrate" in line and "unchanged" in line for line in again.lines)
    assert not any(line.split()[:1] == ["demo"] for line in again.lines)
    code, _ = again.end(number)
    assert code == 0
    assert again.left_behind() == []
    assert seconds < 5 * slowness(), f"{seconds:.1f} s"


def slowness() -> float:
    """How much longer than alone a start may take here: the suite's other processes share the cores."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)) * 1.5


def test_a_killed_runner_leaves_nothing_and_the_next_start_recovers(home: Path, ports: list[int]) -> None:
    up = Up(home / "var", ports)
    up.ready()
    up.process.kill()
    up.process.communicate(timeout=30)
    deadline = time.monotonic() + 30
    while up.left_behind():
        assert time.monotonic() < deadline, up.left_behind()
        time.sleep(0.1)
    again = Up(home / "var", ports)
    again.ready()
    assert again.end()[0] == 0
