"""Budgets that run out, for the home page."""

from datetime import datetime
from typing import Any

from django.urls import reverse

from foundry.lib import clock
from foundry.people.models import User
from foundry.web.format import limit_words, pct
from tenants.access.models import Grant
from tenants.quotas.use import of_grants, period_of

NEARLY = 0.8
AT_MOST = 6
LOOKED_AT = 500


def blocks(person: User) -> dict[str, list[dict[str, Any]]]:
    """Live grants with a budget from four fifths used on, the fullest first; a team's own, or all for who sees all."""
    at = clock.now()
    grants = list(Grant.objects.seen_by(person).live(at).with_everything(at)[:LOOKED_AT])
    used = of_grants([grant.pk for grant in grants], at)
    lines = []
    for grant in grants:
        for limit in grant.limits_then:
            share = used[grant.pk].get(limit.kind, 0) / limit.maximum if limit.kind in used[grant.pk] else 0.0
            if share >= NEARLY:
                lines.append((share, grant, limit))
    lines.sort(key=lambda each: -each[0])
    period = period_of(at)
    return {
        "runs_out": [
            line(grant, limit.kind, limit.maximum, share, period.resets_at(limit.kind, at))
            for share, grant, limit in lines[:AT_MOST]
        ]
    }


def line(grant: Grant, kind: str, maximum: int, share: float, resets_at: datetime | None) -> dict[str, Any]:
    state = "is used up" if share >= 1 else f"is {pct(share)} used"
    return {
        "title": f"{grant.offer.model} for {grant.team}: {limit_words(kind, maximum)} {state}",
        "detail": "Ask for more before calls are refused."
        if share < 1
        else "Calls are refused until it begins anew.",
        "url": reverse("grant", args=[grant.pk]),
        "tone": "bad" if share >= 1 else "warn",
        "at": resets_at,
        "when": "begins anew",
    }
