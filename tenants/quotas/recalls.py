"""How long others took to give back what a call needed, before it was served or refused. No Django."""

from bisect import bisect_left
from dataclasses import dataclass, field

BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5)


@dataclass(slots=True)
class Recalls:
    """:ivar counts: by the first of BOUNDS_S that it took no longer than, the last for longer ones.

    :ivar late: nobody waited any longer, so that somebody's free parts were counted as used.
    """

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    total_s: float = 0.0
    late: int = 0

    def note(self, seconds: float, *, late: bool) -> None:
        self.counts[bisect_left(BOUNDS_S, seconds)] += 1
        self.total_s += seconds
        self.late += late

    def upto(self) -> list[tuple[str, float]]:
        """As a histogram of Prometheus tells it."""
        names = [*map(str, BOUNDS_S), "+Inf"]
        return [(name, float(sum(self.counts[: n + 1]))) for n, name in enumerate(names)]
