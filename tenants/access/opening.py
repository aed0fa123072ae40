"""What the last approval does to grants. Always inside the approving transaction."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from catalog.models import Terms
from tenants.access import grant_rules
from tenants.access.amounts import speak_limits
from tenants.access.models import Decision, Grace, Grant, GrantApplication, Limit, Request, Span


def open_or_change(request: Request, decision: Decision, terms: Terms | None, *, at: datetime) -> Grant:
    """Open a grant, or change the one the request names, while that is still in force. Raises Conflict."""
    held = None
    if request.grant_id is not None:
        held = Grant.objects.select_for_update().get(pk=request.grant_id)
        grant_rules.require_not_overtaken(held, at)
    if held is None or held.revoked_at or not goes_on(held, request, at):
        return open_new(request, decision, terms, at=at)
    return change(held, request, decision, terms, at=at)


def goes_on(held: Grant, request: Request, at: datetime) -> bool:
    """Within its dates, or in the grace that this request gave it."""
    grace = Grace.objects.filter(grant=held, request=request, starts_at__lte=at, ends_at__gt=at)
    return held.ends_at > at or grace.exists()


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
    start_span(grant, at=at)
    lay_limits(grant, decision, at=at)
    return grant


def change(grant: Grant, request: Request, decision: Decision, terms: Terms | None, *, at: datetime) -> Grant:
    """The same grant under a new decision: its end, class and terms, its old limits closed, new ones open."""
    assert decision.ends_at is not None
    grant.decision, grant.data_class, grant.terms, grant.ends_at = (
        decision, request.data_class, terms, decision.ends_at,
    )  # fmt: skip
    grant.save(update_fields=["decision", "data_class", "terms", "ends_at"])
    grant.spans.filter(until=None).update(until=at)
    start_span(grant, at=at)
    close_names(grant, decision.ends_at)
    assert decision.granted is not None
    before = dict(grant.limits.filter(ends_at=None).values_list("kind", "maximum"))
    end_overruled(grant, {kind for kind, _ in before.items() ^ decision.granted.items()}, at)
    grant.limits.filter(ends_at=None).update(ends_at=at)
    lay_limits(grant, decision, at=at)
    return grant


def held_in_words(request: Request, at: datetime) -> dict[str, Any]:
    """What the grant was that a decision is about to change: the *from* of its audit entry."""
    held = Grant.objects.select_related("terms").filter(change_requests=request).first()
    if held is None:
        return {}
    limits = dict(held.limits.granted_at(at).values_list("kind", "maximum"))
    return {"held": in_words(held) | {"limits": speak_limits(limits)}}


def in_words(grant: Grant) -> dict[str, Any]:
    """What a decision made of a grant, as the audit keeps it beside the limits."""
    return {
        "grant": grant.pk,
        "data_class": grant.data_class,
        "terms_version": grant.terms.version if grant.terms else None,
        "starts_at": grant.starts_at,
        "ends_at": grant.ends_at,
    }


def start_span(grant: Grant, *, at: datetime) -> None:
    """Keep what the grant is from now on, so that any moment can be asked about later."""
    Span.objects.create(
        grant=grant,
        decision=grant.decision,
        data_class=grant.data_class,
        terms=grant.terms,
        ends_at=grant.ends_at,
        since=at,
    )


def end_overruled(grant: Grant, kinds: Iterable[str], at: datetime) -> None:
    """A decision has the last word on a limit that it changes: raises of these kinds end with it, others go on."""
    raised = grant.limits.filter(ends_at__gt=at).exclude(raised=None)
    raised.filter(kind__in=list(kinds)).update(ends_at=at)
    grant.raises.running(at).exclude(pk__in=raised.values("raised")).update(ended_at=at)


def close_names(grant: Grant, until: datetime) -> None:
    """The grant's applications are named until `until`, and can be named by another grant from then on."""
    grant.named.update(during=DateTimeTZRange(grant.starts_at, max(grant.starts_at, until)))


def lay_limits(grant: Grant, decision: Decision, *, at: datetime) -> None:
    assert decision.granted is not None
    Limit.objects.bulk_create(
        Limit(grant=grant, kind=kind, maximum=maximum, starts_at=at, decision=decision)
        for kind, maximum in decision.granted.items()
    )
