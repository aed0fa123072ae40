"""What runs by the clock: owners hear of keys that nobody uses."""

from celery import shared_task

from foundry.lib import clock
from tenants.keys.reminders import tell_of_unused


@shared_task(expires=3000)
def tell_of_unused_keys() -> None:
    tell_of_unused(clock.now())
