"""Say yes or no to what hosts told and what was too risky to apply itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from catalog.models import Change, ChangeQuerySet, SyncRun
from catalog.rules import Actor, require_admin
from catalog.settling import take_effects
from catalog.states import ChangeState
from foundry.audit.actions import record
from foundry.lib.errors import Conflict, Invalid

MOST = 1_000  # changes in one bulk act


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of one change of several. :param why_not: empty when it was settled now."""

    id: int
    state: str
    why_not: str = ""


@transaction.atomic
def apply_change(change_id: int, *, actor: Actor, at: datetime) -> Change:
    """A person says yes to a waiting change. Raises Forbidden; Conflict when it no longer waits."""
    require_admin(actor)
    change = settle(change_id, ChangeState.APPLIED, actor, at)
    take_effects([change], at)
    record("change.apply", change, actor=actor, at=at, before=change.before, after=change.after)
    return change


@transaction.atomic
def dismiss_change(change_id: int, *, actor: Actor, at: datetime) -> Change:
    """A person says no; it is asked again only when the host says something else."""
    require_admin(actor)
    change = settle(change_id, ChangeState.DISMISSED, actor, at)
    record("change.dismiss", change, actor=actor, at=at, before=change.before, after=change.after)
    return change


@transaction.atomic
def settle_changes(ids: Sequence[int], *, yes: bool, actor: Actor, at: datetime) -> list[Settled]:
    """Apply or dismiss several changes at once, and say what came of each, in the order asked.

    Raises Forbidden; Invalid for none or too many; Conflict when not one of them waits any more.
    """
    require_admin(actor)
    if not 0 < len(set(ids)) <= MOST:
        raise Invalid(
            "change.ids", f"Name between 1 and {MOST:,} changes.", remedy="Choose some, or settle the run."
        )
    held = {row.pk: row for row in locked(Change.objects.filter(pk__in=ids))}
    now = [row for row in held.values() if row.state == ChangeState.WAITING]
    if not now:
        raise Conflict("change.none", "None of these waits any more.", remedy="Reload the page.")
    move(now, yes, actor, at)
    settled = {row.pk for row in now}
    record(
        "changes.apply" if yes else "changes.dismiss", now[0].host, actor=actor, at=at, after={"changes": told(now)}
    )  # fmt: skip
    return [came_of(each, held.get(each), settled) for each in dict.fromkeys(ids)]


def came_of(number: int, change: Change | None, settled: set[int]) -> Settled:
    if change is None:
        return Settled(number, "", "There is no such change.")
    return Settled(number, change.state, "" if number in settled else already(change))


@transaction.atomic
def settle_run(run_id: int, *, yes: bool, actor: Actor, at: datetime) -> int:
    """Apply or dismiss all that still waits of one run; answers how many. Raises Conflict when none does."""
    require_admin(actor)
    run = SyncRun.objects.select_related("host").get(pk=run_id)
    changes = list(locked(Change.objects.filter(run=run, state=ChangeState.WAITING)))
    if not changes:
        raise Conflict("change.none", "Nothing of this run waits any more.", remedy="Reload the page.")
    move(changes, yes, actor, at)
    record("run.apply" if yes else "run.dismiss", run, actor=actor, at=at, after={"changes": told(changes)})
    return len(changes)


def locked(rows: ChangeQuerySet) -> ChangeQuerySet:
    return rows.select_for_update(of=("self",)).select_related("host").order_by("pk")


def move(changes: list[Change], yes: bool, actor: Actor, at: datetime) -> None:
    """Settle locked, waiting changes, and let them count."""
    state = ChangeState.APPLIED if yes else ChangeState.DISMISSED
    label = (actor if isinstance(actor, str) else actor.name)[:120]
    rows = Change.objects.filter(pk__in=[change.pk for change in changes])
    rows.update(state=state, settled_at=at, settled_by=label)
    for change in changes:
        change.state, change.settled_at, change.settled_by = state, at, label
    if yes:
        take_effects(changes, at)


def told(changes: list[Change]) -> list[list[str]]:
    return [[change.kind, change.key] for change in changes]


def settle(change_id: int, state: ChangeState, actor: Actor, at: datetime) -> Change:
    """Move a waiting change by compare-and-set. Raises Conflict that names who was first."""
    label = actor if isinstance(actor, str) else actor.name
    waiting = Change.objects.filter(pk=change_id, state=ChangeState.WAITING)
    moved = waiting.update(state=state, settled_at=at, settled_by=label[:120])
    change = Change.objects.select_related("offer__host", "host").get(pk=change_id)
    if not moved:
        raise Conflict(f"change.{change.state}", already(change), remedy="Reload to see where it stands.")
    return change


def already(change: Change) -> str:
    return f"{change.settled_by or 'The sync'} already settled this change: {change.state}."
