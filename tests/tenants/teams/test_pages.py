"""The teams' pages and the forms on them."""

import pytest

from tenants.teams.models import Team
from tests import make
from tests.people import browser

pytestmark = pytest.mark.django_db


def test_an_owner_adds_a_person_and_an_application_on_the_page() -> None:
    team, newcomer = make.team(), make.person()
    client = browser(make.owner_of(team))
    client.post(f"/teams/{team.slug}/members/", {"member-email": newcomer.email, "member-role": "member"})
    client.post(
        f"/teams/{team.slug}/applications/",
        {"application-slug": "chat", "application-name": "Chat bot", "application-environment": "staging"},
    )
    page = client.get(f"/teams/{team.slug}/").text
    assert newcomer.email in page
    assert "Chat bot" in page
    assert "Staging" in page


def test_a_member_sees_no_form_of_the_owner() -> None:
    member = make.person()
    team = make.team(members=(member,))
    page = browser(member).get(f"/teams/{team.slug}/").text
    assert "Add a person" not in page
    assert "Remove" not in page


def test_an_unknown_person_is_said_to_be_unknown() -> None:
    team = make.team()
    client = browser(make.owner_of(team))
    fields = {"member-email": "ghost@foundry.example", "member-role": "member"}
    answer = client.post(f"/teams/{team.slug}/members/", fields)
    assert answer.status_code == 400
    assert "Nobody here signs in as ghost@foundry.example" in answer.text


def test_a_form_that_is_wrong_says_so_beside_its_field() -> None:
    taken = make.team("copilot")
    owner = make.owner_of(taken)
    fields = {"name": "Copilot", "slug": "copilot", "cost_centre": "4410", "owner": owner.email}
    client = browser(make.admin())
    assert "There is a team copilot already" in client.post("/teams/new/", fields).text
    assert (
        "Nobody here signs in"
        in client.post("/teams/new/", fields | {"slug": "a", "owner": "a@b.example"}).text
    )
    assert "Lower-case letters" in client.post("/teams/new/", fields | {"slug": "Not this"}).text
    assert Team.objects.count() == 1


def test_a_person_in_no_team_is_told_how_to_join() -> None:
    assert "Ask an owner of your team" in browser(make.person()).get("/teams/").text
    assert "You are in no team yet" in browser(make.person()).get("/").text


def test_a_name_is_shown_as_text() -> None:
    team = make.team()
    team.name = "<script>alert(1)</script>"
    team.save(update_fields=["name"])
    assert "<script>alert" not in browser(make.admin()).get("/teams/").text
