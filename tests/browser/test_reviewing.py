"""A team's review in a real browser, with keys alone: keep one grant, give one back after seeing whom it hits."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tenants.access.models import Grant
from tests import make
from tests.browser.cards import IN_A_BROWSER, Window, be, refused
from tests.processes import console
from tests.servers import Urls

pytestmark = IN_A_BROWSER
FOCUS_IS_SEEN = """() => { const on = document.activeElement, style = getComputedStyle(on);
  return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 && on.getBoundingClientRect().width > 0; }"""


def tab_to(page: Page, name: str) -> None:
    """Presses Tab until the focus, which is seen at each stop, is on that control."""
    for _ in range(80):
        page.keyboard.press("Tab")
        told = page.evaluate(
            "[document.activeElement.name, document.activeElement.value, document.activeElement.textContent]"
        )
        if name in (told[0], (told[2] or "").strip()):
            assert page.evaluate(FOCUS_IS_SEEN), f"the focus on {name} is not seen"
            break
    else:
        raise AssertionError(f"Tab never comes to {name}")


def test_an_owner_answers_a_review_with_keys_alone(
    committed: Urls, tmp_path: Path, open_window: Window
) -> None:
    team = make.team("copilot", owner=make.person("olga"), members=(make.person("mia"),))
    make.person("nina")
    keep, back = make.grant(of=team), make.grant(of=team, app=make.application(team, "batch"))
    with console(committed, tmp_path / "console.log", FOUNDRY_DEMO="1") as server:
        url = f"{server.url}/teams/copilot/review/"
        refused(be("nina", open_window(), server.url), url, 404)
        mia = be("mia", open_window(), server.url)
        mia.goto(url)
        expect(mia.get_by_role("button", name="Begin a review")).to_have_count(0)

        olga = be("olga", open_window(), server.url)
        olga.goto(url)
        tab_to(olga, "Begin a review")
        olga.keyboard.press("Enter")
        expect(olga.get_by_role("main")).to_contain_text("2 left")
        mia.goto(url)
        expect(mia.get_by_role("radio")).to_have_count(0)
        answers = {f"answer-{keep.pk}": "keep", f"answer-{back.pk}": "give_back"}
        order = olga.eval_on_selector_all(
            "input[type=radio]", "all => [...new Set(all.map(each => each.name))]"
        )
        for name in order:  # from the top to the bottom, as they stand
            tab_to(olga, name)
            olga.keyboard.press("Space")
            while olga.evaluate("document.activeElement.value") != answers[name]:
                olga.keyboard.press("ArrowDown")
        tab_to(olga, "Save the answers")
        olga.keyboard.press("Enter")
        expect(olga.get_by_role("heading", name="Whom it hits")).to_be_visible()
        expect(olga.get_by_role("main")).to_contain_text("Batch")
        tab_to(olga, "Give back and save")
        olga.keyboard.press("Enter")
        expect(olga.get_by_role("main")).to_contain_text("Done")
    assert [Grant.objects.get(pk=each.pk).revoked_at is None for each in (keep, back)] == [True, False]
