"""What came of a campaign, as JSON that never changes afterwards."""

from datetime import datetime
from typing import Any

from foundry.lib.units import usd_text
from tenants.advice.affected import Affected, affected
from tenants.advice.models import Campaign
from tenants.advice.states import Progress

HEADER = [
    "team", "applications", "keys", "calls_30d", "tokens_30d", "cost_usd_30d", "calls_7d", "progress", "planned_on", "note",
]  # fmt: skip


def write(campaign: Campaign, at: datetime) -> dict[str, Any]:
    """`sums`: teams by progress, and calls that still come; `teams`: a row each, as in `HEADER`."""
    rows = affected(campaign, at)
    counts = {progress.value: 0 for progress in Progress}
    for each in rows:
        counts[each.progress(at).value] += 1
    sums = {"teams": len(rows), **counts, "calls_7d": sum(each.lately for each in rows)}
    return {
        "at": at.isoformat(),
        "sums": sums,
        "teams": [dict(zip(HEADER, line(each, at), strict=True)) for each in rows],
    }


def line(each: Affected, at: datetime) -> list[Any]:
    """One team's row in the order of `HEADER`."""
    plan = each.plan
    return [
        each.team.slug,
        " ".join(each.applications),
        each.keys,
        each.volume.calls,
        each.volume.tokens,
        usd_text(each.volume.cost_nanos),
        each.lately,
        each.progress(at).value,
        plan.planned_on.isoformat() if plan else "",
        plan.note if plan else "",
    ]
