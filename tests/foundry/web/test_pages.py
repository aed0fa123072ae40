"""The ground's pages: what they show, and that a strict policy can hold for all of them."""

import re

import pytest
from django.contrib.staticfiles import finders

from foundry.web.shell import GROUPS
from tests import make
from tests.foundry.web.markup import faults, inline_parts
from tests.people import browser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]
PAGES = ["/", "/settings/", "/styleguide/", "/status/", "/audit/", "/nothing/"]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_well_put_together_with_nothing_inline(path: str) -> None:
    page = browser(make.person(roles=("admin",))).get(path).content.decode()
    assert "<title>" in page
    assert inline_parts(page) == []
    assert faults(page) == []


PLANTED = {
    "<div><p>x</div></p>": 2,
    "<div>": 1,
    "<b id='a'></b><i id='a'></i>": 1,
    "<label for='a'>x</label>": 1,
    "<p style='color:red' onclick='x()'>x</p><script>1</script><a href='javascript:x'>x</a>": 4,
}


@pytest.mark.parametrize("html", sorted(PLANTED))
def test_planted_faults_are_found(html: str) -> None:
    assert len(faults(html)) + len(inline_parts(html)) == PLANTED[html]


@pytest.mark.parametrize("path", ["/login/", "/welcome/secret/", "/nothing/"])
def test_no_page_for_strangers_holds_anything_inline_or_any_menu(path: str) -> None:
    page = browser().get(path).content.decode()
    assert inline_parts(page) == []
    assert faults(page) == []
    assert "<aside" not in page


@pytest.mark.parametrize("path", PAGES)
def test_every_file_that_a_page_wants_is_there(path: str) -> None:
    page = browser(make.person(roles=("admin",))).get(path).content.decode()
    wanted = re.findall(r'(?:src|href)="/static/([^"]+)"', page)
    assert len(wanted) >= 3
    assert [name for name in wanted if finders.find(name) is None] == []


def test_every_style_sheet_and_module_that_is_imported_is_there() -> None:
    imports = 0
    for name, pattern in (("css/foundry.css", r'url\("([^"]+)"\)'), ("js/foundry.js", r'from "\./([^"]+)"')):
        path = finders.find(name)
        assert isinstance(path, str)
        with open(path) as source:
            found = re.findall(pattern, source.read())
        imports += len(found)
        folder = name.partition("/")[0]
        assert [each for each in found if finders.find(f"{folder}/{each}") is None] == []
    assert imports > 20


def test_htmx_is_told_to_run_nothing_and_to_style_nothing() -> None:
    page = browser(make.person()).get("/").content.decode()
    config = page[page.index("htmx-config") :].partition(">")[0]
    assert '"allowEval": false' in config
    assert '"includeIndicatorStyles": false' in config


def test_the_home_of_somebody_new_says_what_will_stand_there() -> None:
    page = browser(make.person()).get("/").content.decode()
    for words in ("What waits", "What runs out", "What changed"):
        assert words in page


def test_home_shows_the_lines_of_every_slice_escaped(
    monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    settings.HOME_BLOCKS = ["tests.foundry.web.test_pages.hostile_block"]  # type: ignore[attr-defined]
    page = browser(make.person()).get("/").content.decode()
    assert "&lt;b&gt;docs&lt;/b&gt; ends" in page
    assert 'href="/grants/1/"' in page


def hostile_block(person: object) -> dict[str, list[dict[str, object]]]:
    line = {"title": "<b>docs</b> ends", "detail": "Tomorrow", "url": "/grants/1/", "tone": "bad", "at": None}
    return {"waits": [], "runs_out": [line], "changed": []}


def links(*roles: str) -> list[str]:
    page = browser(make.person(roles=roles)).get("/").content.decode()
    return re.findall(r'<li><a href="([^"]+)"', page[page.index("nav wide") :].partition("</nav>")[0])


def test_the_sidebar_lists_only_what_a_person_can_open() -> None:
    assert "/audit/" not in links()
    assert "/approvals/" not in links("ops")
    assert {"/audit/", "/status/", "/approvals/"} <= set(links("admin"))


@pytest.mark.parametrize("roles", [(), ("admin",), ("ops",), ("auditor",), ("security",), ("finance",)])
def test_every_link_of_the_sidebar_opens(roles: tuple[str, ...]) -> None:
    person = make.person(roles=roles)
    client = browser(person)
    assert {path: client.get(path).status_code for path in links(*roles)} == dict.fromkeys(links(*roles), 200)


def test_every_entry_of_the_sidebar_exists() -> None:
    assert len(links("admin")) == sum(len(group) for _, group in GROUPS)


def test_the_page_one_is_on_is_marked() -> None:
    page = browser(make.person(roles=("admin",))).get("/hosts/?page=1").content.decode()
    assert re.findall(r'<a href="([^"]+)" aria-current="page"', page) == ["/hosts/", "/hosts/"]
