"""Is everything that should happen happening? Each slice offers probes; a page and a strip show them."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

import redis
from celery import current_app as app
from django.conf import settings
from django.core.cache import cache
from django.utils.module_loading import import_string
from kombu.exceptions import OperationalError

from foundry.lib import clock
from foundry.lib.redis import connect

BEAT = "foundry:beat"


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
    """Every slice's probes, the broker's first."""
    found = broker_probes(clock.now())
    for name in settings.STATUS_PROBES:
        found += import_string(name)()
    return found


def broker_probes(at: datetime) -> list[Probe]:
    """Age of the last beat and of the last task a worker finished; depth of the queue."""
    try:
        client = connect(settings.REDIS_URL)
        beat, depth = client.get(BEAT), client.llen("foundry")
        worker = app.control.ping(timeout=0.5, limit=1)
    except (redis.RedisError, OperationalError) as error:
        return [Probe("redis", None, 1, f"Redis does not answer: {type(error).__name__}.")]
    return [
        Probe(
            "worker",
            0 if worker else None,
            1,
            "answers" if worker else "no worker answers; see var/log/worker.log",
        ),
        Probe("beat", age(beat, at), 60, "last scheduled task that a worker finished; one is due every 15 s"),
        Probe("queue", 0 if cast(int, depth) < 100 else None, 1, f"{depth} tasks wait"),
    ]


def age(stamp: object, at: datetime) -> float | None:
    return None if not isinstance(stamp, bytes) else max(0.0, at.timestamp() - float(stamp))


def stale_messages() -> list[str]:
    """What is stale, in words; looked at no more than every five seconds."""
    found = cache.get("foundry:stale")
    if found is None:
        found = [f"{probe.name}: {words(probe)}" for probe in probes() if probe.stale]
        cache.set("foundry:stale", found, 5)
    return cast(list[str], found)


def words(probe: Probe) -> str:
    if probe.age_s is None:
        return probe.detail or "never seen"
    return f"last seen {probe.age_s:,.0f} s ago"
