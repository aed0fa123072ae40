"""Teams wait for an announced offer; when it opens, what waits becomes requests in one step, by those who waited."""

from datetime import date, timedelta

import pytest

from catalog.models import Offer
from foundry.audit.models import Entry
from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.notify.models import Notice
from foundry.people.models import User
from tenants.access import actions
from tenants.access.models import Request, Wish
from tenants.teams.models import Team
from tests import make
from tests.people import api, browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def announced() -> Offer:
    return make.offer(
        "grok-5",
        at=make.host("soon", connector="manual", calling_base_url=""),
        lifecycle="announced",
        by_hand=True,
    )


@pytest.fixture
def admin() -> User:
    return make.admin()


def until() -> date:
    return (clock.now() + timedelta(days=60)).date()


def waits(team: Team, offer: Offer, **more: object) -> Wish:
    asked = {"application": make.application(team), "data_class": "internal", "limits": {"tpm": 5_000}} | more
    return actions.wish(team, offer, why="Better answers", actor=make.owner_of(team), at=clock.now(), **asked)  # type: ignore[arg-type]


def open_as(offer: Offer, target: Offer, admin: User) -> dict[str, tuple[bool, str]]:
    done = actions.open_offer(offer.pk, target, ends_on=until(), actor=admin, at=clock.now())
    return {each.wish.team.slug: (each.request is not None, each.why_not) for each in done}


def test_what_waits_becomes_requests_by_those_who_waited(announced: Offer, admin: User) -> None:
    copilot, search = make.team("copilot"), make.team("search")
    first, _ = waits(copilot, announced), waits(search, announced)
    target = make.offer("grok-5")
    assert open_as(announced, target, admin) == {"copilot": (True, ""), "search": (True, "")}
    first.refresh_from_db()
    asked = first.request
    assert asked is not None
    assert (asked.requester, asked.offer, asked.asked, asked.ends_on) == (
        make.owner_of(copilot), target, {"tpm": 5_000}, until(),
    )  # fmt: skip
    assert asked.purpose == "Better answers"
    announced.refresh_from_db()
    assert (announced.opened_as, announced.reach.word) == (target, "listed")
    assert not Offer.objects.listed().filter(pk=announced.pk).exists()
    entry = Entry.objects.get(verb="offer.open")
    assert entry.actor == admin
    assert Notice.objects.filter(person=make.owner_of(copilot), event__kind="offer.open").count() == 1


def test_again_does_nothing_twice_and_tries_those_that_stayed(announced: Offer, admin: User) -> None:
    copilot, late = make.team("copilot"), make.team("late")
    waits(copilot, announced)
    bare = actions.wish(late, announced, why="Some day", actor=make.owner_of(late), at=clock.now())
    target = make.offer("grok-5")
    first = open_as(announced, target, admin)
    assert first["copilot"] == (True, "")
    assert first["late"][1].startswith("It names no application.")
    assert list(open_as(announced, target, admin)) == ["late"]
    Wish.objects.filter(pk=bare.pk).update(
        application=make.application(late), data_class="public", asked={"rpm": 10}
    )
    assert open_as(announced, target, admin) == {"late": (True, "")}
    assert Request.objects.count() == 2
    with pytest.raises(Conflict, match="opened as another"):
        open_as(announced, make.offer(), admin)


def test_a_person_who_left_and_data_that_is_ruled_out_stay_and_say_why(announced: Offer, admin: User) -> None:
    gone, strict = make.team("gone"), make.team("strict")
    waits(gone, announced)
    gone.memberships.all().delete()
    waits(strict, announced, data_class="restricted")
    terms = make.terms()
    terms.data_classes = ["public"]
    terms.save(update_fields=["data_classes"])
    stay = open_as(announced, make.offer("grok-5", terms=terms), admin)
    assert stay["gone"] == (False, "You are not in Gone. Ask an owner to add you, or ask for your own team.")
    assert stay["strict"][1].startswith("Restricted data may not go to")
    assert {each.why_not for each in Wish.objects.waiting()} == {why for _, why in stay.values()}


def test_terms_that_the_team_has_not_read_are_acknowledged_before_the_approval(
    announced: Offer, admin: User
) -> None:
    team = make.team("copilot")
    wish = waits(team, announced)
    assert open_as(announced, make.offer("grok-5", terms=make.terms()), admin)["copilot"] == (True, "")
    wish.refresh_from_db()
    assert wish.request is not None
    with pytest.raises(Conflict, match="has not acknowledged"):
        actions.approve(wish.request.pk, actor=make.admin(), at=clock.now())
    assert browser(make.owner_of(team)).post(f"/requests/{wish.request.pk}/acknowledge/").status_code == 302
    actions.approve(wish.request.pk, actor=make.admin(), at=clock.now())


def test_only_what_cannot_be_called_opens_and_only_as_what_can(announced: Offer, admin: User) -> None:
    for target in (
        announced,
        make.offer(at=announced.host),
        make.offer(hidden=True),
        make.offer(lifecycle="deprecated"),
    ):
        with pytest.raises(Conflict):
            open_as(announced, target, admin)
    with pytest.raises(Conflict, match="can be called already"):
        open_as(make.offer(), make.offer(), admin)
    with pytest.raises(Forbidden):
        open_as(announced, make.offer(), make.person(roles=("ops",)))


def test_a_team_joins_once_and_leaves(announced: Offer) -> None:
    team = make.team("copilot")
    wish = waits(team, announced)
    with pytest.raises(Conflict, match="waits for"):
        waits(team, announced)
    with pytest.raises(Forbidden):
        actions.stop_waiting(wish.pk, actor=make.person(), at=clock.now())
    actions.stop_waiting(wish.pk, actor=make.owner_of(team), at=clock.now())
    assert not Wish.objects.exists()
    with pytest.raises(Invalid):
        waits(team, announced, limits={})
    with pytest.raises(Invalid):
        waits(team, announced, data_class="secret")


def test_everybody_sees_how_many_wait_and_admins_who(announced: Offer, admin: User) -> None:
    copilot, search = make.team("copilot"), make.team("search")
    waits(copilot, announced)
    waits(search, announced)
    path = f"/offers/{announced.pk}/waiting/"
    outside = browser(make.person()).get(path).text
    assert "2 teams wait" in outside
    assert "Copilot" not in outside
    mine = browser(make.owner_of(copilot)).get(path).text
    assert "Copilot" in mine
    assert "Search" not in mine
    assert "Stop waiting" in mine
    every = browser(admin).get(path).text
    assert "Search" in every
    assert f"/offers/{announced.pk}/open/" in every


def test_an_admin_opens_it_on_a_page_and_sees_what_became_of_each(announced: Offer, admin: User) -> None:
    waits(make.team("copilot"), announced)
    target = make.offer("grok-5", at=make.host("azure"))
    page = browser(admin).get(f"/offers/{announced.pk}/open/").text
    assert "xai/grok-5 at Azure" in page
    done = browser(admin).post(
        f"/offers/{announced.pk}/open/", {"opened_as": target.pk, "ends_on": str(until())}
    )
    assert "Copilot: request" in done.text
    shown = browser(make.person()).get(f"/catalog/{announced.model}/?show=all").text
    assert "another offer" in shown


def test_the_api_joins_lists_leaves_and_opens(announced: Offer, admin: User) -> None:
    team = make.team("copilot")
    application, owner = make.application(team, "chat"), api(make.owner_of(team))
    body = {"team": "copilot", "offer": announced.pk, "application": application.slug, "purpose": "Answers",
            "data_class": "internal", "limits": {"tpm": 1000}}  # fmt: skip
    made = owner.post("/api/v1/waiting-list/", body, content_type="application/json")
    assert made.status_code == 201
    assert owner.delete(f"/api/v1/waiting-list/{made.json()['id']}/").status_code == 204
    owner.post("/api/v1/waiting-list/", body, content_type="application/json")
    assert api(make.person()).get("/api/v1/waiting-list/").json()["results"] == []
    opening = {"offer": announced.pk, "opened_as": make.offer("grok-5").pk, "ends_on": str(until())}
    done = api(admin).post("/api/v1/waiting-list/open/", opening, content_type="application/json").json()
    (told,) = done["results"]
    assert (told["team"], told["why_not"]) == ("copilot", "")
    (row,) = owner.get(f"/api/v1/waiting-list/?offer={announced.pk}").json()["results"]
    assert row["request"] == told["request"]
