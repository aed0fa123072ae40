"""For the status page: when the chain was last checked, and whether it held."""

from typing import cast

from django.conf import settings
from redis import RedisError

from foundry.audit.tasks import BROKEN, CHECK_EVERY_S, CHECKED
from foundry.lib import clock
from foundry.lib.redis import connect
from foundry.web.status import Probe, age

CHECK_LIMIT_S = 2 * CHECK_EVERY_S + 300


def probes() -> list[Probe]:
    try:
        checked, broken = cast(list[bytes | None], connect(settings.REDIS_URL).mget(CHECKED, BROKEN))
    except RedisError:
        return [Probe("audit", None, CHECK_LIMIT_S, "Redis does not answer, so the last check is not known.")]
    if broken:
        return [Probe("audit", None, 1, f"the chain does not hold at {broken.decode()}")]
    said = "the chain held at the last check" if checked else "not checked yet; a worker checks every hour"
    return [Probe("audit", age(checked, clock.now()), CHECK_LIMIT_S, said)]
