"""Calls as a company makes them: working hours, quiet weekends, growth, and a few stories. Pure and seeded.

Weekends run at a fifth, lunch dips, teams sit in two time zones, everything grows two per cent a week.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp
from statistics import NormalDist

DAYS = 60
WEEKLY_GROWTH = 1.02
WEEKEND_SHARE = 0.2
STEPS = 512


def spread(sigma: float) -> list[float]:
    """Log-normal factors around 1, evenly likely: one look-up a call where drawing one anew would cost more."""
    normal = NormalDist(0, sigma)
    return [exp(normal.inv_cdf((step + 0.5) / STEPS)) for step in range(STEPS)]


SPREAD_IN, SPREAD_OUT = spread(0.45), spread(0.5)


@dataclass(frozen=True, slots=True)
class Stream:
    """One application's steady use of one offer.

    :param name: `team/application`; :param offer: the offer's demo name.
    :param calls_per_day: on a weekday, at the end of the sixty days.
    :param tokens_in, tokens_out: means per call; :param cached_share: of the input, 0 to 1.
    :param utc_offset_h: where its people sit. :param first_day, last_day: days before the load.
    """

    name: str
    offer: str
    calls_per_day: int
    tokens_in: int
    tokens_out: int
    cached_share: float = 0.0
    utc_offset_h: int = 1
    first_day: int = DAYS
    last_day: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One finished call of a stream. `outcome` is ok, upstream_error, cancelled or refused."""

    stream: Stream
    at: datetime
    tokens_in: int
    tokens_cached: int
    tokens_out: int
    latency_ms: int
    outcome: str = "ok"
    reason: str = ""


def calls(streams: list[Stream], loaded_at: datetime, seed: int = 20) -> Iterator[Call]:
    """Every call up to a few minutes before `loaded_at`, in no particular order."""
    last = loaded_at - timedelta(minutes=3)
    for stream in streams:
        dice = random.Random(f"{seed} {stream.name} {stream.offer}")  # noqa: S311  (a demo, not a secret)
        for days_ago in range(stream.first_day, stream.last_day - 1, -1):
            start = loaded_at.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days_ago)
            mood = dice.lognormvariate(0, 0.09)
            for hour in range(24):
                for call in in_hour(stream, start + timedelta(hours=hour), days_ago, mood, dice):
                    if call.at <= last:
                        yield call


def in_hour(
    stream: Stream, hour: datetime, days_ago: int, mood: float, dice: random.Random
) -> Iterator[Call]:
    """The calls of one hour; `mood` is how busy this day is for this stream, around 1."""
    expected = (
        stream.calls_per_day * mood * shape(hour, stream.utc_offset_h) * WEEKLY_GROWTH ** (-days_ago / 7)
    )
    count = int(expected + dice.random())
    for _ in range(count):
        at = hour + timedelta(seconds=dice.uniform(0, 3600))
        yield one_call(stream, at, days_ago, dice)


def shape(hour: datetime, utc_offset_h: int) -> float:
    """The share of a weekday's calls that falls into this hour: two humps with a lunch dip between them."""
    there = hour + timedelta(hours=utc_offset_h)
    h = there.hour + 0.5
    day = exp(-(((h - 10.5) / 2.2) ** 2)) + 0.9 * exp(-(((h - 15.5) / 2.4) ** 2)) + 0.06
    return (day / 9.6) * (WEEKEND_SHARE if there.weekday() >= 5 else 1.0)


def one_call(stream: Stream, at: datetime, days_ago: int, dice: random.Random) -> Call:
    tokens_in = max(12, int(stream.tokens_in * SPREAD_IN[int(dice.random() * STEPS)]))
    tokens_out = max(1, int(stream.tokens_out * SPREAD_OUT[int(dice.random() * STEPS)]))
    cached = stream.cached_share
    if leaked_timestamp(stream, at, days_ago):
        tokens_in, cached = int(tokens_in * 1.7), 0.04
    outcome, reason = fate(stream, at, days_ago, dice)
    if outcome != "ok":
        tokens_in = tokens_out = 0
    return Call(
        stream,
        at,
        tokens_in,
        int(tokens_in * min(1.0, cached * dice.uniform(0.85, 1.15))),
        tokens_out,
        0 if outcome == "refused" else int(180 + tokens_out * dice.uniform(7, 12)),
        outcome,
        reason,
    )


def leaked_timestamp(stream: Stream, at: datetime, days_ago: int) -> bool:
    """Nine days ago a release put a timestamp before the prompt: nothing was cached until the next one."""
    return (
        stream.name == "support/ticket-triage"
        and days_ago == 9
        and (14, 0) <= (at.hour, at.minute) <= (19, 20)
    )


def fate(stream: Stream, at: datetime, days_ago: int, dice: random.Random) -> tuple[str, str]:
    """How a call ended: a host down for 47 minutes, a pilot at its limit, and a little everyday noise."""
    if days_ago == 23 and at.hour == 9 and at.minute < 47 and stream.offer.startswith("gpt"):
        return "upstream_error", "http_503"
    if days_ago == 4 and stream.name == "copilot/chat-prod" and 9 <= at.hour < 16 and dice.random() < 0.22:
        return "refused", "limit.tpm"
    chance = dice.random()
    if chance < 0.003:
        return "upstream_error", "http_500"
    if chance < 0.006:
        return "cancelled", "client_closed"
    return ("refused", "limit.rpm") if chance < 0.008 else ("ok", "")
