"""Budgets that run out show on the home page, the fullest first; a grant's page shows what is left of each."""

import pytest

from foundry.lib import clock
from tenants.quotas.home import blocks
from tenants.usage.ingest import ingest
from tests import make
from tests.people import browser
from tests.tenants.usage.test_ingest import call

pytestmark = pytest.mark.django_db


def spend(grant: object, tokens: int) -> None:
    ingest(
        [call(1, grant.team_id, grant_id=grant.pk, started_at=clock.now(), tokens_in=tokens, tokens_out=0)]
    )  # type: ignore[attr-defined]


def test_a_budget_at_nine_tenths_is_told_with_when_it_begins_anew() -> None:
    grant = make.grant(limits={"tokens_per_month": 1_000, "tpm": 100})
    spend(grant, 910)
    [line] = blocks(make.owner_of(grant.team))["runs_out"]
    assert "1,000 tokens per month is 91 % used" in line["title"]
    assert (line["tone"], line["url"]) == ("warn", f"/grants/{grant.pk}/")
    assert line["at"].day == 1


def test_a_budget_that_is_used_up_says_that_calls_are_refused() -> None:
    grant = make.grant(limits={"tokens_per_day": 1_000})
    spend(grant, 1_200)
    [line] = blocks(make.admin())["runs_out"]
    assert line["tone"] == "bad"
    assert "refused" in line["detail"]


def test_a_budget_with_room_and_a_foreign_one_are_not_told() -> None:
    grant, foreign = make.grant(limits={"tokens_per_day": 1_000}), make.grant(limits={"tokens_per_day": 10})
    spend(grant, 500)
    assert blocks(make.owner_of(grant.team))["runs_out"] == []
    ingest([call(2, foreign.team_id, grant_id=foreign.pk, started_at=clock.now())])
    assert blocks(make.owner_of(grant.team))["runs_out"] == []


def test_the_grants_page_shows_how_much_is_used(redis_url: str) -> None:
    grant = make.grant(limits={"tokens_per_month": 1_000, "tpm": 100})
    spend(grant, 250)
    client = browser(make.owner_of(grant.team))
    for page in ("/grants/", f"/grants/{grant.pk}/"):
        text = client.get(page).content.decode()
        assert "25 % used" in text
        assert text.count("% used") == 1, "a rate has no share that is used"
