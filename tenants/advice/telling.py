"""Who is told what of a retirement, and when: at the opening, when the date moves, and as it comes closer."""

from datetime import datetime
from math import ceil

from django.urls import reverse

from foundry.notify.outbox import tell
from foundry.people.models import User
from tenants.advice.affected import Affected, affected, key_of
from tenants.advice.models import Campaign
from tenants.advice.states import Progress

DAYS_BEFORE = (90, 60, 30, 14, 7, 1)


def opened(campaign: Campaign, at: datetime) -> None:
    for each in affected(campaign, at):
        say(campaign, each, "opened", f"{campaign.offer} retires on {campaign.retires_at:%d %b %Y}", at)


def moved(campaign: Campaign, before: datetime, at: datetime) -> None:
    word = "earlier" if campaign.retires_at < before else "later"
    for each in affected(campaign, at):
        title = f"{campaign.offer} retires {word}: on {campaign.retires_at:%d %b %Y}"
        say(campaign, each, f"moved:{campaign.retires_at:%Y-%m-%d}", title, at)


def remind(campaign: Campaign, at: datetime) -> int:
    """Tell whoever has not moved, once for each of `DAYS_BEFORE`; answers how many teams were told now."""
    left = days_left(campaign, at)
    mark = next((days for days in reversed(DAYS_BEFORE) if left <= days), None)
    if mark is None or left < 0 or days_left(campaign, campaign.opened_at) <= mark:
        return 0  # the opening told it
    told = 0
    for each in affected(campaign, at):
        if each.progress(at) != Progress.MOVED:
            title = f"{campaign.offer} retires in {left} day{'' if left == 1 else 's'}"
            told += say(campaign, each, f"{mark}:{campaign.retires_at:%Y-%m-%d}", title, at)
    return told


def days_left(campaign: Campaign, at: datetime) -> int:
    return ceil((campaign.retires_at - at).total_seconds() / 86_400)


def say(campaign: Campaign, each: Affected, which: str, title: str, at: datetime) -> bool:
    """One notice to a team's owners; its members are told beside them. False when that was said before."""
    members = list(each.team.memberships.select_related("user"))
    owners: list[User] = [row.user for row in members if row.role == row.OWNER]
    instead = f" {campaign.successor} follows it." if campaign.successor else ""
    event = tell(
        "retirement.notice",
        key=f"{key_of(campaign)}:{each.team.pk}:{which}",
        title=title,
        text=f"{each.team.name} made {each.volume.calls:,} calls to it in thirty days.{instead} Say by when you move.",
        url=reverse("retirement", args=[campaign.pk]),
        to=owners,
        also=[row.user for row in members],
        scope=f"team:{each.team.slug}",
        data={
            "campaign": campaign.pk,
            "offer": campaign.offer_id,
            "retires_at": campaign.retires_at.isoformat(),
        },
        at=at,
    )
    return event is not None
