"""Deciding in a real browser: a question and its answer with a mention, a denial with its reason, the same asked again,
and somebody who decides in another's name for some days; each by the right people, with the wrong ones refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from foundry.lib import clock
from tenants.access.models import Decision, Request
from tenants.access.reminders import remind_of_steps
from tenants.access.tasks import pass_on_overdue
from tests import make
from tests.browser.cards import IN_A_BROWSER, Window, be, refused
from tests.processes import console
from tests.servers import Urls

pytestmark = IN_A_BROWSER


@dataclass
class Site:
    url: str
    request: Request

    @property
    def page(self) -> str:
        return f"{self.url}/requests/{self.request.pk}/"


@pytest.fixture
def site(committed: Urls, tmp_path: Path) -> Iterator[Site]:
    """Olga asks for team copilot, mia is a member; ada and lee are admins, sam is security, nina is in no team."""
    for name, roles in (("ada", ("admin",)), ("lee", ("admin",)), ("sam", ("security",)), ("nina", ())):
        make.person(name, roles=roles)
    team = make.team("copilot", owner=make.person("olga"), members=(make.person("mia"),))
    with console(committed, tmp_path / "console.log", FOUNDRY_DEMO="1") as server:
        yield Site(server.url, make.request(of=team))


def says(page: Page, words: str, button: str) -> None:
    page.get_by_label("Say something").fill(words)
    page.get_by_role("button", name=button).click()


def test_asked_answered_denied_and_asked_again(site: Site, open_window: Window) -> None:
    ada, olga, mia = (be(short, open_window(), site.url) for short in ("ada", "olga", "mia"))
    refused(be("nina", open_window(), site.url), site.page, 404)
    ada.goto(site.page)
    says(ada, "How many will use it? @mia may know.", "Ask the team")
    expect(ada.get_by_role("main")).to_contain_text("The team owes an answer")

    mia.goto(f"{site.url}/inbox/")
    mia.get_by_role("button", name="asks about").click()
    expect(mia).to_have_url(site.page)
    expect(mia.get_by_role("button", name="Approve")).to_have_count(0)
    says(mia, "Two hundred, in support.", "Answer")
    ada.goto(f"{site.url}/inbox/")
    ada.get_by_role("button", name="answered on").first.click()
    expect(ada.get_by_role("main")).to_contain_text("Two hundred, in support.")

    ada.get_by_label("If you deny: why?").select_option(label="No budget for it")
    ada.get_by_label("Reason").fill("Ask again in January.")
    ada.get_by_role("button", name="Deny").click()
    expect(ada.get_by_role("main")).to_contain_text("Denied. The team reads your reason.")
    olga.goto(site.page)
    expect(olga.get_by_role("main")).to_contain_text("Ask again in January.")
    says(olga, "The budget is there since today.", "Ask again, for this reason")
    expect(olga.get_by_role("main")).to_contain_text("It asks again for what")
    again = Request.objects.get(appeals=site.request)
    assert (again.state, site.request.decisions.get().reason_code) == ("open", "no_budget")


# What is typed into a field, or what lies beside the page, that cannot be seen.
CUT = """[...document.querySelectorAll("#decision input:not([type=hidden])")].filter(each => each.checkVisibility() &&
  (each.scrollWidth > each.clientWidth || each.getBoundingClientRect().right > each.closest("form").getBoundingClientRect().right)
).map(each => each.name)"""


@pytest.mark.parametrize("width", [1280, 1024, 390])
def test_every_number_of_the_decision_is_seen_whole(site: Site, open_window: Window, width: int) -> None:
    limits = {
        "rpm": 12_000,
        "tpm": 40_000_000,
        "tokens_per_month": 1_600_000_000,
        "usd_per_month": 4_800 * 10**9,
    }
    large = make.request(of=site.request.team, limits=limits)
    ada = be("ada", open_window(), site.url)
    ada.set_viewport_size({"width": width, "height": 844})
    ada.goto(f"{site.url}/requests/{large.pk}/")
    expect(ada.get_by_role("textbox", name="Tokens per month")).to_have_value("1,600,000,000")
    assert ada.evaluate(CUT) == []


def test_who_stands_in_decides_in_that_name_and_nobody_does_before(site: Site, open_window: Window) -> None:
    ada, sam = be("ada", open_window(), site.url), be("sam", open_window(), site.url)
    sam.goto(site.page)
    expect(sam.get_by_role("heading", name="Your decision")).to_have_count(0)
    ada.goto(f"{site.url}/approvals/")
    ada.get_by_role("link", name="Standing in").click()
    ada.get_by_label("Who stands in for you").select_option(label="Sam")
    ada.get_by_role("button", name="Let them decide for me").click()
    expect(ada.get_by_role("main")).to_contain_text("Sam decides in your name on those days")
    sam.goto(site.page)
    sam.get_by_role("button", name="Approve", exact=True).click()
    expect(sam.get_by_role("main")).to_contain_text("Sam for Ada")
    assert str(Decision.objects.get().on_behalf_of) == "Ada"
    ada.reload()
    ada.get_by_role("button", name="End it").click()
    expect(ada.get_by_role("main")).to_contain_text("Nobody stands in by that any more.")


def test_an_untouched_step_passes_to_the_next_approver_when_it_is_due(
    site: Site, open_window: Window
) -> None:
    late = make.request(of=site.request.team, at=clock.now() - timedelta(days=9))
    page = f"{site.url}/requests/{late.pk}/"
    remind_of_steps(clock.now())
    people = {short: be(short, open_window(), site.url) for short in ("ada", "lee", "sam")}
    for short in ("ada", "lee"):
        people[short].goto(f"{site.url}/inbox/")
        expect(people[short].get_by_role("button", name="was due").first).to_be_visible()
    pass_on_overdue()  # what the schedule does every few minutes
    has_it = late.steps.get().assignee
    assert has_it is not None
    taker = people[has_it.email.partition("@")[0]]
    taker.goto(f"{site.url}/approvals/")
    expect(
        taker.get_by_role("row").filter(has=taker.locator(f'a[href="/requests/{late.pk}/"]'))
    ).to_contain_text("Handed to you")
    people["sam"].goto(page)
    expect(people["sam"].get_by_role("button", name="Approve")).to_have_count(0)
    taker.goto(page)
    taker.get_by_role("button", name="Approve", exact=True).click()
    expect(taker.get_by_role("main")).to_contain_text("Approved as Platform.")
    assert late.notes.filter(kind="passed_on").count() == 1
