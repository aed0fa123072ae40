"""A request and its end, as its actions share them."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.urls import reverse

from foundry.lib.errors import Conflict
from foundry.notify.outbox import tell
from tenants.access import deciders, rules
from tenants.access.amounts import speak_limits
from tenants.access.models import Request
from tenants.access.states import REQUEST, RequestState


def write_request(**fields: Any) -> Request:
    """The request's row. Conflict when the same is asked for already, or the policy changed meanwhile."""
    try:
        with transaction.atomic():
            return Request.objects.create(**fields)
    except IntegrityError as there:
        if "under the policy in force" in str(there):
            raise Conflict(
                "policy.changed",
                "The policy changed while you asked.",
                remedy="Send it again; the form shows who decides now.",
            ) from there
        if "one_open_request_per_offer" not in str(there):
            raise
        raise Conflict(
            "request.open",
            f"{fields['application']} already asks for {fields['offer']}.",
            remedy="Wait for that decision, or withdraw that request first.",
        ) from there


def ask_in_words(request: Request) -> dict[str, Any]:
    """What was asked, as the audit keeps it."""
    return {
        "team": request.team.slug,
        "offer": request.offer.call_name,
        "offer_id": request.offer_id,
        "application": str(request.application),
        "data_class": request.data_class,
        "limits": speak_limits(request.asked),
        "ends_on": request.ends_on,
        "terms": str(request.terms) if request.terms else None,
        "changes_grant": request.grant_id,
    }


def locked(request_id: int) -> Request:
    """The request, locked until the transaction ends, so that one decision at a time is made."""
    return (
        Request.objects.select_for_update(of=("self",))
        .with_names()
        .select_related("policy")
        .get(pk=request_id)
    )


def close(request: Request, state: RequestState, *, at: datetime) -> None:
    """Move an open request to its end; Conflict when it is no longer open."""
    REQUEST.require(request.state, state)
    moved = Request.objects.filter(pk=request.pk, state=RequestState.OPEN).update(state=state, closed_at=at)
    assert moved == 1, "the row is locked, so its state cannot have changed"
    request.state, request.closed_at = state, at


def tell_deciders(request: Request, at: datetime) -> None:
    """Tell everybody who may decide the open step that it waits; those whom it was handed on to first."""
    step = rules.open_step(request)
    if step is None:
        return
    people = {
        user.pk: user
        for _, user in deciders.holders(set(step.roles), request.team, request.offer)
        if user.pk != request.requester_id
    }
    tell(
        "request.waits",
        key=f"step:{step.pk}",
        title=f"{request.team} asks for {request.offer.model.name}: the {step.label.lower()} decides",
        text=request.purpose,
        url=reverse("request", args=[request.pk]),
        also=people.values(),
        scope=f"team:{request.team.slug}",
        data={"request": request.pk, "step": step.position},
        at=at,
    )
