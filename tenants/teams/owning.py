"""Who answers for an application. When that person leaves, its keys go on, and the team is asked for somebody else."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.urls import reverse

from foundry.notify.outbox import tell
from foundry.people.models import Role, User
from tenants.teams import vacancies
from tenants.teams.models import Application, Membership, Team


def owned_by(person: User, team: Team | None) -> list[Application]:
    rows = Application.objects.filter(owner=person).select_related("team")
    return list(rows if team is None else rows.filter(team=team))


def left(person: User, team: Team | None, at: datetime) -> dict[str, Any]:
    """Nobody answers for their applications now; whoever can name somebody is told. Inside the leaving transaction."""
    orphans = owned_by(person, team)
    Application.objects.filter(pk__in=[each.pk for each in orphans]).update(owner=None)
    for application in orphans:
        ask_for_owner(application, person, at)
    teams = [team] if team else list(Team.objects.filter(memberships__user=person))
    vacancies.watch(at, only=teams, leaving=person)
    return {"applications_without_owner": [str(each) for each in orphans]}


def ask_for_owner(application: Application, left_by: User, at: datetime) -> None:
    """The team's owners, or the admins of a team that has none; its members hear of it."""
    members = application.team.memberships.exclude(user=left_by).select_related("user")
    owners = [each.user for each in members if each.role == Membership.OWNER and each.user.is_active]
    tell(
        "application.ownerless",
        key=f"application.ownerless:{application.pk}:{at.isoformat()}",
        title=f"{application.name} of {application.team} needs somebody who answers for it",
        text=f"{left_by} left. Its keys go on; change those that {left_by} knew.",
        url=reverse("application-owner", args=[application.team.slug, application.pk]),
        to=owners or admins(),
        also=[each.user for each in members],
        scope=f"team:{application.team.slug}",
        data={"application": application.pk},
        at=at,
    )


def admins() -> Iterable[User]:
    return User.objects.filter(site_roles__role=Role.ADMIN, is_active=True)
