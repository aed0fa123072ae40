"""Approve or deny the open step; the last approval opens or changes the grant."""

from collections.abc import Mapping
from datetime import date, datetime

from django.db import transaction
from django.urls import reverse

from foundry.audit.actions import record
from foundry.notify.outbox import tell
from foundry.people.models import User
from tenants.access import facts, opening, rules
from tenants.access.actions.requests import ask_in_words, close, locked, tell_deciders
from tenants.access.amounts import require_limits, speak_limits
from tenants.access.models import Decision, Grant, Policy, Request, Step
from tenants.access.periods import end_of, last_day
from tenants.access.served import require_served
from tenants.access.states import Outcome, RequestState
from tenants.teams import rules as team_rules


@transaction.atomic
def approve(
    request_id: int,
    *,
    limits: Mapping[str, int] | None = None,
    ends_on: date | None = None,
    reason: str = "",
    actor: User,
    at: datetime,
    step: int | None = None,
) -> Decision:
    """Decide the open step; the last step's approval opens or changes the grant with its limits.

    :param limits: what is granted, money in nano-dollars; None keeps what stands (asked, or granted before).
    :param reason: needed where limits or end differ from what stands.
    :param step: the position the actor means; a step decided meanwhile is then a Conflict.

    Raises Invalid, Forbidden, Conflict.
    """
    request = locked(request_id)
    open_step = rules.require_decider(request, actor, step, at)
    before = request.decisions.order_by("-step__position").first()
    standing = (request.asked, request.ends_on) if before is None else granted_by(before)
    granted = dict(standing[0] if limits is None else limits)
    ends_on = ends_on or standing[1]
    reason = rules.require_reason(reason, changed=(granted, ends_on) != standing)
    laid = list(request.steps.all())
    require_grantable(request, granted, ends_on, laid, before, at=at)
    decision = Decision.objects.create(
        step=open_step,
        request=request,
        outcome=Outcome.APPROVED,
        by=actor,
        on_behalf_of=in_name_of(request, open_step, actor, at),
        at=at,
        reason=reason,
        granted=granted,
        ends_at=end_of(ends_on),
    )
    asked, held = ask_in_words(request), opening.held_in_words(request, at)
    grant = close_with_grant(request, decision, at=at) if open_step.position == len(laid) else None
    announce(request, decision)
    told = {
        "limits": speak_limits(granted),
        "ends_on": ends_on,
        "reason": reason,
        "step": open_step.role,
        "on_behalf_of": str(decision.on_behalf_of) if decision.on_behalf_of else None,
    }
    record(
        "request.approve",
        request,
        actor=actor,
        at=at,
        before=asked | held if grant else asked,
        after=told | (opening.in_words(grant) if grant else {"grant": None}),
    )
    return decision


def require_grantable(
    request: Request,
    granted: dict[str, int],
    ends_on: date,
    laid: list[Step],
    before: Decision | None,
    *,
    at: datetime,
) -> None:
    """Everything that must hold for an approval with these limits, whatever held when it was asked."""
    require_limits(granted)
    rules.require_end(ends_on, at)
    rules.require_not_more(granted, ends_on, before)
    team_rules.require_active(request.team)
    rules.require_requestable(request.offer)
    require_served(request.offer, request.data_class)
    price = rules.price_of(request.offer, at)
    rules.require_price_for_money(granted, price)
    planned = facts.plan_for(request, granted, ends_on, price, request.policy or Policy.objects.current())
    rules.require_not_too_long(planned, facts.days_of(request, ends_on))
    rules.require_steps_for(planned, laid)
    rules.require_terms_still(request)


def granted_by(decision: Decision) -> tuple[dict[str, int], date]:
    assert decision.granted is not None
    assert decision.ends_at is not None
    return decision.granted, last_day(decision.ends_at)


def close_with_grant(request: Request, decision: Decision, *, at: datetime) -> Grant:
    close(request, RequestState.APPROVED, at=at)
    return opening.open_or_change(request, decision, rules.require_terms_still(request), at=at)


def in_name_of(request: Request, step: Step, actor: User, at: datetime) -> User | None:
    """Whom the actor stands in for with this decision; None in their own name."""
    found = rules.standing(actor, step, request, at)
    assert found is not None, "whoever may not decide was refused before"
    return found.on_behalf_of


@transaction.atomic
def deny(
    request_id: int,
    *,
    reason: str = "",
    code: str = "",
    actor: User,
    at: datetime,
    step: int | None = None,
) -> Decision:
    """End the request at its open step. Raises Invalid, Forbidden, Conflict.

    :param code: one of DenyReason; without words it says why by itself, except for `other`.
    """
    request = locked(request_id)
    open_step = rules.require_decider(request, actor, step, at)
    reason = rules.require_denial(reason, code)
    decision = Decision.objects.create(
        step=open_step,
        request=request,
        outcome=Outcome.DENIED,
        by=actor,
        on_behalf_of=in_name_of(request, open_step, actor, at),
        at=at,
        reason=reason,
        reason_code=code,
    )
    close(request, RequestState.DENIED, at=at)
    announce(request, decision)
    told = {"reason": reason, "code": code, "step": open_step.role}
    record("request.deny", request, actor=actor, at=at, before=ask_in_words(request), after=told)
    return decision


def announce(request: Request, decision: Decision) -> None:
    """Tell the requester what was decided, and whoever may decide the next step that it is theirs now."""
    done = request.state != RequestState.OPEN
    url = reverse("request", args=[request.pk])
    what = f"{request.team}'s request for {request.offer.model.name}"
    tell(
        f"request.{decision.outcome}" if done else "request.step_approved",
        key=f"decision:{decision.pk}",
        title=f"{decision.actor} {decision.outcome} {what}"
        if done
        else f"{decision.actor} approved a step of {what}",
        text=decision.reason,
        url=url,
        to=[request.requester],
        scope=f"team:{request.team.slug}",
        data={"request": request.pk, "outcome": decision.outcome},
        at=decision.at,
    )
    if not done:
        tell_deciders(request, decision.at)
