"""Raise, broken glass with its review, a budget, and handing on, in a real browser, by the right people."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tenants.access.models import Grant, Raise, Request
from tests import make
from tests.browser.cards import IN_A_BROWSER, Window, be
from tests.processes import console
from tests.servers import Urls

pytestmark = IN_A_BROWSER


@dataclass
class Site:
    url: str
    grant: Grant
    request: Request


@pytest.fixture
def site(committed: Urls, tmp_path: Path) -> Iterator[Site]:
    """ada and lee are admins, fin is finance, mia owns the team; one grant and one request that finance decides, too."""
    for name, role in (("ada", "admin"), ("lee", "admin"), ("fin", "finance")):
        make.person(name, roles=(role,))
    team = make.team("copilot", owner=make.person("mia"))
    grant = make.grant(of=team)
    request = make.request(of=team, limits={"usd_per_month": 6_000 * 10**9})
    with console(committed, tmp_path / "console.log", FOUNDRY_DEMO="1") as server:
        yield Site(server.url, grant, request)


def refused(page: Page, url: str) -> None:
    answer = page.goto(url)
    assert answer is not None
    assert answer.status == 403


def test_an_approver_raises_for_a_while_and_the_team_ends_it(site: Site, open_window: Window) -> None:
    ada, mia = be("ada", open_window(), site.url), be("mia", open_window(), site.url)
    page = f"{site.url}/grants/{site.grant.pk}/"
    refused(mia, f"{page}raise/")
    ada.goto(page)
    ada.get_by_role("link", name="Raise for a while").click()
    ada.get_by_label("Tokens per minute").fill("90,000")
    ada.get_by_label("Why?").fill("A launch.")
    ada.get_by_role("button", name="Raise").click()
    expect(ada.get_by_role("main")).to_contain_text("90,000 tokens per minute, until")
    mia.goto(page)
    expect(mia.get_by_role("main")).to_contain_text("Then what was granted counts again.")
    mia.get_by_role("link", name="End it now").click()
    expect(mia.get_by_role("main")).to_contain_text("Whom it hits")
    mia.get_by_role("button", name="End it now").click()
    expect(mia.get_by_role("main")).to_contain_text("Ended; what was granted counts again.")
    assert Raise.objects.get().ended_by is not None


def test_an_owner_moves_part_of_a_limit_to_another_grant_of_the_team(site: Site, open_window: Window) -> None:
    team, offer = site.grant.team, site.grant.offer
    other = make.grant(of=team, app=make.application(team, "batch"), offer=offer)
    ada, mia = be("ada", open_window(), site.url), be("mia", open_window(), site.url)
    page = f"{site.url}/grants/{site.grant.pk}/"
    refused(ada, f"{page}move/")
    mia.goto(page)
    mia.get_by_role("link", name="Move allocation").click()
    mia.get_by_label("Limit", exact=True).select_option(label="Tokens per minute")
    mia.get_by_label("How much of it").fill("20,000")
    mia.get_by_label("Why?").fill("More in batch.")
    mia.get_by_role("button", name="Look at it").click()
    expect(mia.get_by_role("heading", name="Whom it hits")).to_be_visible()
    had, has = (limits(each)["tpm"] for each in (site.grant, other))
    expect(mia.get_by_role("main")).to_contain_text(
        f"{had:,} tokens per minute → {had - 20_000:,} tokens per minute"
    )
    mia.get_by_role("button", name="Move it").click()
    expect(mia.get_by_role("main")).to_contain_text("More in batch.")
    assert [limits(each)["tpm"] for each in (site.grant, other)] == [had - 20_000, has + 20_000]


def limits(grant: Grant) -> dict[str, int]:
    """What is open of each kind."""
    return dict(grant.limits.filter(ends_at=None).values_list("kind", "maximum"))


def test_an_owner_breaks_the_glass_and_somebody_outside_reviews_it(site: Site, open_window: Window) -> None:
    fin, mia = be("fin", open_window(), site.url), be("mia", open_window(), site.url)
    page = f"{site.url}/grants/{site.grant.pk}/"
    refused(fin, f"{page}break-glass/")
    mia.goto(page)
    mia.get_by_role("link", name="Break the glass").click()
    expect(mia.get_by_role("main")).to_contain_text("Ada, Fin, Lee")
    mia.get_by_label("Tokens per minute").fill("120,000")
    mia.get_by_label("Why?").fill("Customers cannot log in.")
    mia.get_by_role("button", name="Break the glass").click()
    expect(mia.get_by_role("main")).to_contain_text("It waits for")
    assert mia.get_by_role("button", name="Close the review").count() == 0
    fin.goto(f"{site.url}/approvals/")
    fin.get_by_role("link", name="for Copilot").first.click()
    fin.get_by_label("Not justified").check()
    fin.get_by_label("What did you find?").fill("A retry loop.")
    fin.get_by_role("button", name="Close the review").click()
    expect(fin.get_by_role("main")).to_contain_text("“A retry loop.”")
    held = Raise.objects.get()
    assert (held.justified, str(held.reviewed_by)) == (False, "Fin")


def test_a_step_is_handed_on_and_finance_decides_beside_the_budget(site: Site, open_window: Window) -> None:
    ada, lee = be("ada", open_window(), site.url), be("lee", open_window(), site.url)
    page = f"{site.url}/requests/{site.request.pk}/"
    ada.goto(page)
    ada.locator("summary", has_text="Hand").click()
    ada.get_by_label("Hand on to").select_option(label="Lee")
    ada.get_by_role("button", name="Hand on").click()
    expect(ada.get_by_role("main")).to_contain_text("waits for Lee")
    lee.goto(f"{site.url}/approvals/")
    expect(lee.get_by_role("main")).to_contain_text("Handed to you")
    lee.goto(page)
    lee.get_by_role("button", name="Approve", exact=True).click()
    expect(lee.get_by_role("main")).to_contain_text("Approved as Platform.")
    fin = be("fin", open_window(), site.url)
    fin.goto(page)
    expect(fin.get_by_role("main")).to_contain_text("no budget is set")
    fin.get_by_role("link", name="All of it").click()
    fin.get_by_label("Budget, USD a month").fill("5000")
    fin.get_by_role("button", name="Set the budget").click()
    fin.goto(page)
    expect(fin.get_by_role("main")).to_contain_text("its budget is $5,000.00, $1,000.00 over it.")
    fin.get_by_label("If you deny: why?").select_option(label="No budget for it")
    fin.get_by_role("button", name="Deny").click()
    expect(fin.get_by_role("main")).to_contain_text("No budget for it.")
