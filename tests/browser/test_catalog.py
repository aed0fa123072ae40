"""The catalog as it is used: searching while one types, with scripts and without, and comparing what is ticked."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests import make
from tests.browser.cards import be
from tests.processes import console
from tests.servers import Urls

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
    pytest.mark.timeout(180),
]


@pytest.fixture
def site(committed: Urls, tmp_path: Path) -> Iterator[str]:
    mia = make.person("mia")
    make.team("copilot", members=(mia,))
    azure = make.host("azure", name="Azure AI")
    for name in ("grok-3", "grok-4", "gpt-5"):
        make.offer(name, at=azure)
    make.offer(of=make.model("llama", by=make.publisher("meta")), at=azure)
    with console(committed, tmp_path / "console.log", FOUNDRY_DEMO="1") as server:
        yield server.url


def shows(page: Page, *models: str) -> None:
    expect(page.locator(".models tbody tr td:nth-child(2) a")).to_have_text(list(models))


def test_a_search_follows_what_is_typed(site: str, open_window: Callable[[], BrowserContext]) -> None:
    page = be("mia", open_window(), site)
    page.goto(f"{site}/catalog/?publisher=xai")
    box = page.get_by_role("searchbox", name="Search")
    box.press_sequentially("grok", delay=30)
    expect(page).to_have_url(f"{site}/catalog/?q=grok&publisher=xai")
    shows(page, "grok-3", "grok-4")
    expect(box).to_be_focused()
    box.press_sequentially("-4", delay=30)
    shows(page, "grok-4")
    assert box.input_value() == "grok-4"
    expect(page.locator("#found-count")).to_have_text("1 model")
    page.reload()
    shows(page, "grok-4")


def test_what_is_ticked_is_compared(site: str, open_window: Callable[[], BrowserContext]) -> None:
    page = be("mia", open_window(), site)
    page.goto(f"{site}/catalog/")
    for name in ("grok-3", "llama"):
        page.get_by_label(f"Compare {name}").check()
    page.get_by_role("button", name="Compare ticked").click()
    expect(page).to_have_url(re.compile(r"/catalog/compare/\?offer=\d+&offer=\d+$"))
    page.get_by_label("Calls a day").fill("2000")
    page.get_by_role("button", name="Calculate").click()
    expect(page.get_by_role("row", name="USD per month").get_by_role("cell")).to_have_text(
        ["$810.00", "$810.00"]
    )
    page.get_by_role("link", name="Remove meta/llama at Azure AI").click()
    expect(page.get_by_role("columnheader")).to_have_count(2)


def test_without_scripts_the_catalog_is_searched_and_narrowed(
    site: str, chromium: Browser, open_window: Callable[[], BrowserContext]
) -> None:
    cookies = be("mia", open_window(), site).context.cookies()
    with chromium.new_context(java_script_enabled=False) as bare:
        bare.add_cookies([{"name": each["name"], "value": each["value"], "url": site} for each in cookies])
        page = bare.new_page()
        page.goto(f"{site}/catalog/")
        page.get_by_text("Maker All").click()
        page.get_by_role("link", name="Xai").click()
        page.get_by_role("searchbox", name="Search").fill("gpt")
        page.get_by_role("button", name="Search").click()
        expect(page).to_have_url(f"{site}/catalog/?q=gpt&publisher=xai")
        shows(page, "gpt-5")
