"""What runs by the clock: teams that lost their last owner."""

from celery import shared_task

from foundry.lib import clock
from tenants.teams import vacancies


@shared_task(expires=540)
def watch_owners() -> None:
    vacancies.watch(clock.now())
