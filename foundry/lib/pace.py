"""The least time between two questions to one server, also when several processes ask it."""

import logging
import time
from dataclasses import dataclass

import redis

from foundry.lib.redis import connect

log = logging.getLogger(__name__)
PATIENCE_S = 120.0  # after so long it is asked all the same: others keep asking, and each waits its gap


@dataclass(frozen=True, slots=True)
class Pace:
    """:param name: whose questions are counted together. :param gap_ms: between two of them; 0 never waits."""

    name: str
    gap_ms: int
    redis_url: str

    def wait(self) -> None:
        """Return when the next question may be asked. Without Redis, each process keeps the gap by itself."""
        if self.gap_ms <= 0:
            return
        ends = time.monotonic() + PATIENCE_S
        key = f"foundry:pace:{self.name}"
        try:
            client = connect(self.redis_url)
            while not client.set(key, 1, nx=True, px=self.gap_ms) and time.monotonic() < ends:
                left_ms = int(client.pttl(key))
                time.sleep(max(left_ms, 1) / 1000)
        except redis.RedisError as error:
            log.warning("the pace to %s is kept without Redis: %s", self.name, type(error).__name__)
            time.sleep(self.gap_ms / 1000)
