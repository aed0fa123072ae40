"""An older model goes away: one team has said by when it moves, the other has not even read the notice."""

from datetime import datetime, timedelta

from foundry.notify.models import Notice
from tenants.advice import actions
from tenants.advice.follow import ACTOR
from tenants.demo.story import Story

OLD, NEW = "gpt-4o", "gpt-4.1"


def script(story: Story, at: datetime) -> None:
    """Opened twenty days ago, when the date first stood in the listing."""
    offers, people = story.offers, story.people
    campaign = actions.open_campaign(offers[OLD], actor=ACTOR, at=at - timedelta(days=20, minutes=13))
    actions.choose_successor(
        campaign.pk, offers[NEW], actor=people["ada"], at=at - timedelta(days=19, hours=2)
    )
    Notice.objects.filter(person=people["omar"]).update(read_at=at - timedelta(days=18))
    actions.plan(
        campaign.pk,
        story.teams["search"],
        story.on(20),
        "Answer cards move with the next ranking release.",
        actor=people["omar"],
        at=at - timedelta(days=11, hours=5),
    )
