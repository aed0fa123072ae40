"""What an approver weighs: a suggested size with its basis, similar decisions, the team's record, money promised."""

from datetime import UTC, datetime, timedelta

import pytest

from foundry.lib import clock
from foundry.lib.errors import Invalid
from tenants.access import actions, record
from tenants.access.models import Grant, Request
from tenants.access.states import LimitKind
from tenants.access.suggest import MEASURED, NO_BASIS, STATED, Peaks, round_up, suggest
from tenants.levels.actions import set_limit
from tenants.levels.rules import Target
from tenants.usage import peaks
from tenants.usage.models import LATENCY_MS, UsageHour
from tests import make
from tests.people import browser

pytestmark = pytest.mark.django_db
USD, DAY = 10**9, timedelta(days=1)


def hour(grant: Grant, at: datetime, calls: int, tokens: int, cost: int = 0, outcome: str = "ok") -> None:
    UsageHour.objects.create(
        hour=at.replace(minute=0, second=0, microsecond=0), team_id=grant.team_id, grant_id=grant.pk,
        offer_id=grant.offer_id, model="x", outcome=outcome, code="", basis="host", calls=calls, tokens_in=tokens,
        tokens_out=0, tokens_cached=0, tokens_reasoning=0, cost_nanos=cost, unknown_cost_calls=0,
        latency=[0] * (len(LATENCY_MS) + 1),
    )  # fmt: skip


def test_without_a_basis_there_is_no_number() -> None:
    told = suggest(None, None, None)
    assert {each.value for each in told.values()} == {None}
    assert {each.basis for each in told.values()} == {NO_BASIS}
    assert set(told) == set(LimitKind.values)


def test_stated_use_gives_a_size_with_room_and_says_so() -> None:
    told = suggest({"calls_per_day": 4_800, "tokens_in": 900, "tokens_out": 100}, None, None)
    assert (told["rpm"].value, told["tpm"].value) == (30, 30_000)
    assert told["tokens_per_day"].value == 6_000_000
    assert told["tokens_per_month"].value == 180_000_000
    assert told["rpm"].basis == STATED
    assert (told["usd_per_month"].value, told["concurrency"].value) == (None, None)


def test_measured_use_counts_where_nothing_is_stated() -> None:
    seen = Peaks(
        calls_hour=600,
        tokens_hour=60_000,
        tokens_day=100_000,
        tokens_month=1_000_000,
        cost_nanos_month=8 * USD,
    )
    told = suggest(None, seen, None)
    assert {kind: each.value for kind, each in told.items()} == {
        "rpm": 30, "tpm": 3_000, "concurrency": None, "tokens_per_day": 130_000, "tokens_per_month": 1_300_000,
        "usd_per_day": None, "usd_per_month": 10 * USD,
    }  # fmt: skip
    assert told["tpm"].basis == MEASURED


@pytest.mark.parametrize(
    ("amount", "rounded"), [(1, 1), (99, 99), (101, 110), (12_345, 13_000), (130_000, 130_000)]
)
def test_sizes_are_rounded_up_to_two_digits(amount: int, rounded: int) -> None:
    assert round_up(amount) == rounded


def test_peaks_are_of_the_busiest_hour_and_day_and_leave_out_what_was_refused_or_is_old() -> None:
    grant, noon = (
        make.grant(at=clock.now() - 50 * DAY),
        datetime.combine(clock.now().date() - 2 * DAY, datetime.min.time(), UTC),
    )
    hour(grant, noon, 10, 500, 7)
    hour(grant, noon + timedelta(hours=1), 30, 400, 5)
    hour(grant, noon + DAY, 20, 600, 1)
    hour(grant, noon + DAY, 900, 0, outcome="refused")
    hour(grant, noon - 40 * DAY, 9_999, 9_999)
    assert peaks.of_grant(grant.pk, clock.now()) == Peaks(30, 600, 900, 1_500, 13, refused=900)
    assert peaks.of_grant(make.grant().pk, clock.now()) is None


def test_the_decision_page_shows_asked_suggested_and_the_way_to_take_it() -> None:
    asked = make.request(limits={"tpm": 90_000, "rpm": 500})
    client = browser(make.admin())
    page = client.get(f"/requests/{asked.pk}/").text
    assert "no basis" in page
    assert "Fill in the suggested size" not in page
    stated = {"calls_per_day": 4_800, "tokens_in": 900, "tokens_out": 100}
    team = make.team()
    sized = actions.submit(
        team=team, offer=make.offer(), application=make.application(team), purpose="x", data_class="internal",
        limits={"tpm": 90_000, "rpm": 500}, ends_on=asked.ends_on, terms_version=None, stated=stated,
        actor=make.owner_of(team), at=clock.now(),
    )  # fmt: skip
    page = client.get(f"/requests/{sized.pk}/").text
    assert "from the stated use" in page
    assert "4,800 calls a day" in page
    page = client.get(f"/requests/{sized.pk}/?suggested=1").text
    assert 'value="30,000"' in page
    assert 'value="90,000"' not in page


@pytest.mark.parametrize(
    "stated", [{"calls_per_day": 5}, {"calls_per_day": 5, "tokens_in": 0, "tokens_out": 1}]
)
def test_half_of_a_stated_use_is_refused(stated: dict[str, int]) -> None:
    team = make.team()
    with pytest.raises(Invalid) as refused:
        actions.submit(
            team=team, offer=make.offer(), application=make.application(team), purpose="x", data_class="internal",
            limits={"tpm": 1}, ends_on=(clock.now() + 9 * DAY).date(), terms_version=None, stated=stated,
            actor=make.owner_of(team), at=clock.now(),
        )  # fmt: skip
    assert refused.value.code == "request.stated"


def test_the_form_takes_what_is_expected_and_the_preview_says_what_it_calls_for() -> None:
    team, offer = make.team(), make.offer()
    owner, application = make.owner_of(team), make.application(team)
    fields = {"calls_per_day": "4,800", "tokens_in": "900", "tokens_out": "100"}
    page = browser(owner).get("/requests/preview/", {"offer": offer.pk} | fields).text
    assert "30,000 tokens per minute" in page
    sent = {
        "application": application.pk, "purpose": "x", "data_class": "internal", "tpm": "60,000",
        "ends_on": str((clock.now() + 9 * DAY).date()),
    }  # fmt: skip
    assert browser(owner).post(f"/requests/new/?offer={offer.pk}", sent | fields).status_code == 302
    assert team.requests.get().stated == {"calls_per_day": 4_800, "tokens_in": 900, "tokens_out": 100}


def test_similar_decisions_the_record_and_the_money_promised() -> None:
    long_ago = clock.now() - 40 * DAY
    held = make.grant(
        at=long_ago, limits={"usd_per_month": 100 * USD}, ends_on=(clock.now() + 20 * DAY).date()
    )
    make.grant(of=held.team, limits={"usd_per_day": 2 * USD})
    make.grant(of=held.team, limits={"tpm": 5})
    make.grant(limits={"usd_per_month": 7 * USD})
    denied = make.request(of=held.team)
    actions.deny(denied.pk, code="too_much", actor=make.admin(), at=clock.now())
    asked = make.request(of=held.team, offer=held.offer)
    told = record.of_team(asked, clock.now())
    assert (told.grants, told.idle, told.decided, told.denied) == (3, [held], 4, 1)
    mine = Grant.objects.filter(team=held.team)
    assert record.promised(mine, clock.now()) == record.Promised(160 * USD, 0, 1)
    assert [each["row"] for each in record.similar(asked)] == [held.request]
    hour(held, clock.now() - DAY, 1, 1)
    assert record.of_team(asked, clock.now()).idle == []
    page = browser(make.admin()).get(f"/requests/{asked.pk}/").text
    for words in ("$160.00", "1 grant promises no sum", "How the like was decided", "Asked $100.00"):
        assert words in page, words


def test_the_teams_budget_before_and_after_is_its_limit_of_money_beside_what_is_promised() -> None:
    held = make.grant(limits={"usd_per_month": 300 * USD})
    team, ada = held.team, make.admin()
    named = held.named.get().application
    new = make.request(of=team, limits={"usd_per_month": 200 * USD})
    less = make.request(of=team, offer=held.offer, app=named, limits={"usd_per_month": 100 * USD})
    other = make.grant(limits={"usd_per_month": 9_000 * USD})
    assert other.team.cost_centre_id == team.cost_centre_id

    def said(row: Request) -> str:
        page = browser(ada).get(f"/requests/{row.pk}/").text
        return page[page.index('id="team-budget"') : page.index('id="budget"')]

    assert "$300.00 a month is promised, $500.00 with this; no budget is set." in said(new)
    set_limit(
        Target(team=team),
        kind="usd_per_month",
        maximum=400 * USD,
        reason="Agreed.",
        actor=ada,
        at=clock.now(),
    )
    assert "$500.00 with this; its budget is $400.00, $100.00 over it." in said(new)
    assert ('class="bar bad"' in said(new), 'class="bar bad"' in said(less)) == (True, False)
    assert (
        "$300.00 a month is promised, $100.00 with this; its budget is $400.00, $300.00 left of it."
        in said(less)
    )
    actions.approve(new.pk, actor=ada, at=clock.now())
    assert "$500.00 a month is promised, $300.00 with this" in said(less)


def test_a_team_sees_nothing_of_what_approvers_weigh() -> None:
    asked = make.request()
    page = browser(asked.requester).get(f"/requests/{asked.pk}/").text
    assert "How the like was decided" not in page
    assert "Suggested" not in page
