"""A policy is drafted, tried on past requests and switched on in a real browser; only later requests follow it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tenants.access.models import Policy, Request
from tests import make
from tests.browser.cards import IN_A_BROWSER, be, refused
from tests.processes import console
from tests.servers import Urls

pytestmark = IN_A_BROWSER


@pytest.fixture
def site(committed: Urls, tmp_path: Path) -> Iterator[str]:
    """Two requests of internal data: one granted, one open, both for the platform alone to decide."""
    make.person("ada", roles=("admin",))
    make.person("aud", roles=("auditor",))
    team = make.team("copilot", owner=make.person("olga"))
    make.grant(of=team)
    make.request(of=team)
    make.offer(of=make.model("grok-9"))
    with console(committed, tmp_path / "console.log", FOUNDRY_DEMO="1") as server:
        yield server.url


def steps_of(request: Request) -> list[str]:
    return [step.label for step in request.steps.order_by("position")]


def test_a_policy_is_tried_on_past_requests_and_changes_only_later_ones(
    site: str, open_window: Callable[[], BrowserContext]
) -> None:
    ada, olga, aud = (be(short, open_window(), site) for short in ("ada", "olga", "aud"))
    refused(olga, f"{site}/policies/")
    refused(aud, f"{site}/policies/draft/try/")
    aud.goto(f"{site}/policies/")
    expect(aud.get_by_role("button", name="Draft a new version")).to_have_count(0)

    ada.goto(f"{site}/policies/")
    ada.get_by_role("button", name="Draft a new version").click()
    ada.get_by_role("link", name="Add a rule").click()
    ada.get_by_label("Name").fill("Internal data needs security")
    ada.get_by_label("Who decides").fill("admin, security")
    ada.get_by_role("group", name="Data class").get_by_label("Internal").check()
    ada.get_by_role("button", name="Keep in the draft").click()
    ada.get_by_role("link", name="Try it on past requests").click()
    rows = ada.get_by_role("row").filter(has_text="Copilot")
    expect(rows).to_have_count(2)
    expect(rows.first.get_by_role("cell").nth(4)).to_have_text("Platform")
    expect(rows.first.get_by_role("cell").nth(5)).to_contain_text("Security")
    before = {row.pk: steps_of(row) for row in Request.objects.all()}
    first = Policy.objects.current()
    ada.get_by_role("link", name="Back to the draft").click()
    ada.get_by_role("button", name="Switch on").click()
    expect(ada.get_by_role("main")).to_contain_text("is in force. What is open keeps the steps it has.")

    assert {row.pk: steps_of(row) for row in Request.objects.all()} == before
    olga.get_by_role("link", name="Request access to grok-9").click()
    olga.get_by_label("Purpose").fill("Answers.")
    olga.get_by_role("button", name="Send the request").click()
    expect(olga.get_by_role("main")).to_contain_text("Security")
    later = Request.objects.latest("pk")
    assert steps_of(later) == ["Platform", "Security"]
    assert later.policy == Policy.objects.current() != first
    assert {row.policy for row in Request.objects.exclude(pk=later.pk)} == {first}
