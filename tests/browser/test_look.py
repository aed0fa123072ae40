"""What only a real browser shows: scripts, widths, themes."""

import re
from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests import servers
from tests.processes import console

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("look")]
PAGES = (
    "/",
    "/styleguide/",
    "/settings/",
    "/status/",
    "/audit/",
    "/catalog/",
    "/usage/",
    "/keys/",
    "/teams/",
)

ADA = """
    WITH ada AS (INSERT INTO people_user (email, name, password, is_active)
                 VALUES ('ada@foundry.example', 'Ada Novak', '!', true) RETURNING id)
    INSERT INTO people_siterole (user_id, role) SELECT id, 'admin' FROM ada"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One console for all of these tests, which only look. Ada is there, and nothing else."""
    database = servers.clone_database()
    with psycopg.connect(database.app_url) as app:
        app.execute(ADA)
    log = tmp_path_factory.mktemp("look") / "console.log"
    with console(database, log, FOUNDRY_DEMO="1") as server:
        yield server.url
    servers.drop_database(database)


def sign_in(page: Page, site: str) -> Page:
    """As Ada, by one click on her card."""
    page.goto(f"{site}/login/")
    page.get_by_role("button", name=re.compile("Ada Novak")).click()
    expect(page).to_have_url(f"{site}/")
    return page


@pytest.fixture
def page(window: BrowserContext, site: str) -> Page:
    return sign_in(window.new_page(), site)


def wider_than_window(page: Page) -> int:
    pixels: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return pixels


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_scrolls_sideways(page: Page, site: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    for path in PAGES:
        page.goto(site + path)
        assert wider_than_window(page) <= 0, path


def test_on_a_narrow_page_the_menu_opens_and_leads_on(page: Page, site: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_text("Menu", exact=True).click()
    page.get_by_role("navigation", name="Menu").get_by_role("link", name="Audit").click()
    expect(page).to_have_url(f"{site}/audit/")


def test_a_menu_closes_on_escape_and_on_a_click_elsewhere(page: Page) -> None:
    menu, item = page.locator(".account > summary"), page.get_by_role("button", name="Sign out")
    menu.click()
    expect(item).to_be_visible()
    page.keyboard.press("Escape")
    expect(item).to_be_hidden()
    menu.click()
    expect(item).to_be_visible()
    page.locator("h1").click()
    expect(item).to_be_hidden()


def test_the_chosen_theme_stays_without_a_flash(page: Page) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.locator(".account > summary").click()
    page.get_by_role("button", name="Dark or light").click()
    dark = page.evaluate(ground)
    assert dark != light
    page.reload(wait_until="commit")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.wait_for_load_state()
    assert page.evaluate(ground) == dark


def test_dark_follows_the_system_where_nothing_was_chosen(chromium: Browser, site: str) -> None:
    with chromium.new_context(color_scheme="dark") as context:
        page = context.new_page()
        page.goto(f"{site}/login/")
        red = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]")
    assert red < 40


def test_the_pointer_and_the_arrow_keys_read_out_the_chart(page: Page, site: str) -> None:
    page.goto(f"{site}/styleguide/")
    plot, words = page.locator(".chart.stacked .plot").first, page.locator(".chart.stacked .readout").first
    expect(words).to_be_hidden()
    plot.hover(position={"x": 300, "y": 80})
    expect(words).to_contain_text("Total")
    expect(words).to_contain_text("xai/grok-3")
    plot.focus()
    page.keyboard.press("ArrowRight")
    before = words.inner_text()
    page.keyboard.press("ArrowRight")
    assert words.inner_text() != before
    page.keyboard.press("Escape")
    expect(words).to_be_hidden()


def test_the_copy_button_copies(window: BrowserContext, page: Page, site: str) -> None:
    window.grant_permissions(["clipboard-read", "clipboard-write"], origin=site)
    page.goto(f"{site}/styleguide/")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith("curl -s")


def test_the_status_looks_again_by_itself(page: Page, site: str) -> None:
    page.goto(f"{site}/status/")
    with page.expect_response(f"{site}/status/", timeout=9000) as answer:
        pass
    assert answer.value.request.headers["hx-request"] == "true"
    expect(page.locator("#status")).to_have_count(1)


def test_a_part_that_polls_after_the_session_ended_leads_to_sign_in(page: Page, site: str) -> None:
    page.goto(f"{site}/status/")
    page.context.clear_cookies()
    expect(page).to_have_url(f"{site}/login/?next=/status/", timeout=9000)


def test_without_scripts_one_still_signs_in_and_finds_the_way(chromium: Browser, site: str) -> None:
    with chromium.new_context(java_script_enabled=False) as context:
        page = sign_in(context.new_page(), site)
        page.get_by_role("link", name="Audit").first.click()
        expect(page.get_by_role("heading", name="Audit", exact=True)).to_be_visible()


def test_the_api_documentation_works_under_its_policy(page: Page, site: str) -> None:
    page.goto(f"{site}/api/v1/docs/")
    document = page.request.get(f"{site}/api/v1/schema/", headers={"accept": "application/json"}).json()
    tags = {each["tags"][0] for methods in document["paths"].values() for each in methods.values()}
    expect(page.locator(".opblock-tag")).to_have_count(len(tags))
    page.locator(".opblock-tag", has=page.get_by_role("link", name="me", exact=True)).click()
    expect(page.get_by_role("link", name="/api/v1/me/")).to_be_visible()
