"""No page of the walls' table keeps people out by what axe finds: rules of the Web Content Accessibility Guidelines, A and AA."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.cards import be
from tests.browser.test_every_page import NARROW, pages_of, site
from tests.foreign import install
from tests.walls.world import World

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.xdist_group("barriers"),
    pytest.mark.timeout(600),
]
__all__ = ["site"]
DOCS = "/api/v1/docs/"  # a page of the library that draws it
# What axe finds, each with the first element that it means and what would mend it.
FIND = """; axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations.map(
  each => `${each.id}: ${each.nodes[0].html.slice(0, 200)} (${each.nodes[0].failureSummary.slice(0, 200)})`))"""


@pytest.fixture
def page(chromium: Browser, site: tuple[str, World]) -> Iterator[Page]:
    """Signed in as an admin. axe styles what it measures, so that the pages' own policy is put aside here."""
    window = chromium.new_context(bypass_csp=True, viewport=NARROW, color_scheme="dark")
    yield be("ada", window, site[0])
    window.close()


def test_axe_finds_no_barrier_on_any_page_of_the_table(page: Page, site: tuple[str, World]) -> None:
    url, world = site
    axe = (install.ready("host") / "node_modules" / "axe-core" / "axe.min.js").read_text()
    barriers, looked = [], 0
    for path in sorted({"/", *pages_of("ada", world)}):
        if path != DOCS and page.request.get(url + path).headers.get("content-type", "").startswith(
            "text/html"
        ):
            page.goto(url + path)
            if page.title():  # a part of a page has none
                barriers += [f"{path}: {each}" for each in page.evaluate(axe + FIND)]
                looked += 1
    assert not barriers, "\n".join(barriers)
    assert looked > 40
