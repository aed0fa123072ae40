"""The board shows all to those who see all, and a team only itself; one click asks for the successor."""

from datetime import timedelta
from decimal import Decimal

import pytest

from catalog.models import Offer
from foundry.lib import clock
from foundry.lib.units import usd_text
from tenants.access.models import Grant, Request
from tenants.advice.actions import close_campaign
from tenants.advice.affected import affected
from tenants.advice.successors import candidates
from tests import make
from tests.foundry.web.markup import faults
from tests.people import api, browser
from tests.tenants.access.test_same_queries import queries
from tests.tenants.advice.world import calls, retiring

JSON = "application/json"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]


@pytest.fixture
def now() -> object:
    return clock.now()


def test_a_team_sees_its_own_row_and_no_other(now: object) -> None:
    world = retiring(2, at=now)  # type: ignore[arg-type]
    campaign = world.open(clock.now())
    mine, other = world.teams
    page = browser(make.owner_of(mine)).get(f"/retirements/{campaign.pk}/").content.decode()
    assert mine.name in page
    assert other.name not in page
    assert faults(page) == []
    csv = b"".join(browser(make.owner_of(mine)).get(f"/retirements/{campaign.pk}/board.csv")).decode()
    assert (mine.slug in csv, other.slug in csv) == (True, False)
    rows = api(make.owner_of(mine)).get(f"/api/v1/retirements/{campaign.pk}/teams/").json()
    assert [row["team"] for row in rows] == [mine.slug]


def test_who_holds_nothing_of_it_does_not_know_of_it() -> None:
    campaign = retiring(at=clock.now()).open(clock.now())
    nina = browser(make.person())
    assert nina.get(f"/retirements/{campaign.pk}/").status_code == 404
    assert "go away" in nina.get("/retirements/").content.decode().replace("goes away", "go away")
    assert (
        nina.post(f"/retirements/{campaign.pk}/plan/", {"team": "x", "planned_on": "2026-01-01"}).status_code
        == 404
    )


def test_ops_see_everybody_with_calls_and_cost() -> None:
    world = retiring(3, at=clock.now())
    calls(world.grants[1], [1, 2], clock.now())
    make.key(world.grants[1])
    campaign = world.open(clock.now())
    assert [each.keys for each in affected(campaign, clock.now())] == [1, 0, 0]
    page = browser(make.person(roles=("ops",))).get(f"/retirements/{campaign.pk}/").content.decode()
    assert all(team.name in page for team in world.teams)
    assert faults(page) == []


def test_one_click_asks_for_the_successor_at_the_same_size() -> None:
    world = retiring(at=clock.now())
    campaign, team = world.open(clock.now()), world.teams[0]
    client = browser(make.owner_of(team))
    form = {"grant": world.grants[0].pk, "successor": world.new.pk}
    client.post(f"/retirements/{campaign.pk}/move/", form)
    asked = Request.objects.get(offer=world.new)
    assert (asked.team, asked.asked, asked.data_class) == (team, {"tpm": 60_000}, world.grants[0].data_class)
    assert asked.ends_on >= (clock.now() + timedelta(days=89)).date()
    again = client.post(f"/retirements/{campaign.pk}/move/", form, follow=True).content.decode()
    assert Request.objects.filter(offer=world.new).count() == 1
    assert "callout warn" in again


def test_nobody_moves_a_foreign_teams_grant() -> None:
    world = retiring(2, at=clock.now())
    campaign = world.open(clock.now())
    form = {"grant": world.grants[1].pk, "successor": world.new.pk}
    assert (
        browser(make.owner_of(world.teams[0])).post(f"/retirements/{campaign.pk}/move/", form).status_code
        == 404
    )
    assert not Request.objects.filter(offer=world.new).exists()


def test_a_plan_said_on_the_page_shows_there_and_a_wrong_one_says_why() -> None:
    world = retiring(at=clock.now())
    campaign, team = world.open(clock.now()), world.teams[0]
    client, where = browser(make.owner_of(team)), f"/retirements/{campaign.pk}/"
    day = (clock.now() + timedelta(days=3)).date()
    client.post(where + "plan/", {"team": team.slug, "planned_on": day.isoformat(), "note": "after 2.4"})
    page = client.get(where).content.decode()
    assert ("Planned" in page, "after 2.4" in page) == (True, True)
    for wrong in ("yesterday", "", (clock.now() + timedelta(days=300)).date().isoformat()):
        answer = client.post(where + "plan/", {"team": team.slug, "planned_on": wrong}, follow=True)
        assert "callout bad" in answer.content.decode()
    assert campaign.plans.get().planned_on == day


def test_the_api_takes_a_plan() -> None:
    world = retiring(at=clock.now())
    campaign, team = world.open(clock.now()), world.teams[0]
    day = (clock.now() + timedelta(days=3)).date().isoformat()
    body = {"team": team.slug, "planned_on": day}
    client = api(make.owner_of(team))
    assert (
        client.post(
            f"/api/v1/retirements/{campaign.pk}/plan/", body, content_type="application/json"
        ).status_code
        == 200
    )
    [row] = client.get(f"/api/v1/retirements/{campaign.pk}/teams/").json()
    assert (row["progress"], row["planned_on"]) == ("planned", day)
    body["team"] = "nobody"
    assert (
        client.post(
            f"/api/v1/retirements/{campaign.pk}/plan/", body, content_type="application/json"
        ).status_code
        == 400
    )


def test_successors_are_priced_at_the_teams_own_volume() -> None:
    world = retiring(at=clock.now())
    calls(world.grants[0], [1], clock.now(), tokens_in=1_000_000, tokens_out=100_000, tokens_cached=400_000)
    make.offer(of=world.old.model, at=make.host("elsewhere"), priced=False)
    make.offer(of=world.old.model, at=make.host("ends-too"), retires_at=clock.now() + timedelta(days=5))
    campaign = world.open(clock.now())
    [each] = affected(campaign, clock.now())
    found = candidates(campaign, each.volume, clock.now())
    assert [one.why for one in found] == ["Named as successor", "The same model at another host"]
    assert [one.cost_nanos for one in found] == [3_000_000_000 + 1_500_000_000, None]


def test_a_closed_one_keeps_its_report_as_csv() -> None:
    world = retiring(at=clock.now())
    campaign = world.open(clock.now())
    ops = make.person(roles=("ops",))
    close_campaign(campaign.pk, "all moved", actor=ops, at=clock.now())
    Grant.objects.update(revoked_at=clock.now())
    csv = b"".join(browser(ops).get(f"/retirements/{campaign.pk}/board.csv")).decode().splitlines()
    assert len(csv) == 2
    assert world.teams[0].slug in csv[1]
    assert "all moved" in browser(ops).get("/retirements/?show=closed").content.decode()


def test_more_teams_cost_no_more_queries() -> None:
    counts = []
    boss = make.admin()
    for teams in (5, 15):
        world = retiring(teams, at=clock.now())
        for grant in world.grants:
            make.key(grant)
            calls(grant, [1], clock.now())
        counts.append(queries(browser(boss), f"/retirements/{world.open(clock.now()).pk}/"))
    assert counts[0] == counts[1]


def test_the_home_page_tells_a_team_what_goes_away() -> None:
    world = retiring(at=clock.now())
    campaign = world.open(clock.now())
    page = browser(make.owner_of(world.teams[0])).get("/").content.decode()
    assert f"/retirements/{campaign.pk}/" in page


def test_the_api_opens_names_what_follows_moves_shows_the_burn_down_and_closes_with_the_report() -> None:
    world = retiring(at=clock.now())
    Offer.objects.filter(pk=world.old.pk).update(successor=None)
    calls(world.grants[0], [1], clock.now(), tokens_in=1_000_000, tokens_out=100_000)
    ops, owner = api(make.person(roles=("ops",))), api(make.owner_of(world.teams[0]))
    made = ops.post("/api/v1/retirements/", {"offer": world.old.pk}, JSON)
    assert (made.status_code, made.json()["successor"]) == (201, None)
    here = f"/api/v1/retirements/{made.json()['id']}/"
    named = ops.post(f"{here}successor/", {"offer": world.new.pk}, JSON).json()
    assert named["successor_name"] == world.new.call_name
    [then] = owner.get(f"{here}successors/").json()
    assert (then["offer"], then["why"], then["terms"]) == (world.new.pk, "Named as successor", None)
    assert (Decimal(then["input_usd_per_million"]), then["cost_usd_30d"]) == (3, usd_text(4_500_000_000))
    burn = owner.get(f"{here}burn-down/").json()
    assert (len(burn["days"]), burn["calls"]) == (45, {world.teams[0].slug: [*[0] * 43, 1, 0]})

    body = {"grant": world.grants[0].pk, "successor": world.new.pk}
    [moved] = owner.post(f"{here}move/", body, JSON).json()
    assert Request.objects.get(pk=moved["request"]).offer == world.new
    assert (moved["state"], moved["why_not"]) == ("open", "")
    stranger = {"grant": make.grant().pk, "successor": world.new.pk}
    assert owner.post(f"{here}move/", stranger, JSON).status_code == 400

    closed = ops.post(f"{here}close/", {"why": "Over."}, JSON).json()
    assert (closed["closed_why"], closed["report"]["sums"]["teams"]) == ("Over.", 1)
    assert owner.get(here).json()["report"] is None
    assert ops.post(f"{here}close/", {"why": "Again."}, JSON).status_code == 409
