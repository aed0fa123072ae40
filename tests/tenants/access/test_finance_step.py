"""What a cost centre promises beside its budget, before and after a request; and the bar that shows headroom."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Offer
from foundry.audit.models import Entry
from foundry.lib import clock
from foundry.lib.errors import Forbidden, Invalid
from tenants.access import actions, record
from tenants.access.models import Grant, Request
from tenants.teams import actions as teams
from tenants.teams.models import CostCentre
from tests import make
from tests.people import api, browser

pytestmark = pytest.mark.django_db
USD = 10**9


def budget(request: Request, usd: int | None) -> None:
    centre = request.team.cost_centre
    teams.set_budget(centre.pk, None if usd is None else usd * USD, actor=make.admin(), at=clock.now())


def seen(request: Request, role: str = "finance") -> str:
    return str(browser(make.person(roles=(role,))).get(f"/requests/{request.pk}/").text)


def test_finance_sees_the_promise_before_and_after_beside_the_budget() -> None:
    held = make.grant(limits={"usd_per_month": 300 * USD})
    request = make.request(of=held.team, limits={"usd_per_month": 200 * USD})
    assert "no budget is set" in seen(request)
    budget(request, 1_000)
    assert (
        "$300.00 a month is promised, $500.00 with this; its budget is $1,000.00, $500.00 left of it."
        in seen(request)
    )
    budget(request, 400)
    page = seen(request)
    assert "its budget is $400.00, $100.00 over it." in page
    assert 'class="bar bad"' in page


def test_all_teams_of_the_cost_centre_count_and_no_others() -> None:
    mine, near = (
        make.grant(limits={"usd_per_month": 300 * USD}),
        make.grant(limits={"usd_per_month": 50 * USD}),
    )
    away = make.grant(limits={"usd_per_month": 7 * USD})
    other = CostCentre.objects.create(code="9/9", name="Elsewhere")
    type(away.team).objects.filter(pk=away.team_id).update(cost_centre=other)
    found = record.promised_by_centre([mine.team.cost_centre_id, other.pk], clock.now())
    assert found[mine.team.cost_centre_id].nanos == 350 * USD
    assert found[other.pk].nanos == 7 * USD
    assert near.team.cost_centre_id == mine.team.cost_centre_id
    page = browser(make.person(roles=("finance",))).get(f"/cost-centres/{other.pk}/")
    assert page.status_code == 200


def test_limits_in_tokens_count_at_todays_price_and_it_is_said() -> None:
    """2 USD in and 8 USD out per million: three quarters read, one written, of 4 million tokens are 14 USD."""
    offer = make.offer()
    offer.prices.all().update(input_per_million=Decimal(2), output_per_million=Decimal(8))
    grant = make.grant(offer=offer, limits={"tokens_per_month": 4_000_000})
    found = record.promised(Grant.objects.filter(pk=grant.pk), clock.now())
    assert found == record.Promised(14 * USD, 14 * USD, 0)
    assert "$14.00 of it are limits in tokens at today's price" in seen(make.request(of=grant.team))


def test_a_change_counts_in_place_of_what_it_changes() -> None:
    app_grant = make.grant(limits={"usd_per_month": 300 * USD})
    named = app_grant.named.get().application
    request = make.request(
        of=app_grant.team, offer=app_grant.offer, app=named, limits={"usd_per_month": 400 * USD}
    )
    assert "$300.00 a month is promised, $400.00 with this" in seen(request)


def test_what_nobody_can_price_is_said_not_guessed() -> None:
    grant = make.grant(limits={"tpm": 60_000})
    assert record.promised(Grant.objects.all(), clock.now()) == record.Promised(0, 0, 1)
    page = seen(make.request(of=grant.team, limits={"tpm": 1}))
    assert "What this adds nobody can say." in page
    assert "1 grant promises no sum" in page


def test_finance_and_admins_set_a_budget_and_the_audit_dates_it() -> None:
    team = make.team()
    centre, fin = team.cost_centre, make.person(roles=("finance",))
    answer = api(fin).patch(
        f"/api/v1/cost-centres/{centre.pk}/", {"budget_usd": "1200.50"}, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["budget_usd"]) == (200, "1200.50")
    assert browser(fin).post(f"/cost-centres/{centre.pk}/", {"budget": "-1"}).status_code == 400
    assert browser(fin).post(f"/cost-centres/{centre.pk}/", {"budget": ""}).status_code == 302
    centre.refresh_from_db()
    assert centre.budget_nanos is None
    told = [entry.verb for entry in Entry.objects.filter(object_type="teams.costcentre")]
    assert told == ["cost_centre.budget"] * 2
    for who in (make.owner_of(team), make.person(roles=("ops",))):
        with pytest.raises(Forbidden):
            teams.set_budget(centre.pk, 1, actor=who, at=clock.now())
    with pytest.raises(Invalid):
        teams.set_budget(centre.pk, 10**19, actor=fin, at=clock.now())


@pytest.mark.parametrize("page", ["/cost-centres/", "/api/v1/cost-centres/"])
def test_the_list_costs_the_same_for_ten_and_for_twenty(page: str) -> None:
    def fill() -> None:
        for _ in range(10):
            grant = make.grant(limits={"usd_per_month": USD})
            centre = CostCentre.objects.create(code=f"c{grant.pk}", name="C")
            type(grant.team).objects.filter(pk=grant.team_id).update(cost_centre=centre)

    client = (api if "api" in page else browser)(make.admin())
    counts = []
    for _ in range(2):
        fill()
        client.get(page)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(page).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_headroom_is_a_bar_with_what_this_adds_and_words_for_those_who_do_not_see_it() -> None:
    grant = make.grant(limits={"tpm": 40_000})
    pool = make.pool(grant.offer.host, maximum=90, tpm_per_unit=1000, unit="kTPM")
    Offer.objects.filter(pk=grant.offer_id).update(pool=pool)
    offer = Offer.objects.with_names().get(pk=grant.offer_id)
    request = make.request(offer=offer, limits={"tpm": 30_000})
    page = seen(request, "admin")
    assert (
        "50,000 of 90,000 tokens per minute are not granted yet. This adds 30,000, which leaves 20,000."
        in page
    )
    assert 'class="taken" width="44.4%"' in page
    assert 'class="adding" x="44.4%" width="33.3%"' in page
    much = make.request(offer=offer, limits={"tpm": 70_000})
    assert "which is 20,000 more than the host serves" in seen(much, "admin")
    actions.approve(request.pk, actor=make.admin(), at=clock.now())
    assert "This adds" not in seen(request, "admin")
