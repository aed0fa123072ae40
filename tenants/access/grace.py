"""A grant goes on past its end while a renewal that was asked for before is undecided. Inside a transaction."""

from datetime import datetime, timedelta

from tenants.access import opening
from tenants.access.models import Grace, Grant, LifeRules, Request
from tenants.access.periods import end_of


def begin(request: Request) -> Grace | None:
    """Written with a request for more time; None where it asks for no more, or the rules allow no grace."""
    if request.grant_id is None:
        return None
    grant, laid = Grant.objects.select_for_update().get(pk=request.grant_id), LifeRules.objects.current()
    longer = end_of(request.ends_on) > grant.ends_at > request.created_at
    if grant.revoked_at is not None or not longer or not laid.grace_days:
        return None
    ends_at = grant.ends_at + timedelta(days=laid.grace_days)
    made = Grace.objects.create(
        grant=grant, request=request, rules=laid, starts_at=grant.ends_at, ends_at=ends_at
    )
    opening.close_names(grant, ends_at)
    return made


def end(request: Request, at: datetime) -> None:
    """The request was denied or withdrawn: its grant ends by its date, or now where that is past."""
    held = Grace.objects.filter(request=request).first()
    if held is None:
        return
    grant = Grant.objects.select_for_update().get(pk=held.grant_id)
    if grant.revoked_at is None:
        opening.close_names(grant, min(max(grant.ends_at, at), held.ends_at))
