"""A real browser. A page that breaks the content policy, or throws, fails the test that opened it."""

import os
import shutil
from collections.abc import Iterator

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
def window(chromium: Browser) -> Iterator[BrowserContext]:
    """A fresh window; its pages' errors fail the test at the end."""
    context = chromium.new_context(viewport={"width": 1280, "height": 860})
    faults: list[str] = []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: note(message, faults))

    context.on("page", watch)
    yield context
    context.close()
    assert faults == []


def note(message: ConsoleMessage, faults: list[str]) -> None:
    """Errors of scripts and of the content policy; a refused request's status line is no fault of the page."""
    if message.type == "error" and "Failed to load resource" not in message.text:
        faults.append(message.text)
