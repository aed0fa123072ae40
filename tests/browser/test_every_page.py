"""Every page, opened in a real browser by three kinds of people, on a light and narrow screen.

The pages are those of the walls' table, and every page that they link to.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urldefrag, urlencode, urlsplit

import pytest
from django.db import transaction
from playwright.sync_api import BrowserContext, Error, Page, Response, ViewportSize

from tests.browser.cards import be
from tests.processes import console
from tests.servers import Urls
from tests.walls.doors import DOORS
from tests.walls.world import KINDS, World

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
    pytest.mark.timeout(600),
]
HEADERS = (
    "content-security-policy",
    "cross-origin-opener-policy",
    "permissions-policy",
    "referrer-policy",
    "x-content-type-options",
    "x-frame-options",
)
NARROW: ViewportSize = {"width": 390, "height": 844}
# The page, or a list whose rows fold into blocks there. Other tables may be scrolled inside their cards.
WIDE = """document.documentElement.scrollWidth > window.innerWidth
  || [...document.querySelectorAll(".table-scroll:has(.folds)")].some(list => list.scrollWidth > list.clientWidth)"""
PARTS = {
    "host-progress",
    "request-preview",
    "request-size",
    "request-questions",
}  # only ever loaded into a page, by its script
IN_A_BROWSER = ("text/html", "application/xhtml+xml")


@pytest.fixture
def site(committed: Urls, tmp_path: Path) -> Iterator[tuple[str, World]]:
    with transaction.atomic():
        world = World.make()
    with console(committed, tmp_path / "console.log", FOUNDRY_DEMO="1") as server:
        yield server.url, world


@pytest.mark.parametrize("short", ["ada", "mia", "aud"])
def test_every_page_fits_a_narrow_screen_and_answers_with_its_headers(
    short: str, site: tuple[str, World], open_window: Callable[[], BrowserContext]
) -> None:
    url, world = site
    window, bare = open_window(), set[str]()
    window.on("response", lambda answer: note_headers(answer, url, bare))
    page = be(short, window, url)
    page.set_viewport_size(NARROW)
    wide, dead, seen = [], [], {"/"}
    waiting = ["/", *pages_of(short, world)]
    while waiting:
        path = waiting.pop()
        status, is_page = opened(page, url + path, bare)
        if status >= 400:
            dead.append(f"{status} {path}")
        if not is_page:
            continue
        if page.evaluate(WIDE):
            wide.append(path)
        fresh = {link for link in links(page, url) if bare_path(link) not in seen}
        seen |= {bare_path(link) for link in fresh}
        waiting += sorted(fresh)
    assert wide == [], "these pages scroll sideways"
    assert dead == [], "these are linked, or in the table, and answer with an error"
    assert bare == set(), "these answers lack headers"
    assert len(seen) > 15


def pages_of(short: str, world: World) -> list[str]:
    """Every page of the table that this person may open."""
    column = KINDS.index(short)
    return [
        door.url(world) + (f"?{urlencode(query)}" if (query := door.body(world)) else "")
        for door in DOORS
        if door.method == "get"
        and not door.name.startswith("api:")
        and door.name not in PARTS
        and door.answers.split()[column] == "200"
    ]


def opened(page: Page, url: str, bare: set[str]) -> tuple[int, bool]:
    """Status of an address, and whether the browser shows it as a page; its headers are noted."""
    try:
        shown = page.goto(url)
    except Error:  # a download, which is asked for once more, apart
        shown = None
    answer = shown or page.request.get(url)
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if missing := [name for name in HEADERS if name not in answer.headers]:
        bare.add(f"{url}: {', '.join(missing)}")
    return answer.status, kind in IN_A_BROWSER


def note_headers(answer: Response, url: str, bare: set[str]) -> None:
    """What pages load besides themselves: styles, scripts, fonts, parts."""
    if answer.url.startswith(url) and (missing := [name for name in HEADERS if name not in answer.headers]):
        bare.add(f"{answer.url}: {', '.join(missing)}")


def links(page: Page, url: str) -> set[str]:
    """Addresses on this site that the page links to, without fragments."""
    found: list[str] = page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
    return {urldefrag(link).url.removeprefix(url) for link in found if link.startswith(f"{url}/")}


def bare_path(link: str) -> str:
    """Filters and pages of one list count as one page."""
    return urlsplit(link).path
