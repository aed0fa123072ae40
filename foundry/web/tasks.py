"""The heartbeat: beat sends it, a worker writes when; its age shows on the status page."""

import time

from celery import shared_task
from django.conf import settings

from foundry.lib.redis import connect
from foundry.web.status import BEAT


@shared_task(expires=60)
def heartbeat() -> None:
    connect(settings.REDIS_URL).set(BEAT, str(time.time()))
