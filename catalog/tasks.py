"""What workers do for supply: sync a host, start what is due, end what died. All may run twice."""

import logging
from datetime import datetime, timedelta

from celery import shared_task
from django.db.models import OuterRef, Q, Subquery
from kombu.exceptions import OperationalError

from catalog.connectors.manual import Manual
from catalog.models import Host, SyncRun
from catalog.states import RunState
from catalog.trouble import due_at
from foundry.lib import clock
from foundry.lib.errors import Conflict

log = logging.getLogger(__name__)
LOST_AFTER = timedelta(minutes=1)
DEAD_AFTER = timedelta(minutes=5)


def send(run_id: int) -> None:
    """Hand a queued run to a worker; without a broker it stays queued and is sent again later."""
    try:
        run_sync.delay(run_id)
    except OperationalError:
        log.warning("sync run %s stays queued: the broker does not answer", run_id)


@shared_task
def run_sync(run_id: int) -> None:
    """Do one queued run; a second delivery finds it claimed and does nothing."""
    from catalog import sync

    sync.run(run_id)


@shared_task(expires=60)
def sync_due_hosts() -> None:
    """Queue every host whose last run is older than its interval; send again what got lost."""
    from catalog.actions import ask_sync

    at = clock.now()
    for host in due_hosts(at):
        try:
            ask_sync(host, actor="schedule", at=at)
        except Conflict:
            continue  # somebody asked a moment ago
    lost = SyncRun.objects.filter(state=RunState.QUEUED, asked_at__lt=at - LOST_AFTER)
    for run_id in lost.values_list("pk", flat=True):
        send(run_id)


def due_hosts(at: datetime) -> list[Host]:
    last = SyncRun.objects.filter(host=OuterRef("pk")).order_by("-pk").values("asked_at")[:1]
    hosts = Host.objects.filter(disabled_at=None, sync_every_s__isnull=False, trouble_lasting=False)
    asked = hosts.exclude(connector=Manual.name).annotate(last=Subquery(last))
    return [host for host in asked if (due := due_at(host, host.last)) is not None and due <= at]


@shared_task(expires=60)
def close_dead_runs() -> None:
    """End runs whose worker has not been heard of, so that their host can be synced again."""
    from catalog.actions import close_run

    at = clock.now()
    silent = SyncRun.objects.filter(Q(state=RunState.RUNNING, beat_at__lt=at - DEAD_AFTER))
    for run_id in silent.values_list("pk", flat=True):
        close_run(run_id, why="its worker was not heard of for five minutes; nothing changed", at=at)


@shared_task(expires=60)
def poll_status_pages() -> None:
    """Ask every status page that is due, each in a task of its own, so that a slow one holds up none."""
    from catalog import status

    for host_id in status.due(clock.now()):
        poll_status.delay(host_id)


@shared_task(expires=120)
def poll_status(host_id: int) -> None:
    from catalog import status

    host = Host.objects.filter(pk=host_id, disabled_at=None).exclude(status_url="").first()
    if host is not None:
        status.note(host.pk, status.poll(host), clock.now())
