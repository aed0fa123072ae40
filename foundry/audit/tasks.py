"""A signed head each day and a check of the chain each hour, also on machines that sleep at night."""

from datetime import datetime
from pathlib import Path
from typing import cast

from celery import shared_task
from django.conf import settings

from foundry.audit import verify
from foundry.lib import clock
from foundry.lib.redis import connect

CHECKED, BROKEN = "foundry:audit:checked", "foundry:audit:broken"
CHECK_EVERY_S, HEAD_EVERY_S = 3600, 86_400


@shared_task(expires=60)
def when_due() -> None:
    """Asked every minute: is the last head a day old, the last check an hour?"""
    at = clock.now()
    if head_is_due(settings.AUDIT_HEADS_FILE, at):
        verify.write_head(settings.AUDIT_HEADS_FILE, at)
    if check_is_due(at):
        check(at)


def head_is_due(heads_file: Path, at: datetime) -> bool:
    return not heads_file.exists() or at.timestamp() - heads_file.stat().st_mtime >= HEAD_EVERY_S


def check_is_due(at: datetime) -> bool:
    last = cast(bytes | None, connect(settings.REDIS_URL).get(CHECKED))
    return last is None or at.timestamp() - float(last) >= CHECK_EVERY_S


def check(at: datetime) -> None:
    """Walk the chain; remember when, and what did not hold."""
    verdict, client = verify.verify(settings.AUDIT_HEADS_FILE), connect(settings.REDIS_URL)
    client.set(BROKEN, "" if verdict.bad_seq is None else f"entry {verdict.bad_seq}: {verdict.why}")
    client.set(CHECKED, str(at.timestamp()))
