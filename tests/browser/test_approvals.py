"""The inbox in a real browser: two keys from the inbox to a decision, and a bulk approval by keys alone."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tenants.access.models import Decision, Grant
from tests import make
from tests.browser.cards import IN_A_BROWSER, be
from tests.processes import console
from tests.servers import Urls

pytestmark = IN_A_BROWSER
MOST_KEYS = 2


@pytest.fixture
def site(committed: Urls, tmp_path: Path) -> Iterator[str]:
    make.person("ada", roles=("admin",))
    for _ in range(3):
        make.request()
    with console(committed, tmp_path / "console.log", FOUNDRY_DEMO="1") as server:
        yield server.url


def press(page: Page, *keys: str) -> int:
    for key in keys:
        page.keyboard.press(key)
    return len(keys)


def test_two_keys_lead_from_the_inbox_to_a_decision(
    site: str, open_window: Callable[[], BrowserContext]
) -> None:
    ada = be("ada", open_window(), site)
    ada.goto(f"{site}/approvals/")
    keys = press(ada, "a")
    expect(ada.get_by_role("button", name="Approve 1")).to_be_focused()
    expect(ada.get_by_role("main")).to_contain_text("a grant opens at once")
    assert not Decision.objects.exists()
    keys += press(ada, "Enter")
    expect(ada.get_by_role("main")).to_contain_text("Approved 1 as it stands.")
    assert keys <= MOST_KEYS
    assert Grant.objects.count() == 1


def test_several_are_chosen_and_approved_by_keys_alone(
    site: str, open_window: Callable[[], BrowserContext]
) -> None:
    ada = be("ada", open_window(), site)
    ada.goto(f"{site}/approvals/")
    press(ada, "j", "x", "j", "j", "x", "b")
    expect(ada.get_by_role("heading", name="2 of 2 can be approved")).to_be_visible()
    press(ada, "Enter")
    expect(ada.get_by_role("main")).to_contain_text("Approved 2 as they stand.")
    press(ada, "d")
    expect(ada.get_by_role("heading", name="Your decision")).to_be_in_viewport()
    ada.get_by_label("If you deny: why?").select_option(label="No budget for it")
    ada.get_by_role("button", name="Deny").click()
    expect(ada.get_by_role("main")).to_contain_text("No budget for it.")
    assert Decision.objects.filter(outcome="denied", reason_code="no_budget").count() == 1
