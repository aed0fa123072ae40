"""Asking, in a real browser, beyond the first time: a small trial that the policy approves at once, more of what one has with the
evidence filled in, data that terms rule out, and a new version of terms; by the right people, with the wrong ones refused."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from catalog.models import Offer
from foundry.lib import clock
from tenants.access.models import Acknowledgement, Decision, Grant, Request
from tests import make
from tests.browser.cards import IN_A_BROWSER, Window, be, refused
from tests.processes import console
from tests.servers import Urls
from tests.tenants.access.test_weighing import hour

pytestmark = IN_A_BROWSER
DAY = timedelta(days=1)


@dataclass
class Site:
    url: str
    grant: Grant
    trial: Offer


@pytest.fixture
def site(committed: Urls, tmp_path: Path) -> Iterator[Site]:
    """Olga's team copilot holds and calls a model under terms and tries another; nina is in no team, ada the admin."""
    for name, roles in (("ada", ("admin",)), ("nina", ())):
        make.person(name, roles=roles)
    team, now = make.team("copilot", owner=make.person("olga")), clock.now()
    terms = make.terms("house")
    terms.data_classes = ["public", "internal"]
    terms.save(update_fields=["data_classes"])
    offer = make.offer(of=make.model("grok-3"), terms=terms)
    make.grant(offer=offer)  # another team, lately decided
    grant = make.grant(
        of=team,
        app=make.application(team, "chat"),
        offer=offer,
        at=now - 40 * DAY,
        ends_on=(now + 20 * DAY).date(),
    )
    hour(grant, now - DAY, 600, 60_000)
    hour(grant, now - DAY, 7, 0, outcome="refused")
    trial = make.offer(of=make.model("grok-9"))
    sandbox = make.application(team, "lab")
    type(sandbox).objects.filter(pk=sandbox.pk).update(environment="development")
    with console(committed, tmp_path / "console.log", FOUNDRY_DEMO="1") as server:
        yield Site(server.url, grant, trial)


def test_a_small_trial_is_approved_by_the_policy_at_once_and_more_is_asked_with_the_evidence(
    site: Site, open_window: Window
) -> None:
    olga, ada = be("olga", open_window(), site.url), be("ada", open_window(), site.url)
    aside = olga.get_by_role("complementary", name="What this leads to")
    olga.goto(f"{site.url}/requests/new/?offer={site.trial.pk}")
    olga.get_by_label("Purpose").fill("To see whether it helps.")
    olga.get_by_label("Application", exact=True).select_option(label="Lab (Development)")
    olga.get_by_label("Most sensitive data it will see").select_option(label="Public")
    olga.get_by_label("Until").fill(f"{clock.now() + 10 * DAY:%Y-%m-%d}")
    olga.get_by_label("Tokens per minute").fill("")
    olga.get_by_text("More limits").click()
    olga.get_by_label("USD per month").fill("20")
    expect(aside).to_contain_text("Policy 1 approves this by itself")
    olga.get_by_role("button", name="Send the request").click()
    expect(olga.get_by_role("main")).to_contain_text("approved by policy 1")
    decided = Decision.objects.get(request__offer=site.trial)
    assert (decided.by, str(decided.policy), decided.request.state) == (None, "policy 1", "approved")
    ada.goto(f"{site.url}/requests/{decided.request_id}/")
    expect(ada.get_by_role("link", name="Policy 1")).to_be_visible()

    olga.goto(f"{site.url}/grants/{site.grant.pk}/")
    olga.get_by_role("link", name="Ask to change it").click()
    expect(olga.get_by_label("Tokens per minute")).to_have_value("60,000")
    expect(olga.get_by_label("Purpose")).to_have_value(site.grant.request.purpose)
    for words in (
        "This asks to change that grant.",
        "600 calls and 60,000 tokens",
        "7 calls were refused",
        "lately requests with these steps took",
    ):
        expect(aside).to_contain_text(words)
    olga.get_by_label("Most sensitive data it will see").select_option(label="Restricted")
    expect(aside).to_contain_text("As it stands, this would be refused.")
    olga.get_by_label("Most sensitive data it will see").select_option(label="Internal")
    olga.get_by_label("Tokens per minute").fill("90,000")
    olga.get_by_role("button", name="Send the request").click()
    expect(olga.get_by_role("main")).to_contain_text("asks to change grant")
    more = Request.objects.get(grant=site.grant)
    assert more.asked["tpm"] == 90_000
    its_change_is_seen_as_one(ada, olga, f"{site.url}/requests/{more.pk}/")


def its_change_is_seen_as_one(ada: Page, olga: Page, page: str) -> None:
    """Ada grants the suggested size instead, beside budget and evidence; olga sees the difference and accepts it."""
    ada.goto(page)
    expect(ada.get_by_role("region", name="What was asked")).to_contain_text("7 calls were refused")
    expect(ada.get_by_role("region", name="Budget of Copilot")).to_contain_text("no budget is set")
    expect(ada.get_by_role("region", name="How the like was decided")).to_contain_text("Granted 60,000")
    row = ada.get_by_role("row").filter(has=ada.get_by_label("Tokens per minute"))
    expect(row.get_by_role("cell").nth(2)).to_have_text(re.compile(r"^3,000\s+from the busiest hour"))
    ada.get_by_role("link", name="Fill in the suggested size").click()
    expect(ada.get_by_label("Tokens per minute")).to_have_value("3,000")
    ada.get_by_label("Reason").fill("As measured.")
    ada.get_by_role("button", name="Approve", exact=True).click()
    expect(ada.get_by_role("main")).to_contain_text("Approved as Platform.")
    expect(ada.get_by_role("button", name="Accept what was granted")).to_have_count(0)
    olga.goto(page)
    expect(olga.get_by_role("region", name="Budget of Copilot")).to_have_count(0)
    row = olga.get_by_role("row").filter(has_text="Tokens per minute").first
    expect(row.get_by_role("cell")).to_have_text(["Tokens per minute", "60,000", "90,000", "3,000"])
    expect(row.locator("strong")).to_have_text("3,000")
    olga.get_by_role("button", name="Accept what was granted").click()
    expect(olga.get_by_role("main")).to_contain_text("Accepted.")


def test_new_terms_show_whom_they_hit_and_the_team_acknowledges_them_once(
    site: Site, open_window: Window
) -> None:
    ada, olga, nina = (be(short, open_window(), site.url) for short in ("ada", "olga", "nina"))
    refused(olga, f"{site.url}/terms/house/next/")
    ada.goto(f"{site.url}/terms/house/next/")
    expect(ada.get_by_role("main")).to_contain_text("Copilot")
    ada.get_by_label("Retention").fill("7 days")
    ada.get_by_role("button", name="Publish").click()
    expect(ada).to_have_url(f"{site.url}/terms/house/")
    nina.goto(f"{site.url}/terms/house/")
    expect(nina.get_by_role("button", name="Acknowledge")).to_have_count(0)
    olga.goto(f"{site.url}/grants/{site.grant.pk}/")
    expect(olga.get_by_role("main")).to_contain_text("Copilot has not acknowledged")
    olga.get_by_role("button", name="Acknowledge it").click()
    expect(olga.get_by_role("main")).to_contain_text("Copilot acknowledged")
    assert Acknowledgement.objects.filter(team__slug="copilot", terms__version=2).count() == 1
    expect(olga.get_by_role("button", name="Acknowledge it")).to_have_count(0)
