"""The heartbeat: beat sends it, a worker answers by writing when, and what is stale."""

from celery import shared_task

from foundry.lib import clock
from foundry.web.status import remember


@shared_task(expires=60)
def heartbeat() -> None:
    remember(clock.now())
