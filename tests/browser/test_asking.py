"""How much it takes to ask, counted: every press of the mouse from the sign-in page to the sent request, signing in included.

What a person would click is clicked here, and nothing else: no address is opened by hand, and words go where the
keyboard already is. Keys are not clicks.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from foundry.people.demo import DOMAIN
from tenants.access.models import Draft, Request
from tests import make
from tests.browser.cards import IN_A_BROWSER, Window
from tests.processes import console
from tests.servers import Urls

pytestmark = IN_A_BROWSER
MOST_CLICKS = 4


class Hand:
    """One person's mouse, which counts, and their keyboard."""

    def __init__(self, window: BrowserContext, site: str) -> None:
        self.page, self.clicks = window.new_page(), 0
        self.page.goto(f"{site}/login/")
        self.on(self.page.locator(f'button.person[value="olga@{DOMAIN}"]'))
        expect(self.page).to_have_url(f"{site}/")

    def on(self, what: Locator) -> None:
        what.click()
        self.clicks += 1

    def types(self, words: str) -> None:
        self.page.keyboard.type(words)

    def says_what_for_and_sends(self, *, ticks: bool) -> None:
        expect(self.page.get_by_label("Purpose")).to_be_focused()
        self.types("Answers in the product's chat.")
        if ticks:
            self.on(self.page.get_by_label("We have read these terms"))
        self.on(self.page.get_by_role("button", name="Send the request"))
        expect(self.page.get_by_role("main")).to_contain_text("waits for Ada")


@pytest.fixture
def site(committed: Urls, tmp_path: Path) -> Iterator[str]:
    make.person("ada", roles=("admin",))
    make.application(make.team(owner=make.person("olga")))
    hosting, region = make.terms(), make.terms("in-region")
    for name, terms in (("grok-7", hosting), ("grok-8", region), ("grok-9", hosting)):
        make.offer(of=make.model(name), terms=terms)
    with console(committed, tmp_path / "console.log", FOUNDRY_DEMO="1") as server:
        yield server.url


def test_four_clicks_lead_from_the_sign_in_page_to_a_sent_request(site: str, open_window: Window) -> None:
    """From the home page's own list, by searching for any model, and through the catalog; the terms are read once."""
    near = Hand(open_window(), site)
    near.on(near.page.get_by_role("link", name="Request access to grok-7"))
    near.says_what_for_and_sends(ticks=True)

    search = Hand(open_window(), site)
    search.types("/grok-8\n")
    search.on(search.page.get_by_role("link", name="Request grok-8"))
    search.says_what_for_and_sends(ticks=True)

    around = Hand(open_window(), site)
    around.on(around.page.get_by_role("link", name="Catalog").first)
    around.on(around.page.get_by_role("link", name="Request grok-9"))
    expect(around.page.get_by_role("main")).to_contain_text("acknowledged this version")
    around.says_what_for_and_sends(ticks=False)

    clicks = [each.clicks for each in (near, search, around)]
    assert max(clicks) <= MOST_CLICKS, clicks
    assert Request.objects.count() == len(clicks)
    assert not Draft.objects.exists()
