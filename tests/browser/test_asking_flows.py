"""Asking in a real browser: a draft picked up again, a size calculated and taken from what runs, an admin's question,
and a waiting list that turns into requests; each by the right people, with the wrong ones refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from catalog.models import Offer
from foundry.lib import clock
from tenants.access.models import Draft, Request, Wish
from tests import make
from tests.browser.cards import IN_A_BROWSER, Window, be, refused
from tests.processes import console
from tests.servers import Urls
from tests.tenants.access.test_weighing import hour

pytestmark = IN_A_BROWSER


@dataclass
class Site:
    url: str
    offer: Offer
    announced: Offer


@pytest.fixture
def site(committed: Urls, tmp_path: Path) -> Iterator[Site]:
    """Olga owns team copilot, whose application holds another model and calls it; mia is a member; ada is the admin."""
    make.person("ada", roles=("admin",))
    team = make.team("copilot", owner=make.person("olga"), members=(make.person("mia"),))
    grant = make.grant(of=team, app=make.application(team, "chat"))
    hour(grant, clock.now().replace(minute=0, second=0, microsecond=0), 600, 60_000)
    offer = make.offer(of=make.model("grok-9"))
    soon = make.host("soon", connector="manual", calling_base_url="")
    announced = make.offer("grok-10", at=soon, lifecycle="announced", by_hand=True)
    with console(committed, tmp_path / "console.log", FOUNDRY_DEMO="1") as server:
        yield Site(server.url, offer, announced)


def test_a_draft_is_picked_up_sized_and_sent_with_an_answer_to_an_admins_question(
    site: Site, open_window: Window
) -> None:
    ada, olga = be("ada", open_window(), site.url), be("olga", open_window(), site.url)
    refused(olga, f"{site.url}/policies/questions/")
    ada.goto(f"{site.url}/policies/questions/")
    ada.get_by_label("Question", exact=True).fill("Who reads the answers?")
    ada.get_by_label("Answered by").select_option(label="Words")
    ada.get_by_role("button", name="Add the question").click()
    expect(ada.get_by_role("main")).to_contain_text("Requests are asked this from now on.")

    form = f"{site.url}/requests/new/?offer={site.offer.pk}"
    olga.goto(form)
    olga.get_by_label("Purpose").fill("Answers in the product's chat.")
    expect(olga.locator("form#request-form")).to_contain_text("Kept as your draft")
    mia = be("mia", open_window(), site.url)
    mia.goto(form)
    expect(mia.get_by_label("Purpose")).to_have_value("")

    olga.goto(site.url)
    olga.get_by_role("link", name="Your draft for").click()
    expect(olga.get_by_label("Purpose")).to_have_value("Answers in the product's chat.")
    olga.get_by_text("Take the size of an application that runs").click()
    olga.get_by_label("Like what this application really uses").select_option(index=1)
    olga.get_by_role("button", name="Use its size").click()
    expect(olga.get_by_role("main")).to_contain_text("Sized from the busiest hour")
    olga.get_by_text("Calculate it from calls and their size").click()
    for label, typed in (
        ("Calls a day", "4,800"),
        ("Tokens into one call", "900"),
        ("Tokens out of one call", "100"),
    ):
        olga.get_by_label(label).fill(typed)
    olga.get_by_role("button", name="Use the size this calls for").click()
    expect(olga.get_by_label("Tokens per minute")).to_have_value("30,000")
    expect(olga.get_by_role("complementary", name="What this leads to")).to_contain_text("about $")

    send = olga.get_by_role("button", name="Send the request")
    send.click()
    expect(olga.locator(".error")).to_be_visible()
    olga.get_by_label("Who reads the answers?").fill("Support does.")
    send.click()
    expect(olga.get_by_role("main")).to_contain_text("waits for Ada")
    asked = Request.objects.get(offer=site.offer)
    assert (asked.stated, asked.asked["tpm"]) == (
        {"calls_per_day": 4800, "tokens_in": 900, "tokens_out": 100}, 30_000,
    )  # fmt: skip
    assert not Draft.objects.filter(user__email__startswith="olga").exists()
    ada.goto(f"{site.url}/requests/{asked.pk}/")
    expect(ada.get_by_role("main")).to_contain_text("Support does.")


def test_who_waited_has_a_request_once_an_admin_opens_the_offer(site: Site, open_window: Window) -> None:
    ada, mia = be("ada", open_window(), site.url), be("mia", open_window(), site.url)
    mia.goto(f"{site.url}/requests/new/?offer={site.announced.pk}")
    mia.get_by_label("What would you use it for?").fill("Better answers.")
    mia.get_by_role("button", name="Wait for it").click()
    expect(mia.get_by_role("main")).to_contain_text("Copilot waits for")
    refused(mia, f"{site.url}/offers/{site.announced.pk}/open/")
    ada.goto(f"{site.url}/offers/{site.announced.pk}/")
    ada.get_by_role("link", name="Open it").click()
    expect(ada.get_by_role("main")).to_contain_text("Better answers.")
    ada.get_by_label("It opened as").select_option(value=str(site.offer.pk))
    ada.get_by_role("button", name="Open it").click()
    ada.get_by_role("link", name="Copilot: request").click()
    expect(ada.get_by_role("main")).to_contain_text("Better answers.")
    assert Wish.objects.get().request == Request.objects.get(offer=site.offer)
