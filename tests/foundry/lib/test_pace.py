"""A host is not pressed: the gap between two questions holds across processes, with Redis and without."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from foundry.lib.http import GuardedClient, retry_after_s
from foundry.lib.pace import Pace
from tests.fakes.provider import always, serve, told

ROOT = Path(__file__).resolve().parents[3]
NOWHERE = "redis://127.0.0.1:1/0"


def took(pace: Pace, times: int) -> float:
    began = time.monotonic()
    for _ in range(times):
        pace.wait()
    return time.monotonic() - began


def test_the_first_question_is_asked_at_once_and_each_next_after_the_gap(redis_url: str) -> None:
    assert took(Pace("a", 100, redis_url), 4) >= 0.3


def test_no_gap_asks_nobody() -> None:
    assert took(Pace("a", 0, NOWHERE), 1000) < 1


def test_without_redis_each_process_keeps_the_gap() -> None:
    assert took(Pace("a", 50, NOWHERE), 2) >= 0.1


def test_processes_keep_it_together(redis_url: str) -> None:
    code = (
        "import time; from foundry.lib.pace import Pace\n"
        f"for _ in range(5): Pace('b', 60, {redis_url!r}).wait(); print(time.time())"
    )
    asking = [
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    moments = sorted(float(line) for each in asking for line in each.communicate(timeout=60)[0].split())
    assert len(moments) == 15
    assert moments[-1] - moments[0] >= 14 * 0.060 - 0.05


def test_the_client_waits_before_each_question() -> None:
    waited: list[int] = []
    with serve(always(told([]))) as provider:
        from foundry.lib.addresses import networks

        client = GuardedClient(
            provider.url, trusted=networks(["127.0.0.1/32"]), pace=lambda: waited.append(len(provider.asked))
        )
        with client as http:
            http.get(f"{provider.url}/a")
            http.get(f"{provider.url}/b")
    assert waited == [0, 1]


@pytest.mark.parametrize(
    ("told_text", "seconds"), [("7", 7), ("-7", 0), ("soon", None), ("", None), ("nan", None), ("inf", None)]
)
def test_retry_after_in_seconds(told_text: str, seconds: float | None) -> None:
    assert retry_after_s({"retry-after": told_text}) == seconds


def test_retry_after_as_a_date() -> None:
    from email.utils import formatdate

    told_s = retry_after_s({"retry-after": formatdate(time.time() + 120, usegmt=True)})
    assert told_s is not None
    assert 110 < told_s <= 120
    assert retry_after_s({"retry-after": formatdate(time.time() - 120, usegmt=True)}) == 0
