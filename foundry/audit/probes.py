"""For the status page: when the chain was last checked, and whether it held."""

from django.conf import settings
from redis import RedisError

from foundry.audit.tasks import BROKEN, CHECKED
from foundry.lib import clock
from foundry.lib.redis import connect
from foundry.web.status import Probe, age

CHECK_LIMIT_S = 2 * 3600 + 300


def probes() -> list[Probe]:
    try:
        client = connect(settings.REDIS_URL)
        checked, broken = client.get(CHECKED), client.get(BROKEN)
    except RedisError:
        return [Probe("audit", None, CHECK_LIMIT_S, "Redis does not answer, so the last check is not known.")]
    if broken:
        return [Probe("audit", None, 1, f"the chain does not hold at {bytes(broken).decode()}")]  # type: ignore[arg-type]
    return [
        Probe(
            "audit",
            age(checked, clock.now()),
            CHECK_LIMIT_S,
            "the chain held at the last check, which runs hourly",
        )
    ]
