"""Tell teams what changed about offers that they hold, and keepers which host only a person can mend."""

from collections import defaultdict
from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse

from catalog.models import Change, Host
from catalog.states import ChangeKind, ChangeState
from foundry.notify.outbox import tell
from foundry.people.models import Role, User
from tenants.access.models import Grant
from tenants.teams.models import Team

LATELY = timedelta(days=1)
TOLD = {
    ChangeKind.PRICE: "has another price",
    ChangeKind.GONE: "is no longer listed",
    ChangeKind.BACK: "is listed again",
    ChangeKind.LIFECYCLE: "has another stage",
    ChangeKind.SUCCESSOR: "has another successor",
    ChangeKind.TERMS: "has new terms",
}  # a retirement date has its campaign


def tell_news(at: datetime) -> int:
    """Everything of the last day that was not told yet; answers how many teams and hosts were told now."""
    return tell_teams(at) + tell_keepers(at)


def tell_teams(at: datetime) -> int:
    """One notice per applied change and team. Told again, it is not told again."""
    rows = Change.objects.filter(state=ChangeState.APPLIED, settled_at__gt=at - LATELY, kind__in=TOLD)
    changes = list(rows.select_related("offer__model__publisher", "offer__host").order_by("pk"))
    holders: dict[int, dict[int, Team]] = defaultdict(dict)
    held = Grant.objects.in_force(at).filter(
        offer__in={change.offer_id for change in changes if change.offer_id}
    )
    for grant in held.select_related("team").prefetch_related("team__memberships__user"):
        holders[grant.offer_id][grant.team_id] = grant.team
    told = 0
    for change in changes:
        for team in holders.get(change.offer_id or 0, {}).values():
            told += say(change, team, at)
    return told


@transaction.atomic
def say(change: Change, team: Team, at: datetime) -> bool:
    people = list(team.memberships.all())
    event = tell(
        f"offer.{change.kind}",
        key=f"change:{change.pk}:{team.pk}",
        title=f"{change.offer} {TOLD[ChangeKind(change.kind)]}",
        text=f"Was: {change.before_words}. Now: {change.after_words}. {team.name} holds it.",
        url=reverse("offer", args=[change.offer_id]),
        to=[row.user for row in people if row.role == row.OWNER],
        also=[row.user for row in people],
        scope=f"team:{team.slug}",
        data={"change": change.pk, "offer": change.offer_id},
        at=at,
    )
    return event is not None


def tell_keepers(at: datetime) -> int:
    """Hosts whose trouble no later try will mend: to admins and ops, once for each trouble."""
    troubled = list(Host.objects.filter(trouble_lasting=True, disabled_at=None).exclude(trouble=""))
    if not troubled:
        return 0
    keepers = User.objects.filter(site_roles__role__in=[Role.ADMIN, Role.OPS], is_active=True).distinct()
    return sum(say_trouble(host, list(keepers), at) for host in troubled)


@transaction.atomic
def say_trouble(host: Host, keepers: list[User], at: datetime) -> bool:
    last_good = host.runs.filter(state__in=["succeeded", "partial"]).values_list("pk", flat=True).first()
    event = tell(
        "host.trouble",
        key=f"host:{host.pk}:{last_good}:{host.trouble}",
        title=f"{host.name} cannot be synced until somebody mends it",
        text=host.trouble,
        url=reverse("host", args=[host.slug]),
        also=keepers,
        data={"host": host.slug},
        at=at,
    )
    return event is not None
