"""Teams, their people and applications: who may, and what is refused."""

import pytest

from foundry.audit.models import Entry
from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.people.models import User
from tenants.teams import actions
from tenants.teams.models import Application, Team
from tests import make

pytestmark = pytest.mark.django_db


def create(actor: User, **changed: str) -> Team:
    fields = {"slug": "copilot", "name": "Copilot", "cost_centre": "4410"} | changed
    return actions.create_team(**fields, owner=make.person(), actor=actor, at=clock.now())


def test_an_admin_sets_up_a_team_with_its_owner_and_one_audit_entry() -> None:
    team = create(make.admin())
    assert team.cost_centre.code == "4410"
    assert [row.role for row in team.memberships.all()] == ["owner"]
    assert Entry.objects.get(verb="team.create").content["after"]["slug"] == "copilot"


def test_nobody_else_sets_up_a_team() -> None:
    for person in (make.person(), make.person(roles=("ops", "security", "finance", "auditor"))):
        with pytest.raises(Forbidden):
            create(person)


def test_a_short_name_is_used_once() -> None:
    create(make.admin())
    with pytest.raises(Conflict) as refused:
        create(make.admin())
    assert refused.value.code == "team.exists"


@pytest.mark.parametrize("slug", ["", "Copilot", "a b", "-a", "a--b", "é", "a" * 51, "new", "a/b", "a\n"])
def test_a_short_name_that_no_address_can_hold_is_refused(slug: str) -> None:
    if slug.strip() != slug:
        assert create(make.admin(), slug=slug).slug == slug.strip()
        return
    with pytest.raises(Invalid):
        create(make.admin(), slug=slug)


@pytest.mark.parametrize(
    "changed",
    [{"name": "  "}, {"name": "x" * 121}, {"name": "a\x00"}, {"cost_centre": ""}, {"cost_centre": "1" * 21}],
)
def test_a_name_and_a_cost_centre_are_needed(changed: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        create(make.admin(), **changed)
    assert not Team.objects.exists()


def test_an_owner_adds_and_removes_people() -> None:
    team, newcomer = make.team(), make.person()
    owner = make.owner_of(team)
    actions.add_member(team, newcomer, "member", actor=owner, at=clock.now())
    assert team in Team.objects.seen_by(newcomer)
    actions.remove_member(team, newcomer, actor=owner, at=clock.now())
    assert team not in Team.objects.seen_by(newcomer)


def test_a_member_adds_nobody_but_may_leave() -> None:
    member = make.person()
    team = make.team(members=(member,))
    with pytest.raises(Forbidden):
        actions.add_member(team, make.person(), "member", actor=member, at=clock.now())
    with pytest.raises(Forbidden):
        actions.remove_member(team, make.owner_of(team), actor=member, at=clock.now())
    actions.remove_member(team, member, actor=member, at=clock.now())
    assert team.memberships.count() == 1


def test_a_person_is_in_a_team_once() -> None:
    member = make.person()
    team = make.team(members=(member,))
    with pytest.raises(Conflict) as refused:
        actions.add_member(team, member, "owner", actor=make.owner_of(team), at=clock.now())
    assert refused.value.code == "member.exists"


def test_a_team_keeps_an_owner() -> None:
    member = make.person()
    team = make.team(members=(member,))
    owner = make.owner_of(team)
    with pytest.raises(Conflict):
        actions.remove_member(team, owner, actor=owner, at=clock.now())
    with pytest.raises(Conflict):
        actions.change_role(team, owner, "member", actor=owner, at=clock.now())
    actions.change_role(team, member, "owner", actor=owner, at=clock.now())
    actions.remove_member(team, owner, actor=owner, at=clock.now())
    assert make.owner_of(team) == member


def test_a_role_that_does_not_exist_is_refused() -> None:
    team = make.team()
    with pytest.raises(Invalid):
        actions.add_member(team, make.person(), "emperor", actor=make.owner_of(team), at=clock.now())


def add_application(team: Team, actor: User, environment: str = "production") -> Application:
    return actions.add_application(
        team, slug="chat", name="Chat", environment=environment, actor=actor, at=clock.now()
    )


def test_an_owner_or_an_admin_adds_an_application_once() -> None:
    team = make.team()
    assert str(add_application(team, make.owner_of(team))) == f"{team.slug}/chat"
    with pytest.raises(Conflict):
        add_application(team, make.admin())
    assert add_application(make.team(), make.admin()).slug == "chat"


def test_a_member_adds_no_application_and_an_environment_is_one_of_three() -> None:
    member = make.person()
    team = make.team(members=(member,))
    with pytest.raises(Forbidden):
        add_application(team, member)
    with pytest.raises(Invalid):
        add_application(team, make.owner_of(team), "moon")


def test_a_closed_team_takes_nothing_new() -> None:
    team = make.team()
    owner = make.owner_of(team)
    team.closed_at = clock.now()
    team.save(update_fields=["closed_at"])
    with pytest.raises(Conflict):
        add_application(team, owner)
    with pytest.raises(Conflict):
        actions.add_member(team, make.person(), "member", actor=owner, at=clock.now())
