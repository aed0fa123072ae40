"""What happens to a grant, in a real browser: stopped for reasons that stand side by side, read as of a moment, revoked;
asked about when nobody calls it, reviewed, reminded of and renewed; each by the right people, with the wrong ones refused."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from foundry.lib import clock
from tenants.access import idle
from tenants.access.models import Certified, Grant, Request
from tenants.access.reminders import remind_of_ends
from tests import make
from tests.browser.cards import IN_A_BROWSER, Window, be, refused
from tests.processes import console
from tests.servers import Urls
from tests.tenants.advice.world import calls

pytestmark = IN_A_BROWSER
DAY = timedelta(days=1)


@dataclass
class Site:
    """:ivar used: a grant with calls. :ivar idle: one that nobody ever called."""

    url: str
    used: Grant
    idle: Grant
    now: datetime

    def page(self, grant: Grant) -> str:
        return f"{self.url}/grants/{grant.pk}/"


@pytest.fixture
def site(committed: Urls, tmp_path: Path) -> Iterator[Site]:
    """Olga owns team copilot, mia is a member, nina in no team; ada is the admin. Two grants, a hundred days old."""
    for name, roles in (("ada", ("admin",)), ("nina", ())):
        make.person(name, roles=roles)
    now = clock.now()
    old, ends = now - 100 * DAY, (now + 29 * DAY).date()
    team = make.team("copilot", owner=make.person("olga"), members=(make.person("mia"),), at=old)
    used, unused = (
        make.grant(of=team, at=old, ends_on=ends, offer=make.offer(of=make.model(name)))
        for name in ("grok-used", "grok-idle")
    )
    key, _ = make.key(used)
    calls(used, [1, 1, 1], now, key_id=key.pk, application_id=key.application_id)
    with console(committed, tmp_path / "console.log", FOUNDRY_DEMO="1") as server:
        yield Site(server.url, used, unused, now)


def why(page: Page, words: str, button: str) -> None:
    page.get_by_label("Why?").fill(words)
    page.get_by_role("button", name=button).click()


def test_two_reasons_stop_it_each_is_lifted_by_itself_and_the_past_is_kept(
    site: Site, open_window: Window
) -> None:
    ada, olga, mia, nina = (be(short, open_window(), site.url) for short in ("ada", "olga", "mia", "nina"))
    page = site.page(site.used)
    refused(nina, page, 404)
    refused(olga, f"{page}suspend/")
    refused(olga, f"{site.url}/teams/copilot/suspend/")
    refused(mia, f"{page}revoke/")
    ada.goto(page)
    ada.get_by_role("link", name="Suspend…").click()
    expect(ada.get_by_role("region", name="Whom it hits")).to_contain_text("3 calls")
    why(ada, "The terms are unclear.", "Suspend")
    ada.goto(f"{site.url}/teams/copilot/")
    ada.get_by_role("link", name="Suspend the team…").click()
    expect(ada.get_by_role("region", name="Whom it hits")).to_contain_text("3 calls")
    why(ada, "An audit.", "Suspend")

    olga.goto(page)
    for words in ("The terms are unclear.", "An audit."):
        expect(olga.get_by_role("main")).to_contain_text(words)
    expect(olga.get_by_role("button", name="Lift this reason")).to_have_count(0)
    stopped = clock.now()
    ada.goto(page)
    ada.get_by_role("button", name="Lift this reason for the whole team").click()
    expect(ada.get_by_role("main")).not_to_contain_text("An audit.")
    assert Grant.objects.get(pk=site.used.pk).state(clock.now()) == "suspended"
    ada.goto(page)
    ada.get_by_role("button", name="Lift this reason").click()
    assert Grant.objects.get(pk=site.used.pk).state(clock.now()) == "live"

    olga.goto(page)
    olga.get_by_label("As of, UTC").fill(f"{stopped:%Y-%m-%dT%H:%M:%S}")
    olga.get_by_role("button", name="Show").click()
    expect(olga.get_by_role("main")).to_contain_text(f"as of {stopped:%Y-%m-%d %H:%M:%S} UTC")
    expect(olga.get_by_role("main")).to_contain_text("The terms are unclear.")
    olga.get_by_role("link", name="now", exact=True).click()
    olga.get_by_role("link", name="Revoke for good…").click()
    expect(olga.get_by_role("region", name="Whom it hits")).to_contain_text("3 calls")
    why(olga, "The product is gone.", "Revoke")
    expect(olga.get_by_role("main")).to_contain_text("The grant is revoked; its next call is refused.")
    assert Grant.objects.get(pk=site.used.pk).state(clock.now()) == "revoked"


def test_what_nobody_calls_is_kept_then_given_back_in_a_review_and_asked_for_again(
    site: Site, open_window: Window
) -> None:
    olga, mia = be("olga", open_window(), site.url), be("mia", open_window(), site.url)
    idle.look(site.now)  # what the schedule does every hour
    olga.goto(f"{site.url}/inbox/")
    olga.get_by_role("button", name="has not called").click()
    expect(olga).to_have_url(f"{site.page(site.idle)}idle/")
    mia.goto(f"{site.page(site.idle)}idle/")
    expect(mia.get_by_role("button", name="Keep it")).to_have_count(0)
    olga.get_by_label("Because").fill("For the launch.")
    olga.get_by_role("button", name="Keep it").click()
    expect(olga.get_by_role("main")).to_contain_text("It is kept.")

    review = f"{site.url}/teams/copilot/review/"
    mia.goto(review)
    expect(mia.get_by_role("button", name="Begin a review")).to_have_count(0)
    olga.goto(review)
    olga.get_by_role("button", name="Begin a review").click()
    rows = olga.get_by_role("row").filter(has=olga.get_by_role("radio"))
    expect(rows).to_have_count(2)
    rows.filter(has_text="grok-used").get_by_label("Keep").check()
    rows.filter(has_text="grok-idle").get_by_label("Give back").check()
    olga.get_by_role("button", name="Save the answers").click()
    expect(olga.get_by_role("region", name="Whom it hits")).to_contain_text(" 0 calls")
    olga.get_by_role("button", name="Give back and save").click()
    expect(olga.get_by_role("main")).to_contain_text("2 answers saved.")
    assert sorted(Certified.objects.values_list("answer", flat=True)) == ["give_back", "keep"]

    olga.goto(site.page(site.idle))
    olga.get_by_role("button", name="Ask for it again").click()
    expect(olga.get_by_role("main")).to_contain_text("waits for Ada")
    again = Request.objects.latest("pk")
    assert (again.offer, again.asked) == (site.idle.offer, site.idle.request.asked)


def test_a_reminder_leads_to_one_click_that_asks_for_more_time_and_it_is_prolonged(
    site: Site, open_window: Window
) -> None:
    ada, olga, nina = (be(short, open_window(), site.url) for short in ("ada", "olga", "nina"))
    assert remind_of_ends(site.now) == 2
    olga.goto(f"{site.url}/inbox/")
    olga.get_by_role("button", name=f"access to {site.used.offer.model.name} ends").click()
    expect(olga).to_have_url(re.compile(f"^{site.page(site.used)}"))
    refused(nina, site.page(site.used), 404)
    expect(olga.get_by_role("button", name="Renew at the suggested size")).to_be_visible()
    olga.get_by_role("button", name="Renew at the same size").click()
    asked = Request.objects.get(grant=site.used)
    ada.goto(f"{site.url}/requests/{asked.pk}/")
    ada.get_by_role("button", name="Approve", exact=True).click()
    expect(ada.get_by_role("main")).to_contain_text("Approved")
    later = Grant.objects.get(pk=site.used.pk)
    assert (later.ends_at > site.used.ends_at, later.state(clock.now())) == (True, "live")
    olga.goto(site.page(site.used))
    expect(olga.get_by_role("region", name="How it came about")).to_contain_text(f"{asked.ends_on:%Y-%m-%d}")
