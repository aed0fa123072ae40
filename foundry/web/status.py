"""Is everything that should happen happening? Each slice offers probes; a page and a strip show them."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import redis
from celery import current_app as app
from django.conf import settings
from kombu.exceptions import OperationalError

from foundry.lib import clock
from foundry.lib.redis import connect
from foundry.web.format import span
from foundry.web.parts import parts

BEAT, STALE = "foundry:beat", "foundry:stale"
BEAT_LIMIT_S = 60  # one is due every 15 s
QUEUE_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Probe:
    """How old the last good sign of something is.

    :param age_s: seconds since then; None when it has never been seen.
    :param limit_s: older than this is stale; None never is.
    """

    name: str
    age_s: float | None
    limit_s: float | None
    detail: str = ""

    @property
    def stale(self) -> bool:
        return self.limit_s is not None and (self.age_s is None or self.age_s > self.limit_s)


def probes() -> list[Probe]:
    """Every slice's probes, the broker's first; asks the worker itself, so it may take half a second."""
    return broker_probes(clock.now()) + slice_probes()


def slice_probes() -> list[Probe]:
    return [probe for part in parts(settings.STATUS_PROBES) for probe in part()]


def broker_probes(at: datetime) -> list[Probe]:
    """Age of the last beat and of the last task a worker finished; depth of the queue."""
    try:
        client = connect(settings.REDIS_URL)
        beat, queue = client.get(BEAT), queue_probe(client)
        worker = app.control.ping(timeout=0.5, limit=1)
    except (redis.RedisError, OperationalError) as error:
        return [Probe("redis", None, 1, f"Redis does not answer: {type(error).__name__}.")]
    answers = "answers" if worker else "no worker answers; see var/log/worker.log"
    return [
        Probe("worker", 0 if worker else None, 1, answers),
        Probe("beat", age(beat, at), BEAT_LIMIT_S, "the last scheduled task that a worker finished"),
        queue,
    ]


def queue_probe(client: redis.Redis) -> Probe:
    depth = client.llen("foundry")
    return Probe("queue", 0 if depth < QUEUE_LIMIT else None, 1, f"{depth} tasks wait")


def age(stamp: object, at: datetime) -> float | None:
    return None if not isinstance(stamp, bytes) else max(0.0, at.timestamp() - float(stamp))


def remember(at: datetime) -> None:
    """Called by a worker: that it lives, and what is stale, for the strip on every page."""
    client = connect(settings.REDIS_URL)
    stale = [
        f"{probe.name}: {words(probe)}" for probe in [queue_probe(client), *slice_probes()] if probe.stale
    ]
    client.set(STALE, json.dumps(stale))
    client.set(BEAT, str(at.timestamp()))


def stale_messages(at: datetime) -> list[str]:
    """What is stale, in words, as a worker last saw it; its own silence first. One question to Redis."""
    try:
        beat, told = cast(list[bytes | None], connect(settings.REDIS_URL).mget(BEAT, STALE))
    except redis.RedisError as error:
        return [f"redis: does not answer ({type(error).__name__}); limits and jobs rest on it"]
    silent = Probe("worker and beat", age(beat, at), BEAT_LIMIT_S, "no sign of them yet")
    return [f"{silent.name}: {words(silent)}"] if silent.stale else json.loads(told or b"[]")


def words(probe: Probe) -> str:
    return probe.detail or "never seen" if probe.age_s is None else f"last seen {span(probe.age_s)} ago"
