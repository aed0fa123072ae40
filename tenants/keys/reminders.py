"""What owners hear of by itself: keys that nobody uses."""

from datetime import datetime

from django.db import transaction
from django.urls import reverse

from foundry.notify.outbox import tell
from tenants.keys.models import ApiKey
from tenants.teams.models import Membership

UNUSED_DAYS = 30


def tell_of_unused(at: datetime) -> int:
    """Tell a team's owners of each live key that nobody used for 30 days, once until it is used again. How many were told of."""
    rows = ApiKey.objects.unused(at, UNUSED_DAYS).filter(application__team__closed_at=None)
    return sum(tell_of(key, at) for key in rows.with_names().order_by("pk"))


@transaction.atomic
def tell_of(key: ApiKey, at: datetime) -> bool:
    team = key.application.team
    owners = team.memberships.filter(role=Membership.OWNER).select_related("user")
    since = key.last_used_at or key.created_at
    event = tell(
        "key.unused",
        key=f"key.unused:{key.pk}:{since:%Y-%m-%dT%H:%M:%S}",
        title=f"Nobody used {key.application}'s key {key.name} for {key.unused_days(at)} days",
        text="Revoke it if nobody needs it; a key that is not missed is not seen to leak, either.",
        url=reverse("key", args=[key.pk]),
        to=[owner.user for owner in owners],
        scope=f"team:{team.slug}",
        data={"key": key.pk, "unused_days": key.unused_days(at)},
        at=at,
    )
    return event is not None
