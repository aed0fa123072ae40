"""What runs by the clock: soft limits tell when they run out."""

from celery import shared_task

from foundry.lib import clock
from tenants.levels.telling import tell_of_soft_limits


@shared_task(expires=60)
def tell_soft_limits() -> None:
    tell_of_soft_limits(clock.now())
