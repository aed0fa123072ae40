"""Write down each difference that a sync found, and bring up to date what waited before."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q

from catalog import bulk
from catalog.diff import Difference
from catalog.models import Change, SyncRun
from catalog.standing import Standing
from catalog.states import ChangeState

OVERTAKEN = "overtaken by run"


def note(
    run: SyncRun,
    found: Iterable[Difference],
    offers: Mapping[str, Standing],
    source: str,
    at: datetime,
    *,
    complete: bool,
) -> None:
    """Write Change rows and bring earlier waiting ones up to date.

    What a person dismissed is not asked again until the host says something else.
    """
    earlier = asked_before(run)
    new, kept = [], set()
    for change in found:
        before = earlier.get((change.key, change.kind))
        if before is not None and change.risky and before["after"] == change.after:
            kept.add(before["pk"])
        else:
            new.append(as_row(run, change, offers.get(change.key), source, at))
    overtaken = {(row["key"], row["kind"]) for row in new}
    moot = [
        row["pk"]
        for name, row in earlier.items()
        if row["state"] == ChangeState.WAITING and row["pk"] not in kept and (complete or name in overtaken)
    ]
    Change.objects.filter(pk__in=moot, state=ChangeState.WAITING).update(
        state=ChangeState.DISMISSED, settled_at=at, settled_by=f"{OVERTAKEN} {run.pk}"
    )
    bulk.insert(Change, new)


def asked_before(run: SyncRun) -> dict[tuple[str, str], dict[str, Any]]:
    """The last change of each key and kind that waits, or that a person dismissed."""
    waits = Q(state=ChangeState.WAITING)
    dismissed = Q(state=ChangeState.DISMISSED) & ~Q(settled_by__startswith=OVERTAKEN)
    rows = Change.objects.filter(waits | dismissed, host=run.host_id).order_by("key", "kind", "-pk")
    last = rows.distinct("key", "kind").values("pk", "key", "kind", "state", "after")
    return {(row["key"], row["kind"]): dict(row) for row in last}


def as_row(
    run: SyncRun, change: Difference, offer: Standing | None, source: str, at: datetime
) -> dict[str, Any]:
    """A change by column: applied at once, or waiting where it is risky."""
    state = ChangeState.WAITING if change.risky else ChangeState.APPLIED
    return {
        "host_id": run.host_id,
        "run_id": run.pk,
        "offer_id": offer.pk if offer else None,
        "key": change.key,
        "kind": str(change.kind),
        "before": change.before,
        "after": change.after,
        "risky": change.risky,
        "why_risky": change.why[:200],
        "source": source[:160],
        "state": state.value,
        "at": at,
        "settled_at": None if change.risky else at,
        "settled_by": "" if change.risky else f"run {run.pk}",
    }
