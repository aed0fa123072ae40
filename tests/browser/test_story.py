"""The river, clicked by Mia and Ada in two windows of a real browser, with real calls in between."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import openai
import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from catalog import seed
from foundry.lib import clock
from tests import make
from tests.browser.cards import IN_A_BROWSER, be
from tests.processes import console, free_port, gateway, sandbox
from tests.servers import Urls

pytestmark = IN_A_BROWSER
MODEL = "xai/grok-3"
PRICE = ("3", "15")  # USD per million tokens, in and out
SOON_S = 2


@dataclass(slots=True)
class Site:
    """:ivar url: the console's. :ivar door: the gateway's base URL for clients."""

    url: str
    door: str


@pytest.fixture
def site(committed: Urls, redis_url: str, tmp_path: Path) -> Iterator[Site]:
    """A company on its first morning: Mia's team has an application, Azure serves grok-3 by the sandbox."""
    port = free_port()
    here = f"http://127.0.0.1:{port}"
    with (
        sandbox(tmp_path) as upstream,
        gateway(tmp_path, committed.gateway_url, FOUNDRY_CONSOLE_URL=here) as door,
    ):
        furnish(f"{upstream.url}/v1")
        log = tmp_path / "console.log"
        with console(committed, log, port, FOUNDRY_DEMO="1", FOUNDRY_GATEWAY_URL=door.url):
            yield Site(here, f"{door.url}/v1")


def furnish(calls_go_to: str) -> None:
    mia = make.person("mia")
    make.person("ada", roles=("admin",))
    make.application(make.team("copilot", owner=make.person("olga"), members=(mia,)), "chat")
    seed.seed(clock.now())
    azure = make.host("azure", name="Azure AI Foundry", calling_base_url=calls_go_to, is_sandbox=True,
                      trusted_networks=["127.0.0.1/32"])  # fmt: skip
    grok = make.offer(at=azure, of=make.model("grok-3"), priced=False, lifecycle="preview",
                      terms=seed.terms("hosting-only"))  # fmt: skip
    make.price(grok, *PRICE, basis="reference")


def test_from_a_wish_to_a_refused_key(site: Site, open_window: Callable[[], BrowserContext]) -> None:
    mia, ada = be("mia", open_window(), site.url), be("ada", open_window(), site.url)

    mia_finds_the_model(mia)
    mia_asks_for_it(mia)
    ada_grants_half(ada)
    mia_reads_the_difference(mia)
    secret = mia_makes_a_key(mia, site)

    caller = openai.OpenAI(base_url=site.door, api_key=secret, max_retries=0)
    cost = call(caller)
    called_at = time.monotonic()
    mia_finds_the_call(mia, site, *cost, called_at)
    one_call_too_many(caller, mia, site)
    mia_revokes_the_key(mia, site, secret)
    time.sleep(1)
    with pytest.raises(openai.AuthenticationError) as refusal:
        call(caller)
    assert refusal.value.code == "invalid_api_key"


def mia_finds_the_model(page: Page) -> None:
    """Search, then the model's page: price and its basis, terms as facts."""
    page.get_by_role("link", name="Catalog").click()
    page.get_by_role("searchbox", name="Search").fill("grok-3")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("row").filter(has_text="Azure AI Foundry").get_by_role("link").first.click()
    offer = page.locator("section.card").filter(has=page.get_by_role("heading", name="Azure AI Foundry"))
    expect(fact(offer, "Input").first).to_contain_text("3.00")
    expect(fact(offer, "Output").first).to_contain_text("15.00")
    expect(offer).to_contain_text("Reference list")
    expect(offer).to_contain_text("Hosting only, no training")
    expect(fact(offer, "Training")).to_have_text("none")
    offer.get_by_role("link", name="Request access").click()


def mia_asks_for_it(page: Page) -> None:
    """The form says at once what it leads to; without the terms it does not go on."""
    aside = page.get_by_role("complementary", name="What this leads to")
    expect(aside).to_contain_text("Ada")
    expect(aside).to_contain_text("$3.00 per million tokens")
    page.get_by_label("Purpose").fill("Answers in the product's chat.")
    page.get_by_label("Tokens per month").fill("2,000")
    expect(fact(aside, "A full month")).to_contain_text("about $0.012")
    page.get_by_role("button", name="Send the request").click()
    expect(page.locator(".error")).to_contain_text("Tick this to go on")
    page.get_by_label("We have read these terms").check()
    page.get_by_role("button", name="Send the request").click()
    expect(page.get_by_role("main")).to_contain_text("waits for Ada")


def ada_grants_half(page: Page) -> None:
    page.reload()
    expect(page.get_by_role("link", name="Approvals")).to_contain_text("1")
    waits = page.get_by_role("region", name="What waits")
    waits.get_by_role("link", name=f"Copilot asks for {MODEL}").click()
    expect(page.get_by_role("main")).to_contain_text("Answers in the product's chat.")
    page.get_by_label("Tokens per minute").fill("30,000")
    page.get_by_label("Tokens per month").fill("1,000")
    approve = page.get_by_role("button", name="Approve")
    approve.click()
    expect(page.locator(".error")).to_contain_text("Say why; the team reads it.")
    page.get_by_label("Reason").fill("Half to start with.")
    approve.click()
    expect(page.get_by_role("main")).to_contain_text("Granted")


def mia_reads_the_difference(page: Page) -> None:
    page.reload()
    row = page.get_by_role("row").filter(has_text="Tokens per month")
    expect(row.get_by_role("cell")).to_have_text(["Tokens per month", "2,000", "1,000"])
    expect(row.locator("strong")).to_have_text("1,000")
    expect(page.get_by_role("main")).to_contain_text("Half to start with.")


def mia_makes_a_key(page: Page, site: Site) -> str:
    """On the grant's page; the secret is there once and never again."""
    page.get_by_role("link", name=re.compile(r"^Grant \d+$")).click()
    title = page.get_by_role("heading", name="First call")
    expect(title).to_contain_text("Waiting for it")
    page.get_by_role("button", name="Make a key for chat").click()
    blocks = page.locator("#first-call .copy-block")
    secret = blocks.filter(has_text="Secret").locator("code").inner_text()
    assert secret.startswith("sk-fdy-")
    snippet = blocks.filter(has_text="Python").locator("code").inner_text()
    assert all(part in snippet for part in (site.door, secret, MODEL))
    here = page.url
    page.context.new_page().goto(here)
    again = page.context.pages[-1]
    expect(again.locator("#first-call")).to_contain_text(secret[:10])
    assert secret not in again.content()
    again.close()
    return secret


def call(caller: openai.OpenAI, most: int = 40) -> tuple[int, int]:
    """Tokens in and out of one call, as the upstream reported them."""
    answer = caller.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "What is a grant?"}], max_tokens=most
    )
    assert answer.usage is not None
    return answer.usage.prompt_tokens, answer.usage.completion_tokens


def mia_finds_the_call(page: Page, site: Site, read: int, written: int, called_at: float) -> None:
    """Within two seconds the usage page has it, exactly; the grant's page turns green by itself."""
    usage = page.context.new_page()
    while True:
        asked_at = time.monotonic()
        usage.goto(f"{site.url}/usage/")
        row = usage.get_by_role("region", name="By model").get_by_role("row").filter(has_text=MODEL)
        if row.count():
            break
        assert asked_at - called_at < SOON_S, usage.get_by_role("main").inner_text()
    cells = row.get_by_role("cell").all_inner_texts()
    assert (cells[1], cells[2], cells[4]) == ("1", str(read), str(written))
    assert Decimal(cells[5].removeprefix("$")) == (read * 3 + written * 15) / Decimal(1_000_000)
    expect(usage.get_by_role("region", name="What the cost rests on")).to_contain_text("Reference price")
    usage.close()
    expect(page.get_by_role("heading", name="First call")).to_contain_text("It came", timeout=10_000)


def one_call_too_many(caller: openai.OpenAI, page: Page, site: Site) -> None:
    """The refusal names the limit, what is used of it, the reset, and an address that leads on."""
    with pytest.raises(openai.RateLimitError) as refusal:
        call(caller, most=5_000)
    told = refusal.value.body
    assert isinstance(told, dict)
    assert told["code"] == "limit.tokens_per_month"
    assert re.search(r"has used \d+ of 1,000 tokens this month", told["message"])
    resets = datetime.fromisoformat(told["limit"]["resets_at"])
    assert resets > clock.now()
    assert f"It resets at {resets:%Y-%m-01 00:00:00} UTC" in told["message"]
    assert told["ask_for_more"].startswith(site.url)
    assert told["ask_for_more"] in told["message"]
    page.goto(told["ask_for_more"])
    expect(page.get_by_label("Tokens per month")).to_have_value("1,000")
    expect(page.get_by_role("button", name="Send the request")).to_be_visible()


def mia_revokes_the_key(page: Page, site: Site, secret: str) -> None:
    page.get_by_role("link", name="Keys").click()
    row = page.get_by_role("row").filter(has_text=secret[:10])
    row.get_by_role("link", name="Revoke").click()
    expect(page.get_by_role("main")).to_contain_text("Whom it hits")
    page.get_by_label("Why?").fill("The story ends.")
    page.get_by_role("button", name="Revoke now").click()
    expect(page.get_by_role("status")).to_contain_text("refuses it within a second")


def fact(card: Locator, name: str) -> Locator:
    """The value beside a term of a list of facts."""
    return card.locator(f"dt:text-is('{name}') + dd")
