"""What the tests in a browser share: signing in as the demo's visitors do, by one click on a card; pages not for everybody."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from foundry.people.demo import DOMAIN

Window = Callable[[], BrowserContext]
IN_A_BROWSER = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
    pytest.mark.timeout(240),
]


def be(short: str, window: BrowserContext, site: str) -> Page:
    """A page of `window`, signed in as `short@` of the demo company."""
    page = window.new_page()
    page.goto(f"{site}/login/")
    page.locator(f'button.person[value="{short}@{DOMAIN}"]').click()
    expect(page).to_have_url(f"{site}/")
    return page


def refused(page: Page, url: str, status: int = 403) -> None:
    """This person is not let in there; 404 where they may not even know of it."""
    answer = page.request.get(url)
    assert answer.status == status, (url, answer.status)
