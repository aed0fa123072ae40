"""Daily signed head; hourly check of the chain."""

from celery import shared_task
from django.conf import settings

from foundry.audit import verify
from foundry.lib import clock
from foundry.lib.redis import connect

CHECKED, BROKEN = "foundry:audit:checked", "foundry:audit:broken"


@shared_task
def write_head() -> None:
    verify.write_head(settings.AUDIT_HEADS_FILE, clock.now())


@shared_task
def check() -> None:
    """Walk the chain; remember when, and what did not hold."""
    verdict, client = verify.verify(settings.AUDIT_HEADS_FILE), connect(settings.REDIS_URL)
    client.set(BROKEN, "" if verdict.bad_seq is None else f"entry {verdict.bad_seq}: {verdict.why}")
    client.set(CHECKED, str(clock.now().timestamp()))
