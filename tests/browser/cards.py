"""Signing in as the demo's visitors do: one click on a card."""

from playwright.sync_api import BrowserContext, Page, expect

from foundry.people.demo import DOMAIN


def be(short: str, window: BrowserContext, site: str) -> Page:
    """A page of `window`, signed in as `short@` of the demo company."""
    page = window.new_page()
    page.goto(f"{site}/login/")
    page.locator(f'button.person[value="{short}@{DOMAIN}"]').click()
    expect(page).to_have_url(f"{site}/")
    return page
