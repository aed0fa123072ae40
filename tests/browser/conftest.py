"""A real browser. A page that breaks the content policy, or throws, fails the test that opened it."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright


@pytest.fixture(scope="module")  # not longer: its event loop would stand in the way of other tests' own
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    assert path, "Chromium is missing: sudo apt-get install chromium"
    # Playwright keeps an event loop in this thread; Django would take our plain calls for asynchronous ones.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def open_window(chromium: Browser) -> Iterator[Callable[[], BrowserContext]]:
    """Opens fresh windows, each somebody else's; the errors of their pages fail the test at the end."""
    windows: list[BrowserContext] = []
    faults: list[str] = []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
        page.on("console", lambda message: note(message, faults))

    def open_one() -> BrowserContext:
        windows.append(chromium.new_context(viewport={"width": 1280, "height": 860}))
        windows[-1].set_default_timeout(15_000)
        windows[-1].on("page", watch)
        return windows[-1]

    yield open_one
    for window in windows:
        window.close()
    assert faults == []


@pytest.fixture
def window(open_window: Callable[[], BrowserContext]) -> BrowserContext:
    """One fresh window."""
    return open_window()


def note(message: ConsoleMessage, faults: list[str]) -> None:
    """Errors of scripts and of the content policy; a refused request's status line is no fault of the page."""
    if message.type == "error" and "Failed to load resource" not in message.text:
        faults.append(message.text)
