"""Limits of a minute and of calls at once, held against what the upstream noted of the calls that it served."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class Served:
    """A call at the upstream. :ivar began: when it came, and `noted` when it was written down, in seconds of the epoch."""

    tokens_in: int
    tokens_out: int
    began: float
    noted: float


def passed_rates(limits: dict[str, int], calls: list[tuple[float, Served]]) -> Iterator[str]:
    """What one grant's calls passed of its limits, in words.

    :param calls: when each reached the gateway, and what the upstream noted. A gateway sets a call aside between the two,
        so a call counts for a minute where both lie in it.
    """
    minutes = [(asked, served) for asked, served in calls if asked // MINUTE_S == served.began // MINUTE_S]
    if "rpm" in limits:
        counted = Counter(asked // MINUTE_S for asked, _ in minutes)
        yield from beyond("rpm", counted, limits["rpm"])
    if "tpm" in limits:
        counted = Counter()
        for asked, served in minutes:
            counted[asked // MINUTE_S] += served.tokens_in + served.tokens_out
        yield from beyond("tpm", counted, limits["tpm"])
    if (
        "concurrency" in limits
        and (most := most_at_once([served for _, served in calls])) > limits["concurrency"]
    ):
        yield f"had {most} calls at once of {limits['concurrency']} concurrency"


def beyond(name: str, counted: Counter[float], maximum: int) -> Iterator[str]:
    for minute, used in counted.items():
        if used > maximum:
            yield f"used {used} of {maximum} {name} in the minute {minute:.0f}"


def most_at_once(served: list[Served]) -> int:
    """How many the upstream worked on at the same moment."""
    steps = sorted([(each.noted, -1) for each in served] + [(each.began, 1) for each in served])
    most = now = 0
    for _, step in steps:
        now += step
        most = max(most, now)
    return most
