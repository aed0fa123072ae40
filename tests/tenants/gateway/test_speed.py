"""Is the gateway still of the same kind of speed as a bare proxy? `make bench` holds the aims themselves against many more
rounds; these are looser, because other tests run beside, and too tight for a gateway that spends a millisecond more on a call.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import processes
from tests.bench.gateway import helper, load, pairs, ratio
from tests.bench.world import open_world
from tests.servers import Urls

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
ROUNDS, CALLS = 9, 500
MOST_CPU, LEAST_CALLS = 2.0, 0.5

Compared = Callable[..., tuple[float, float]]


@pytest.fixture
def compared(committed: Urls, tmp_path: Path) -> Compared:
    """CPU per call and calls a second, each as its ratio to the bare proxy's."""

    def measure(module: str = "tenants.gateway", bug: str = "") -> tuple[float, float]:
        with helper("host") as host, helper("proxy", "--upstream", host.url) as proxy:
            secret = open_world(f"{host.url}/v1").secret
            with processes.gateway(tmp_path, committed.gateway_url, module, FOUNDRY_PLANT=bug) as ours:
                found = pairs(lambda: load(ours, secret, CALLS), lambda: load(proxy, secret, CALLS), ROUNDS)
        return ratio("", found, "cpu_s", "").value, ratio("", found, "calls_s", "").value

    return measure


def test_a_call_costs_no_more_than_twice_a_bare_proxys(compared: Compared) -> None:
    cpu, calls = compared()
    assert cpu <= MOST_CPU
    assert calls >= LEAST_CALLS


def test_a_millisecond_more_for_each_call_is_found(compared: Compared) -> None:
    cpu, _ = compared("tests.tenants.gateway.planted", "slow")
    assert cpu > MOST_CPU
