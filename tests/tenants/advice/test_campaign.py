"""A retirement date opens a campaign, it follows the date, reminds once per mark, and closes with a report."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from catalog.models import Offer
from foundry.audit.models import Entry
from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.notify.models import Event, Notice
from tenants.advice.actions import choose_successor, close_campaign, plan
from tenants.advice.affected import affected
from tenants.advice.follow import follow
from tenants.advice.models import Campaign
from tests import make
from tests.tenants.advice.world import AT, calls, hold, retiring

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]
DAY = timedelta(days=1)


def told(campaign: Campaign) -> list[str]:
    return [
        event.key.split(":", 3)[3]
        for event in Event.objects.filter(key__startswith=f"campaign:{campaign.pk}:")
    ]


def test_a_date_on_an_offer_that_somebody_holds_opens_one_and_tells_its_teams() -> None:
    world = retiring(2)
    follow(AT)
    follow(AT)
    campaign = Campaign.objects.get()
    assert (campaign.offer, campaign.successor, campaign.retires_at) == (
        world.old,
        world.new,
        world.old.retires_at,
    )
    assert told(campaign) == ["opened", "opened"]
    owners = {make.owner_of(team) for team in world.teams}
    assert {notice.person for notice in Notice.objects.filter(mine=True)} == owners


def test_an_offer_that_nobody_holds_opens_none() -> None:
    make.offer(retires_at=AT + 30 * DAY)
    follow(AT)
    assert not Campaign.objects.exists()


@pytest.mark.parametrize("days", [-1, 400])
def test_a_date_that_passed_or_is_far_opens_none(days: int) -> None:
    retiring(days=days)
    follow(AT)
    assert not Campaign.objects.exists()


def test_a_second_one_for_the_same_offer_is_refused_by_the_action_and_by_the_database() -> None:
    world = retiring()
    first = world.open()
    with pytest.raises(Conflict, match="open already"):
        world.open()
    with pytest.raises(IntegrityError), transaction.atomic():
        Campaign.objects.create(offer=world.old, retires_at=first.retires_at, opened_at=AT, opened_by="raw")


def test_it_reminds_once_for_each_mark() -> None:
    world = retiring(days=65)
    campaign = world.open()
    for day in range(66):
        follow(AT + day * DAY)
        follow(AT + day * DAY)
    assert [word.split(":")[0] for word in told(campaign)[::-1]] == ["opened", "60", "30", "14", "7", "1"]


def test_one_opened_late_begins_with_the_next_mark() -> None:
    campaign = retiring(days=10).open()
    for day in range(10):
        follow(AT + day * DAY)
    assert [word.split(":")[0] for word in told(campaign)[::-1]] == ["opened", "7", "1"]


def test_a_date_that_moves_moves_it_and_is_told() -> None:
    world = retiring()
    campaign = world.open()
    closer = AT + 12 * DAY
    Offer.objects.filter(pk=world.old.pk).update(retires_at=closer)
    follow(AT + DAY)
    campaign.refresh_from_db()
    assert campaign.retires_at == closer
    assert "retires earlier" in Event.objects.first().title  # type: ignore[union-attr]


def test_a_date_that_is_taken_back_closes_it() -> None:
    world = retiring()
    campaign = world.open()
    Offer.objects.filter(pk=world.old.pk).update(retires_at=None)
    follow(AT + DAY)
    campaign.refresh_from_db()
    assert campaign.closed_why == "the host took the date back"


def test_it_closes_by_itself_with_a_report_that_stays() -> None:
    world = retiring(2, days=10)
    calls(world.grants[0], [1, 2, 20])
    campaign = world.open()
    follow(AT + 10 * DAY)
    assert not Campaign.objects.exclude(closed_at=None).exists()
    follow(AT + 12 * DAY)
    campaign.refresh_from_db()
    assert campaign.closed_why == "the offer retired"
    assert campaign.report is not None
    assert campaign.report["sums"]["teams"] == 2
    assert [row["calls_30d"] for row in campaign.report["teams"]] == [2, 0]
    with pytest.raises(Conflict, match="was closed"):
        close_campaign(campaign.pk, "again", actor=make.admin(), at=AT)


def test_a_plan_is_said_by_a_member_within_the_time() -> None:
    world = retiring()
    campaign, mia = world.open(), make.owner_of(world.teams[0])
    with pytest.raises(Forbidden):
        plan(campaign.pk, world.teams[0], (AT + 5 * DAY).date(), actor=make.admin(), at=AT)
    for wrong in (AT - DAY, AT + 60 * DAY):
        with pytest.raises(Invalid):
            plan(campaign.pk, world.teams[0], wrong.date(), actor=mia, at=AT)
    plan(campaign.pk, world.teams[0], (AT + 5 * DAY).date(), "after the release", actor=mia, at=AT)
    plan(campaign.pk, world.teams[0], (AT + 9 * DAY).date(), actor=mia, at=AT)
    assert campaign.plans.get().planned_on == (AT + 9 * DAY).date()
    assert Entry.objects.filter(verb="campaign.plan").count() == 2


def test_only_keepers_open_choose_and_close() -> None:
    campaign = retiring().open()
    for act in (lambda who: choose_successor(campaign.pk, None, actor=who, at=AT),
                lambda who: close_campaign(campaign.pk, "x", actor=who, at=AT)):  # fmt: skip
        with pytest.raises(Forbidden):
            act(make.person(roles=("finance",)))


def progress(campaign: Campaign) -> list[str]:
    return [each.progress(AT).value for each in affected(campaign, AT)]


def test_how_far_a_team_is_follows_from_what_it_does() -> None:
    world = retiring()
    calls(world.grants[0], [1])
    campaign, team = world.open(), world.teams[0]
    assert progress(campaign) == ["unaware"]
    Notice.objects.update(read_at=AT)
    assert progress(campaign) == ["silent"]
    said = plan(campaign.pk, team, (AT + DAY).date(), actor=make.owner_of(team), at=AT)
    assert progress(campaign) == ["planned"]
    said.planned_on = (AT - DAY).date()
    said.save()
    assert progress(campaign) == ["late"]


def test_a_team_has_moved_when_it_holds_the_successor_and_stopped_calling() -> None:
    world = retiring()
    calls(world.grants[0], [10, 8])
    campaign = world.open()
    assert progress(campaign) == ["unaware"]
    hold(world.teams[0], world.new, AT - DAY)
    assert progress(campaign) == ["moved"]
    calls(world.grants[0], [2])
    assert progress(campaign) == ["unaware"]


def test_the_volume_is_of_thirty_days_and_leaves_refusals_out() -> None:
    world = retiring()
    calls(world.grants[0], [1, 29, 31])
    calls(
        world.grants[0],
        [1],
        outcome="refused",
        code="limit.tpm",
        tokens_in=0,
        tokens_out=0,
        cost_nanos=0,
        basis="none",
    )
    calls(hold(world.teams[0], world.new, AT - DAY), [1])
    [each] = affected(world.open(), AT)
    assert (each.volume.calls, each.volume.tokens, each.volume.cost_nanos, each.lately) == (
        2,
        220,
        900_000,
        1,
    )
    assert each.applications == [world.grants[0].applications.get().slug]
