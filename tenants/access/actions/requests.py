"""A request and its end, as its actions share them."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.urls import reverse

from foundry.lib.errors import Conflict
from foundry.notify.outbox import tell
from foundry.people.models import User
from tenants.access import deciders, grace, rules
from tenants.access.amounts import speak_limits
from tenants.access.models import Grace, Request, Step
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
    } | grace_in_words(request) | ({"answers": request.answers} if request.answers else {})  # fmt: skip


def grace_in_words(request: Request) -> dict[str, Any]:
    """Until when the grant goes on past its end while this is undecided, where it does."""
    held = Grace.objects.filter(request=request).first() if request.grant_id else None
    return {"grace": {"from": held.starts_at, "until": held.ends_at}} if held else {}


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
    if state != RequestState.APPROVED:
        grace.end(request, at)


def decide_it(request: Request, step: Step) -> list[User]:
    """Everybody who may decide the step in their own name."""
    people = {
        user.pk: user
        for _, user in deciders.holders(set(step.roles), request.team, request.offer)
        if user.pk != request.requester_id
    }
    return list(people.values())


def tell_deciders(request: Request, at: datetime) -> None:
    """Tell everybody who may decide the open step that it waits."""
    step = rules.open_step(request)
    if step is None:
        return
    tell(
        "request.waits",
        key=f"step:{step.pk}",
        title=f"{request.team} asks for {request.offer.model.name}: the {step.label.lower()} decides",
        text=request.purpose,
        url=reverse("request", args=[request.pk]),
        also=decide_it(request, step),
        scope=f"team:{request.team.slug}",
        data={"request": request.pk, "step": step.position},
        at=at,
    )


def tell_withdrawn(request: Request, step: Step, actor: User, at: datetime) -> None:
    """Whoever was to decide need not look any more; nor whoever asked wonder, where an owner took it back."""
    asked = [] if actor.pk == request.requester_id else [request.requester]
    tell(
        "request.withdrawn",
        key=f"request.withdrawn:{request.pk}",
        title=f"{actor} withdrew {request.team}'s request for {request.offer.model.name}",
        text="Nothing is left to decide.",
        url=reverse("request", args=[request.pk]),
        to=[*asked, *([step.assignee] if step.assignee and step.assignee_id != actor.pk else [])],
        also=[user for user in decide_it(request, step) if user.pk != actor.pk],
        scope=f"team:{request.team.slug}",
        data={"request": request.pk},
        at=at,
    )


def remind_of_step(request: Request, step: Step, at: datetime) -> bool:
    """Once within a day before it is due, and once a day from then: whoever has it, else everybody who may decide it."""
    late = (at - step.due_at).days
    overdue = step.due_at <= at
    event = tell(
        "request.overdue" if overdue else "request.due_soon",
        key=f"step.due:{step.pk}:{step.due_at.isoformat()}:{late}",
        title=f"{request.team}'s request for {request.offer.model.name} "
        + (
            f"was due {step.due_at:%Y-%m-%d %H:%M} UTC"
            if overdue
            else f"is due {step.due_at:%Y-%m-%d %H:%M} UTC"
        ),
        text=request.purpose,
        url=reverse("request", args=[request.pk]),
        to=[step.assignee] if step.assignee else decide_it(request, step),
        scope=f"team:{request.team.slug}",
        data={"request": request.pk, "step": step.position},
        at=at,
    )
    return event is not None
