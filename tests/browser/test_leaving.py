"""Somebody leaves, in a real browser: what ends with them and what goes on, who answers for their application, and a team
that is left without an owner; by the right people, with the wrong ones refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from foundry.lib import clock
from tenants.access.models import Grant
from tenants.keys.models import ApiKey
from tenants.teams import actions as teams
from tests import make
from tests.browser.cards import IN_A_BROWSER, Window, be, refused
from tests.processes import console
from tests.servers import Urls

pytestmark = IN_A_BROWSER


@dataclass
class Site:
    """:ivar own: mia's personal key. :ivar shared: the one she made for the application."""

    url: str
    grant: Grant
    own: ApiKey
    shared: ApiKey


@pytest.fixture
def site(committed: Urls, tmp_path: Path) -> Iterator[Site]:
    """Mia answers for the application of olga's team copilot, omar is a member; ada is the admin."""
    make.person("ada", roles=("admin",))
    mia, olga = make.person("mia"), make.person("olga")
    grant = make.grant(of=make.team("copilot", owner=olga, members=(mia, make.person("omar"))))
    teams.name_application_owner(grant.applications.get().pk, mia, actor=olga, at=clock.now())
    own, shared = make.key(grant, by=mia, personal=True)[0], make.key(grant, by=mia)[0]
    with console(committed, tmp_path / "console.log", FOUNDRY_DEMO="1") as server:
        yield Site(server.url, grant, own, shared)


def states(*keys: ApiKey) -> list[str]:
    return [ApiKey.objects.get(pk=key.pk).state(clock.now()) for key in keys]


def test_who_leaves_loses_what_is_theirs_and_the_team_goes_on_even_without_its_owner(
    site: Site, open_window: Window
) -> None:
    ada, olga, mia, omar = (be(short, open_window(), site.url) for short in ("ada", "olga", "mia", "omar"))
    member = ApiKey.objects.get(pk=site.own.pk).created_by
    refused(omar, f"{site.url}/teams/copilot/members/{member.pk}/remove/")
    refused(olga, f"{site.url}/people/")
    olga.goto(f"{site.url}/teams/copilot/")
    olga.get_by_role("link", name="Remove… Mia").click()
    main = olga.get_by_role("main")
    for words in ("Whom it hits", "1 live", f"{site.shared.prefix}…"):
        expect(main).to_contain_text(words)
    main.locator("form").get_by_role("button").click()
    expect(main).to_contain_text("Mia is no longer in Copilot.")
    assert states(site.own, site.shared) == ["revoked", "live"]
    mia.reload()
    expect(mia).to_have_url(f"{site.url}/login/?next=/")

    olga.goto(f"{site.url}/inbox/")
    olga.get_by_role("button", name="needs somebody who answers for it").click()
    expect(olga.get_by_role("main")).to_contain_text("whoever made it knew its secret")
    omar.goto(olga.url)
    expect(omar.get_by_role("button", name="Name them")).to_have_count(0)
    olga.get_by_label("Who answers for it").select_option(label="Omar")
    olga.get_by_role("button", name="Name them").click()
    expect(olga.get_by_role("main")).to_contain_text("Omar answers for")

    ada.goto(f"{site.url}/people/")
    ada.get_by_role("row").filter(has_text="olga@").get_by_role("link", name="Switch off").click()
    ada.get_by_label("Why?").fill("Left the house.")
    ada.get_by_role("main").locator("form").get_by_role("button").click()
    olga.reload()
    expect(olga).to_have_url(f"{site.url}/login/?next={olga.url.partition('next=')[2]}")
    omar.goto(f"{site.url}/grants/{site.grant.pk}/")
    expect(omar.get_by_role("main")).to_contain_text("has no owner, so nothing of it is renewed")
    ada.goto(f"{site.url}/inbox/")
    ada.get_by_role("button", name="Copilot has no owner").click()
    expect(ada.get_by_role("main")).to_contain_text("Nothing of it is renewed until somebody owns it")
    ada.get_by_role("button", name="Make owner of Omar").click()
    expect(ada.get_by_role("main")).to_contain_text("Omar is owner now.")
    omar.reload()
    expect(omar.get_by_role("button", name="Renew at the same size")).to_be_visible()
