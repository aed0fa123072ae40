"""What the last approval does to grants. Always inside the approving transaction."""

from datetime import datetime

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from catalog.models import Terms
from tenants.access.models import Decision, Grant, GrantApplication, Limit, Request


def open_or_change(request: Request, decision: Decision, terms: Terms | None, *, at: datetime) -> Grant:
    """Open a grant, or change the one the request names, while that is still in force."""
    held = None
    if request.grant_id is not None:
        held = Grant.objects.select_for_update().in_force(at).filter(pk=request.grant_id).first()
    return (
        change(held, request, decision, terms, at=at) if held else open_new(request, decision, terms, at=at)
    )


def open_new(request: Request, decision: Decision, terms: Terms | None, *, at: datetime) -> Grant:
    assert decision.ends_at is not None
    grant = Grant.objects.create(
        team=request.team,
        offer=request.offer,
        request=request,
        decision=decision,
        data_class=request.data_class,
        terms=terms,
        starts_at=at,
        ends_at=decision.ends_at,
    )
    GrantApplication.objects.create(
        grant=grant,
        application=request.application,
        offer=request.offer,
        during=DateTimeTZRange(at, decision.ends_at),
    )
    lay_limits(grant, decision, at=at)
    return grant


def change(grant: Grant, request: Request, decision: Decision, terms: Terms | None, *, at: datetime) -> Grant:
    """The same grant under a new decision: its end, class and terms, its old limits closed, new ones open."""
    assert decision.ends_at is not None
    grant.decision, grant.data_class, grant.terms, grant.ends_at = (
        decision, request.data_class, terms, decision.ends_at,
    )  # fmt: skip
    grant.save(update_fields=["decision", "data_class", "terms", "ends_at"])
    close_names(grant, decision.ends_at)
    grant.limits.filter(ends_at=None).update(ends_at=at)
    lay_limits(grant, decision, at=at)
    return grant


def close_names(grant: Grant, until: datetime) -> None:
    """The grant's applications are named until `until`, and can be named by another grant from then on."""
    grant.named.update(during=DateTimeTZRange(grant.starts_at, max(grant.starts_at, until)))


def lay_limits(grant: Grant, decision: Decision, *, at: datetime) -> None:
    assert decision.granted is not None
    Limit.objects.bulk_create(
        Limit(grant=grant, kind=kind, maximum=maximum, starts_at=at, decision=decision)
        for kind, maximum in decision.granted.items()
    )
