"""Say yes or no to what hosts told and what was too risky to apply itself."""

from datetime import datetime

from django.db import transaction

from catalog import effects, prices
from catalog.models import Change, Offer, SyncRun
from catalog.rules import Actor, require_admin
from catalog.states import ChangeKind, ChangeState
from foundry.audit.actions import record
from foundry.lib.errors import Conflict


@transaction.atomic
def apply_change(change_id: int, *, actor: Actor, at: datetime) -> Change:
    """A person says yes to a waiting change. Raises Forbidden; Conflict when it no longer waits."""
    require_admin(actor)
    change = settle(change_id, ChangeState.APPLIED, actor, at)
    if change.offer is not None:
        take_effect(change, change.offer, at)
    record("change.apply", change, actor=actor, at=at, before=change.before, after=change.after)
    return change


def take_effect(change: Change, offer: Offer, at: datetime) -> None:
    if change.kind == ChangeKind.PRICE:
        prices.tell([(offer, change.after)], source=offer.source, at=at)
        return
    pools = {pool.name: pool for pool in offer.host.pools.all()}
    fields = effects.put(offer, change.kind, change.after, at=at, pools=pools)
    offer.told_at = at
    offer.save(update_fields=[*fields, "told_at"])


@transaction.atomic
def dismiss_change(change_id: int, *, actor: Actor, at: datetime) -> Change:
    """A person says no; it is asked again only when the host says something else."""
    require_admin(actor)
    change = settle(change_id, ChangeState.DISMISSED, actor, at)
    record("change.dismiss", change, actor=actor, at=at, before=change.before, after=change.after)
    return change


@transaction.atomic
def settle_run(run_id: int, *, yes: bool, actor: Actor, at: datetime) -> int:
    """Apply or dismiss all that still waits of one run; answers how many. Raises Conflict when none does."""
    require_admin(actor)
    run = SyncRun.objects.select_related("host").get(pk=run_id)
    rows = Change.objects.filter(run=run, state=ChangeState.WAITING)
    changes = list(rows.select_for_update(of=("self",)).select_related("offer__host").order_by("pk"))
    if not changes:
        raise Conflict("change.none", "Nothing of this run waits any more.", remedy="Reload the page.")
    state = ChangeState.APPLIED if yes else ChangeState.DISMISSED
    label = actor if isinstance(actor, str) else actor.name
    rows.filter(pk__in=[change.pk for change in changes]).update(
        state=state, settled_at=at, settled_by=label[:120]
    )
    for change in changes:
        if yes and change.offer is not None:
            take_effect(change, change.offer, at)
    told = [[change.kind, change.key] for change in changes]
    record("run.apply" if yes else "run.dismiss", run, actor=actor, at=at, after={"changes": told})
    return len(changes)


def settle(change_id: int, state: ChangeState, actor: Actor, at: datetime) -> Change:
    """Move a waiting change by compare-and-set. Raises Conflict that names who was first."""
    label = actor if isinstance(actor, str) else actor.name
    waiting = Change.objects.filter(pk=change_id, state=ChangeState.WAITING)
    moved = waiting.update(state=state, settled_at=at, settled_by=label[:120])
    change = Change.objects.select_related("offer__host", "host").get(pk=change_id)
    if not moved:
        raise Conflict(
            f"change.{change.state}",
            f"{change.settled_by or 'The sync'} already settled this change: {change.state}.",
            remedy="Reload to see where it stands.",
        )
    return change
