"""Teams without an active owner: admins are told once, until somebody owns the team again."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.urls import reverse

from foundry.notify.outbox import tell
from foundry.people.models import Role, User
from tenants.teams.models import Membership, Team, TeamQuerySet, Vacancy


def vacant(leaving: User | None = None) -> TeamQuerySet:
    """Active teams that nobody owns, or nobody but who is leaving: their owners left, or are switched off."""
    owners = Membership.objects.filter(team=OuterRef("pk"), role=Membership.OWNER, user__is_active=True)
    owners = owners.exclude(user=leaving) if leaving else owners
    return Team.objects.filter(~Exists(owners), closed_at=None)


def watch(at: datetime, *, only: Collection[Team] | None = None, leaving: User | None = None) -> int:
    """Open a vacancy where a team lost its last owner, and close those that are filled. How many were opened."""
    seen = {"team__in": only} if only is not None else {}
    gone = vacant(leaving).values("pk")
    with transaction.atomic():
        Vacancy.objects.filter(filled_at=None, **seen).exclude(team__in=gone).update(filled_at=at)
    wanted = vacant(leaving).exclude(vacancies__filled_at=None, vacancies__isnull=False)
    if only is not None:
        wanted = wanted.filter(pk__in=[team.pk for team in only])
    return sum(open_one(team, at, leaving) for team in wanted.order_by("pk"))


@transaction.atomic
def open_one(team: Team, at: datetime, leaving: User | None) -> bool:
    """Under the team's lock, so that two who look at once write one row and tell once."""
    Team.objects.select_for_update().get(pk=team.pk)
    if not vacant(leaving).filter(pk=team.pk).exists() or team.vacancies.filter(filled_at=None).exists():
        return False
    made = Vacancy.objects.create(team=team, since=at)
    members = team.memberships.select_related("user")
    tell(
        "team.ownerless",
        key=f"team.ownerless:{made.pk}",
        title=f"{team} has no owner",
        text="Nobody can renew what it may call until somebody owns it. Make a member its owner, or add one.",
        url=reverse("team", args=[team.slug]),
        to=User.objects.filter(site_roles__role=Role.ADMIN, is_active=True),
        also=[member.user for member in members],
        scope=f"team:{team.slug}",
        data={"team": team.slug},
        at=at,
    )
    return True
