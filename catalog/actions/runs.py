"""Ask for a sync, and end one whose worker died."""

from datetime import datetime
from functools import partial

from django.db import IntegrityError, transaction

from catalog import tasks, trouble
from catalog.connectors.base import Trouble
from catalog.models import Host, SyncRun
from catalog.rules import Actor, label_of, require_admin, require_listing, require_operator
from catalog.states import RunState
from foundry.audit.actions import record
from foundry.lib.errors import Conflict


@transaction.atomic
def ask_sync(host: Host, *, actor: Actor, at: datetime) -> SyncRun:
    """Queue a sync; a worker takes it after commit. Raises Conflict while one is open."""
    require_operator(actor)
    run = queue(host, actor, at)
    record("sync.ask", run, actor=actor, at=at, after={"host": host.slug})
    return run


@transaction.atomic
def take_anyway(run_id: int, *, actor: Actor, at: datetime) -> SyncRun:
    """Sync again, and believe what this quarantined run was doubted for; what is worse by then is doubted anew.

    Raises Forbidden; Conflict when nothing of its listing can be taken, or when a later sync has settled it.
    """
    require_admin(actor)
    doubted = SyncRun.objects.select_related("host").get(pk=run_id)
    if not doubted.waivable:
        raise Conflict(
            "run.not_waivable",
            "This listing was empty, cut or no listing at all, so there is nothing to take.",
            remedy="Sync again once the host answers properly.",
        )
    if doubted.host.runs.filter(pk__gt=doubted.pk, state__in=[RunState.SUCCEEDED, RunState.PARTIAL]).exists():
        raise Conflict("run.overtaken", "A later sync went well.", remedy="Look at that one.")
    run = queue(doubted.host, actor, at, waives=doubted)
    record("sync.take_anyway", run, actor=actor, at=at, after={"run": doubted.pk, "doubts": doubted.problems})
    return run


def queue(host: Host, actor: Actor, at: datetime, *, waives: SyncRun | None = None) -> SyncRun:
    """An open run, handed to a worker after commit. Raises Conflict while one is open or the host is off."""
    require_listing(host)
    if host.disabled_at:
        raise Conflict("host.off", f"{host.name} is switched off.", remedy="Switch it on first.")
    try:
        with transaction.atomic():
            run = SyncRun.objects.create(host=host, asked_by=label_of(actor), asked_at=at, waives=waives)
    except IntegrityError as error:
        raise Conflict(
            "sync.open", f"A sync of {host.name} is already under way.", remedy="Watch it on the host's page."
        ) from error
    transaction.on_commit(partial(tasks.send, run.pk))
    return run


@transaction.atomic
def close_run(run_id: int, *, why: str, at: datetime) -> bool:
    """End a run whose worker died, so that the next can start. False when it is not open any more."""
    open_run = SyncRun.objects.filter(pk=run_id, state__in=[RunState.QUEUED, RunState.RUNNING])
    run = open_run.select_for_update(of=("self",)).select_related("host").first()
    if run is None:
        return False
    run.state, run.finished_at = RunState.FAILED, at
    run.problems = [*run.problems, {"where": "worker", "why": why}]
    run.save(update_fields=["state", "finished_at", "problems"])
    trouble.note(run.host_id, Trouble(f"The last sync ended without a word: {why}.", lasting=False), at)
    record("sync.close_dead", run, actor="watch over syncs", at=at, after={"why": why})
    return True
