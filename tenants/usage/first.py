"""When a grant was first used; asked by the page that waits for it."""

from datetime import datetime

from django.db.models import Min

from tenants.usage.models import UsageHour


def first_call_of_grant(grant_id: int) -> datetime | None:
    """The hour of the grant's first call that was answered; None before it."""
    hour: datetime | None = UsageHour.objects.filter(grant_id=grant_id, outcome="ok").aggregate(
        first=Min("hour")
    )["first"]
    return hour
