"""The spool takes no more while calls come: nothing is sent that could not be accounted for, and room heals it."""

import resource
import threading
import time

import pytest

from tenants.usage.verify import verify
from tests import make
from tests.tenants.gateway.conftest import World
from tests.tenants.gateway.traffic import URL_PATH, booked, nothing_held, question, within

pytestmark = pytest.mark.slow


def limit_files(world: World, most: int) -> None:
    """From now on the gateway's writes that would make a file longer fail, as on a full disk; a log is a file, too."""
    _, hard = resource.prlimit(world.gateway.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(world.gateway.process.pid, resource.RLIMIT_FSIZE, (most, hard))


def test_a_full_disk_refuses_new_calls_says_so_and_heals_without_a_restart(world: World) -> None:
    _, secret = make.key(make.grant(offer=world.offer, limits={"tokens_per_month": 10**9, "rpm": 10_000}))
    assert world.gateway.post(URL_PATH, question(), secret)[0] == 200
    answers: list[int] = []
    slow = question(knobs={"delay_ms": 1_000})
    running = threading.Thread(target=lambda: answers.append(world.gateway.post(URL_PATH, slow, secret)[0]))
    running.start()
    served = world.folder / "served.jsonl"
    time.sleep(0.5)  # by then the slow call is with the host
    for round_ in range(3):
        limit_files(world, 1)
        before = served.read_text().count("\n")
        for _ in range(5):
            status, answer = world.gateway.post(URL_PATH, question(), secret)
            assert (status, answer["error"]["code"]) == (503, "unavailable")
            assert answer["error"]["retry_after_s"] >= 1
        assert within(2, lambda: world.gateway.get("/readyz")[0] == 503)
        assert "disk of the spool is full" in str(world.gateway.get("/readyz")[1])
        if round_ == 0:
            running.join()
            assert answers == [
                200
            ]  # it was accounted for before; what it came to goes to the ledger from memory
            before += 1
        assert served.read_text().count("\n") == before
        limit_files(world, resource.RLIM_INFINITY)
        assert within(5, lambda: world.gateway.get("/readyz")[0] == 200), (
            world.gateway.get("/readyz"),
            world.gateway.log.read_text()[-1500:],
        )
        assert world.gateway.post(URL_PATH, question(), secret)[0] == 200
    rows = booked(5, outcome="ok")
    assert len(rows) == 5
    assert nothing_held()
    assert within(10, lambda: [proof.differing for proof in verify()] == [[]] * 5)
