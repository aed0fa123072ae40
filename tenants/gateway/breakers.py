"""A host that fails again and again is left alone for a while, by each process for itself. No Django."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Breaker:
    """One host's. :param failures: in a row, within `window_s`, that open it; 0 never does. :param rest_s: how long then.

    After the rest one call is let through; its end decides for all. :ivar until: monotonic seconds when the rest is over.
    :ivar tell: called when it opens or closes.
    """

    failures: int
    window_s: float
    rest_s: float
    times: list[float] = field(default_factory=list)
    until: float = 0.0
    tell: Callable[[], None] = lambda: None

    @property
    def open(self) -> bool:
        return self.until > 0

    def rests_s(self) -> float:
        """How long a call would have to wait; 0 lets this one through."""
        if not self.until:
            return 0.0
        now = time.monotonic()
        if now < self.until:
            return self.until - now
        self.until = now + self.rest_s  # this call is the probe; the others wait for its end
        return 0.0

    def failed(self) -> None:
        """The host could not be reached, broke off, was silent or said that it failed."""
        now = time.monotonic()
        self.times = [*(each for each in self.times if now - each < self.window_s), now][-self.failures :]
        if self.until or 0 < self.failures <= len(self.times):
            was_open, self.until = self.open, now + self.rest_s
            if not was_open:
                self.tell()

    def answered(self) -> None:
        if self.times or self.until:
            was_open, self.times, self.until = self.open, [], 0.0
            if was_open:
                self.tell()


class Breakers:
    """By host's id. :param failures, window_s, rest_s: as `Breaker`. :ivar tell: called when one of them opens or closes."""

    def __init__(self, failures: int, window_s: float, rest_s: float) -> None:
        self.failures, self.window_s, self.rest_s = failures, window_s, rest_s
        self.hosts: dict[int, tuple[str, Breaker]] = {}
        self.tell: Callable[[], None] = lambda: None

    def of(self, host_id: int, host: str) -> Breaker:
        if host_id not in self.hosts:
            made = Breaker(self.failures, self.window_s, self.rest_s, tell=lambda: self.tell())
            self.hosts[host_id] = host, made
        return self.hosts[host_id][1]

    def hosts_open(self) -> list[tuple[str, bool]]:
        """Every host that was called, and whether it is left alone now."""
        return [(host, breaker.open) for host, breaker in self.hosts.values()]

    def resting(self) -> list[int]:
        """The ids of those that are left alone now."""
        return [host_id for host_id, (_, breaker) in self.hosts.items() if breaker.open]
