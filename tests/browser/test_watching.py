"""In a real browser: a retirement from its announcement to the closing report, what auditors ask, how people are told,
and the log of a webhook with a delivery that is sent again; each by the right people, with the wrong ones refused."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from catalog.models import Offer
from foundry.audit.models import Entry
from foundry.lib import clock
from foundry.notify import tasks
from foundry.notify.models import Preference
from tenants.access.models import Request
from tenants.advice.follow import follow
from tenants.advice.models import Campaign
from tests import make
from tests.browser.cards import IN_A_BROWSER, Window, be, refused
from tests.fakes.receivers import webhook
from tests.processes import console
from tests.servers import Urls
from tests.tenants.advice.world import calls

pytestmark = IN_A_BROWSER
QUESTIONS = (
    "Who could call what",
    "What somebody decided",
    "What was out of the ordinary",
    "Who accepted which terms",
)


@pytest.fixture
def site(committed: Urls, tmp_path: Path) -> Iterator[str]:
    """Team copilot of olga holds and calls an offer; another could follow it."""
    for name, roles in (("ada", ("admin",)), ("aud", ("auditor",)), ("nina", ())):
        make.person(name, roles=roles)
    team = make.team("copilot", owner=make.person("olga"))
    grant = make.grant(of=team, offer=make.offer(of=make.model("grok-2"), terms=make.terms()))
    calls(grant, [1, 2, 3], at=clock.now())
    make.offer(of=make.model("grok-3"))
    with console(committed, tmp_path / "console.log", FOUNDRY_DEMO="1") as server:
        yield server.url


def test_a_retirement_from_its_date_to_the_closing_report(site: str, open_window: Window) -> None:
    ada, olga, nina = (be(short, open_window(), site) for short in ("ada", "olga", "nina"))
    old, new = Offer.objects.get(model__slug="grok-2"), Offer.objects.get(model__slug="grok-3")
    ends, source = clock.now() + timedelta(days=40), "Mail of the host"
    refused(olga, f"{site}/offers/{old.pk}/lifecycle/")
    ada.goto(f"{site}/offers/{old.pk}/lifecycle/")
    ada.get_by_label("Calls end on").fill(f"{ends:%Y-%m-%d}")
    ada.get_by_label("Successor").fill(str(new.pk))
    ada.get_by_label("Where it stands").fill(source)
    ada.get_by_role("button", name="Save").click()
    follow(clock.now())  # what the schedule does every few minutes
    campaign = Campaign.objects.get()
    page = f"{site}/retirements/{campaign.pk}/"
    refused(nina, page, 404)

    olga.goto(site)
    olga.get_by_role("link", name="goes away").click()
    expect(olga).to_have_url(page)
    expect(olga.get_by_role("row").filter(has_text="What goes away").get_by_role("cell").nth(2)).to_have_text(
        "$3.00 / $15.00"
    )
    expect(olga.get_by_role("row").filter(has_text="Named as successor")).to_contain_text("$3.00 / $15.00")
    olga.get_by_label("We will have moved by").fill(f"{ends - timedelta(days=10):%Y-%m-%d}")
    olga.get_by_role("button", name="Say it").click()
    expect(olga.get_by_role("main")).to_contain_text("Olga said")
    olga.get_by_role("button", name="Ask for the successor").click()
    asked = Request.objects.get(offer=new)
    assert asked.asked == Request.objects.get(offer=old).asked

    ada.goto(f"{site}/requests/{asked.pk}/")
    ada.get_by_role("button", name="Approve", exact=True).click()
    expect(ada.get_by_role("main")).to_contain_text("Approved")
    ada.goto(page)
    expect(ada.get_by_role("heading", name="Calls a day that still come")).to_be_visible()
    ada.get_by_label("Why now").fill("Everybody has what follows.")
    ada.get_by_role("button", name="Close with its report").click()
    expect(ada.get_by_role("main")).to_contain_text("of 1 teams had moved")
    with ada.expect_download() as kept:
        ada.get_by_role("link", name="CSV").click()
    assert "copilot" in kept.value.path().read_text()


def test_an_auditor_asks_each_saved_question_with_a_count_and_a_csv(site: str, open_window: Window) -> None:
    aud, olga = be("aud", open_window(), site), be("olga", open_window(), site)
    refused(olga, f"{site}/audit/")
    refused(olga, f"{site}/audit/ask/access/answer.csv")
    aud.goto(f"{site}/audit/")
    for title in QUESTIONS:
        aud.get_by_role("link", name=title).click()
        expect(aud.get_by_role("heading", name=title)).to_be_visible()
        count = aud.get_by_role("region", name=re.compile(r"^\d+ rows?")).get_by_role("heading").inner_text()
        with aud.expect_download() as kept:
            aud.get_by_role("link", name="CSV").click()
        assert len(kept.value.path().read_text().splitlines()) == int(count.split()[0]) + 1
    forms = Entry.objects.filter(verb="audit.ask", actor_label__contains="aud")
    assert forms.count() == 2 * len(QUESTIONS)


def test_a_person_chooses_what_comes_by_mail(site: str, open_window: Window) -> None:
    olga = be("olga", open_window(), site)
    olga.goto(f"{site}/inbox/?show=all")
    expect(olga.get_by_role("main")).to_contain_text("approved")
    for label in ("Everything at once", "One mail a day", "Only what is mine at once"):
        olga.get_by_label(label).check()
        olga.get_by_role("button", name="Save").click()
        expect(olga.get_by_role("main")).to_contain_text(f"By mail: {label.lower()}.")
    assert Preference.objects.get().preset == "mine"


def test_an_admin_sees_what_a_hook_was_sent_and_sends_it_again(site: str, open_window: Window) -> None:
    ada = be("ada", open_window(), site)
    refused(be("olga", open_window(), site), f"{site}/hooks/")
    with webhook() as ear:
        ada.goto(f"{site}/hooks/")
        ada.get_by_label("Name").fill("The pager")
        ada.get_by_label("Address").fill(ear.url)
        ada.get_by_label("Trusted networks").fill("127.0.0.1/32")
        ada.get_by_role("button", name="Add").click()
        expect(ada.get_by_role("main")).to_contain_text("it is shown this once")
        ada.get_by_role("link", name="The pager").click()
        ada.get_by_role("button", name="Send a trial").click()
        for button in ("", "Send again"):
            if button:
                ada.get_by_role("row").last.get_by_role("button", name=button).click()
            expect(ada.get_by_role("row").last).to_contain_text("Waiting")
            tasks.deliver_due()
            ada.reload()
            expect(ada.get_by_role("row").last).to_contain_text("Sent")
    assert len(ear.heard) == 2
    assert len({each.headers["webhook-id"] for each in ear.heard}) == 1
