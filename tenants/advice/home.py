"""Which retirements wait for whom, for the home page."""

from typing import Any

from django.urls import reverse

from foundry.lib import clock
from foundry.people.models import User
from tenants.advice.affected import affected, own_teams
from tenants.advice.models import Campaign
from tenants.advice.states import Progress

AT_MOST = 4


def blocks(person: User) -> dict[str, list[dict[str, Any]]]:
    """Teams see what goes away from them; those who see all, how far each campaign is."""
    at = clock.now()
    lines = []
    for campaign in Campaign.objects.seen_by(person).open().with_names()[:AT_MOST]:
        rows = affected(campaign, at, own_teams(person))
        left = [each for each in rows if each.progress(at) != Progress.MOVED]
        if left:
            lines.append(line(campaign, len(left), len(rows), silent=any(each.plan is None for each in left)))
    return {"waits": [], "runs_out": lines, "changed": []}


def line(campaign: Campaign, left: int, teams: int, *, silent: bool) -> dict[str, Any]:
    follows = f" {campaign.successor} follows it." if campaign.successor else ""
    return {
        "title": f"{campaign.offer} goes away",
        "detail": (f"{left} of {teams} teams have not moved." if teams > 1 else "Say by when you move.")
        + follows,
        "url": reverse("retirement", args=[campaign.pk]),
        "tone": "bad" if silent else "warn",
        "at": campaign.retires_at,
        "when": "retires",
    }
