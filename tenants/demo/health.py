"""How the demo's hosts served: what their make-believe status pages said, and what ops paused."""

from datetime import datetime, timedelta

from catalog import actions
from catalog.models import Host, Offer, StatusReading
from catalog.states import Health
from foundry.people.models import User
from tenants.demo.story import Story
from tenants.demo.supply import AZURE, DIRECT
from tenants.demo.traffic import DAYS

FINE = "All systems operational"
CHAT = "Chat completions"
# Days ago, from, for how many minutes, health, words, name of the incident
TROUBLE = [
    (
        44,
        "22:00",
        120,
        Health.MAINTENANCE,
        "Service under maintenance",
        "Planned upgrade of the eastus2 region",
    ),
    (23, "09:00", 47, Health.DOWN, "Major service outage", "Chat completions answer 503"),
    (12, "15:12", 26, Health.DEGRADED, "Partially degraded service", "Slow answers of Mistral Large"),
]


def add(story: Story, ops: User) -> None:
    """The direct host's page is read for a month only, so the days before are not known."""
    azure, direct = Host.objects.get(slug=AZURE), Host.objects.get(slug=DIRECT)
    StatusReading.objects.bulk_create(
        [
            *readings(azure, story.loaded_at - timedelta(days=DAYS), story.loaded_at, story),
            reading(direct, Health.OK, FINE, story.loaded_at - timedelta(days=30), story.loaded_at),
        ]
    )
    slow = story.when(12, "15:20")
    pause(story.offers["mistral-large"], slow, 40, "Answers take half a minute; wait for the host.", ops)
    planned = story.loaded_at.replace(hour=3, minute=0, second=0, microsecond=0) + timedelta(days=2)
    actions.pause(
        direct, reason="The host announced maintenance.", starts_at=planned, ends_at=planned + timedelta(hours=1),
        actor=ops, at=story.loaded_at - timedelta(hours=3),
    )  # fmt: skip


def pause(what: Offer, at: datetime, minutes: int, reason: str, ops: User) -> None:
    """A pause of an hour that ops lifted after so many minutes."""
    row = actions.pause(what, reason=reason, ends_at=at + timedelta(hours=1), actor=ops, at=at)
    actions.lift_pause(row.pk, actor=ops, at=at + timedelta(minutes=minutes))


def readings(host: Host, first: datetime, last: datetime, story: Story) -> list[StatusReading]:
    """One after the other from `first` to `last`, without a gap."""
    found, since = [], first
    for days_ago, clock, minutes, health, words, incident in TROUBLE:
        start = story.when(days_ago, clock)
        end = start + timedelta(minutes=minutes)
        found.append(reading(host, Health.OK, FINE, since, start))
        found.append(reading(host, health, words, start, end, incident))
        since = end
    return [*found, reading(host, Health.OK, FINE, since, last)]


def reading(
    host: Host, health: Health, words: str, at: datetime, until: datetime, incident: str = ""
) -> StatusReading:
    going_on = [{"name": incident, "impact": "", "since": at.isoformat(), "url": ""}] if incident else []
    details = {"components": [{"name": CHAT, "status": health.value}], "incidents": going_on}
    return StatusReading(host=host, health=health, words=words, details=details, at=at, seen_until=until)
