"""The breaker of one host, by an artificial clock."""

import pytest

from tenants.gateway import breakers
from tenants.gateway.breakers import Breaker


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1_000.0]
    monkeypatch.setattr(breakers.time, "monotonic", lambda: now[0])
    return now


def test_it_opens_after_so_many_failures_in_a_row_lets_one_probe_through_and_closes(
    clock: list[float],
) -> None:
    breaker = Breaker(failures=3, window_s=30, rest_s=5)
    for _ in range(2):
        breaker.failed()
    breaker.answered()
    for _ in range(2):
        breaker.failed()
    assert breaker.rests_s() == 0
    breaker.failed()
    assert breaker.rests_s() == 5
    clock[0] += 5
    assert breaker.rests_s() == 0
    assert breaker.rests_s() == 5
    breaker.failed()
    assert breaker.rests_s() == 5
    clock[0] += 5
    assert breaker.rests_s() == 0
    breaker.answered()
    assert (breaker.rests_s(), breaker.open) == (0, False)


def test_failures_that_lie_far_apart_open_nothing_and_none_is_never(clock: list[float]) -> None:
    breaker, never = Breaker(2, 30, 5), Breaker(0, 30, 5)
    for _ in range(5):
        breaker.failed()
        never.failed()
        clock[0] += 31
    assert not breaker.open
    for _ in range(100):
        never.failed()
    assert not never.open
    assert len(never.times) <= 100
