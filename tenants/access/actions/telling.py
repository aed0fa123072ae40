"""Tell a team what was done to its grant."""

from datetime import datetime

from django.urls import reverse

from foundry.notify.outbox import tell
from foundry.people.models import Role, User
from tenants.access.models import Grant
from tenants.teams.models import Membership, Team


def tell_team(
    grant: Grant, kind: str, title: str, text: str, *, key: str, but: User | None, at: datetime
) -> bool:
    """Whether it was told: the team's owners as their own matter, its members beside; not who did it. It leads to the grant."""
    members = grant.team.memberships.exclude(user=but.pk if but else 0).select_related("user")
    event = tell(
        kind,
        key=key,
        title=title,
        text=text,
        url=reverse("grant", args=[grant.pk]),
        to=[member.user for member in members if member.role == Membership.OWNER],
        also=[member.user for member in members if member.role != Membership.OWNER],
        scope=f"team:{grant.team.slug}",
        data={"grant": grant.pk},
        at=at,
    )
    return event is not None


def responsible(team: Team) -> list[User]:
    """Its owners; where it has none, the admins who have to name one."""
    owners = list(
        User.objects.filter(memberships__team=team, memberships__role=Membership.OWNER, is_active=True)
    )
    return owners or list(User.objects.filter(site_roles__role=Role.ADMIN, is_active=True))
