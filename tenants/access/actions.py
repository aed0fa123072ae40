"""Ask, decide, end. One function = one transaction = one audit verb."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from catalog.models import Offer, Terms
from foundry.audit.actions import record
from foundry.lib.errors import Conflict
from foundry.people.models import User
from tenants.access import opening, rules, steps
from tenants.access.amounts import require_limits, speak_limits
from tenants.access.models import Acknowledgement, Decision, Grant, Request, Step, Wish
from tenants.access.periods import end_of, last_day, working_days_after
from tenants.access.served import require_served
from tenants.access.states import REQUEST, Outcome, RequestState
from tenants.teams import rules as team_rules
from tenants.teams.models import Application, Team


@transaction.atomic
def submit(
    *,
    team: Team,
    offer: Offer,
    application: Application,
    purpose: str,
    data_class: str,
    limits: Mapping[str, int],
    ends_on: date,
    terms_version: int | None,
    actor: User,
    at: datetime,
) -> Request:
    """Ask for an offer and lay down the decisions it needs; for one already held, ask to change that grant.

    :param limits: whole numbers by kind; money in nano-dollars.
    :param terms_version: the version of the offer's terms that the actor acknowledges for the team.

    Raises Invalid, Forbidden, Conflict.
    """
    rules.require_asker(team, application, actor)
    rules.require_data_class(data_class)
    rules.require_end(ends_on, at)
    require_limits(limits)
    rules.require_requestable(offer)
    require_served(offer, data_class)
    asked, price = dict(limits), rules.price_of(offer, at)
    rules.require_price_for_money(asked, price)
    terms = rules.require_terms(offer, terms_version)
    request = write_request(
        team=team,
        offer=offer,
        application=application,
        grant=rules.grant_held(team, offer, application, at),
        requester=actor,
        purpose=rules.clean_text(purpose, "purpose", rules.PURPOSE_LENGTH),
        data_class=data_class,
        asked=asked,
        ends_on=ends_on,
        terms=terms,
        created_at=at,
    )
    planned = steps.plan(data_class, asked, price)
    lay_steps(request, planned, at=at)
    note_acknowledgement(team, terms, actor, at)
    told = ask_in_words(request) | {"steps": [step.role for step in planned]}
    record("request.submit", request, actor=actor, at=at, after=told)
    return request


def write_request(**fields: Any) -> Request:
    """The request's row. Conflict when the same thing is being asked for already."""
    try:
        with transaction.atomic():
            return Request.objects.create(**fields)
    except IntegrityError as there:
        if "one_open_request_per_offer" not in str(there):
            raise
        raise Conflict(
            "request.open",
            f"{fields['application']} already asks for {fields['offer']}.",
            remedy="Wait for that decision, or withdraw that request first.",
        ) from there


def lay_steps(request: Request, planned: list[steps.Planned], *, at: datetime) -> None:
    due_at = working_days_after(at, steps.DECIDE_WITHIN_WORKING_DAYS)
    Step.objects.bulk_create(
        Step(request=request, position=position, role=step.role, why=step.why, due_at=due_at)
        for position, step in enumerate(planned, start=1)
    )


def note_acknowledgement(team: Team, terms: Terms | None, actor: User, at: datetime) -> None:
    """Keep the first acknowledgement of a version; later ones add nothing."""
    if terms is not None:
        Acknowledgement.objects.get_or_create(team=team, terms=terms, defaults={"by": actor, "at": at})


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
    open_step = rules.require_decider(request, actor, step)
    before = request.decisions.order_by("-step__position").first()
    standing = (request.asked, request.ends_on) if before is None else granted_by(before)
    granted = dict(standing[0] if limits is None else limits)
    ends_on = ends_on or standing[1]
    reason = rules.require_reason(reason, changed=(granted, ends_on) != standing)
    laid = list(request.steps.values_list("role", flat=True))
    require_grantable(request, granted, ends_on, laid, before, at=at)
    decision = Decision.objects.create(
        step=open_step,
        request=request,
        outcome=Outcome.APPROVED,
        by=actor,
        at=at,
        reason=reason,
        granted=granted,
        ends_at=end_of(ends_on),
    )
    grant = close_with_grant(request, decision, at=at) if open_step.position == len(laid) else None
    told = {"limits": speak_limits(granted), "ends_on": ends_on, "reason": reason, "step": open_step.role}
    record(
        "request.approve",
        request,
        actor=actor,
        at=at,
        before=ask_in_words(request),
        after=told | {"grant": grant.pk if grant else None},
    )
    return decision


def require_grantable(
    request: Request,
    granted: dict[str, int],
    ends_on: date,
    laid: list[str],
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
    needed = steps.plan(request.data_class, granted, price)
    rules.require_steps_for([step.role for step in needed], laid)
    rules.require_terms_still(request)


def granted_by(decision: Decision) -> tuple[dict[str, int], date]:
    assert decision.granted is not None
    assert decision.ends_at is not None
    return decision.granted, last_day(decision.ends_at)


def close_with_grant(request: Request, decision: Decision, *, at: datetime) -> Grant:
    close(request, RequestState.APPROVED, at=at)
    return opening.open_or_change(request, decision, rules.require_terms_still(request), at=at)


@transaction.atomic
def deny(request_id: int, *, reason: str, actor: User, at: datetime, step: int | None = None) -> Decision:
    """End the request at its open step, with the reason. Raises Invalid, Forbidden, Conflict."""
    request = locked(request_id)
    open_step = rules.require_decider(request, actor, step)
    reason = rules.require_reason(reason, changed=True)
    decision = Decision.objects.create(
        step=open_step, request=request, outcome=Outcome.DENIED, by=actor, at=at, reason=reason
    )
    close(request, RequestState.DENIED, at=at)
    told = {"reason": reason, "step": open_step.role}
    record("request.deny", request, actor=actor, at=at, before=ask_in_words(request), after=told)
    return decision


@transaction.atomic
def withdraw(request_id: int, *, actor: User, at: datetime) -> None:
    """Take an open request back: the requester, or an owner of the team."""
    request = locked(request_id)
    rules.refuse_unless(rules.may_withdraw(request, actor), "the requester or an owner of the team")
    if request.state != RequestState.OPEN:
        last = request.decisions.select_related("by").order_by("at", "pk").last()
        if request.state != RequestState.WITHDRAWN and last:
            raise rules.decided_by(last)
    close(request, RequestState.WITHDRAWN, at=at)
    record("request.withdraw", request, actor=actor, at=at, before=ask_in_words(request))


def locked(request_id: int) -> Request:
    """The request, locked until the transaction ends, so that one decision at a time is made."""
    return Request.objects.select_for_update(of=("self",)).with_names().get(pk=request_id)


def close(request: Request, state: RequestState, *, at: datetime) -> None:
    """Move an open request to its end; Conflict when it is no longer open."""
    REQUEST.require(request.state, state)
    moved = Request.objects.filter(pk=request.pk, state=RequestState.OPEN).update(state=state, closed_at=at)
    assert moved == 1, "the row is locked, so its state cannot have changed"
    request.state, request.closed_at = state, at


@transaction.atomic
def revoke(grant_id: int, *, reason: str, actor: User, at: datetime) -> Grant:
    """End a grant now and for good: an admin, or an owner of the team. Raises Invalid, Forbidden, Conflict."""
    grant = locked_grant(grant_id)
    rules.refuse_unless(rules.may_revoke(grant, actor), "an admin or an owner of the team")
    rules.require_in_force(grant, at)
    grant.revoked_at = at
    grant.revoked_why = rules.clean_text(reason, "reason", rules.SHORT_REASON_LENGTH)
    grant.save(update_fields=["revoked_at", "revoked_why"])
    opening.close_names(grant, at)
    record("grant.revoke", grant, actor=actor, at=at, after={"reason": grant.revoked_why})
    return grant


@transaction.atomic
def suspend(grant_id: int, *, reason: str, actor: User, at: datetime) -> Grant:
    """Refuse a grant's calls until it is resumed: an admin. Its dates go on."""
    grant = locked_grant(grant_id)
    rules.refuse_unless(rules.may_suspend(actor), "an admin")
    rules.require_in_force(grant, at)
    if grant.suspended_at:
        raise Conflict("grant.suspended", "This grant is suspended already.", remedy="Resume or revoke it.")
    grant.suspended_at = at
    grant.suspended_why = rules.clean_text(reason, "reason", rules.SHORT_REASON_LENGTH)
    grant.save(update_fields=["suspended_at", "suspended_why"])
    record("grant.suspend", grant, actor=actor, at=at, after={"reason": grant.suspended_why})
    return grant


@transaction.atomic
def resume(grant_id: int, *, actor: User, at: datetime) -> Grant:
    """Let a suspended grant's calls pass again: an admin."""
    grant = locked_grant(grant_id)
    rules.refuse_unless(rules.may_suspend(actor), "an admin")
    rules.require_in_force(grant, at)
    if grant.suspended_at is None:
        raise Conflict("grant.live", "This grant is not suspended.", remedy="Reload to see where it stands.")
    before = {"suspended_at": grant.suspended_at, "reason": grant.suspended_why}
    grant.suspended_at, grant.suspended_why = None, ""
    grant.save(update_fields=["suspended_at", "suspended_why"])
    record("grant.resume", grant, actor=actor, at=at, before=before)
    return grant


def locked_grant(grant_id: int) -> Grant:
    return Grant.objects.select_for_update(of=("self",)).with_names().get(pk=grant_id)


@transaction.atomic
def acknowledge(team: Team, terms: Terms, *, actor: User, at: datetime) -> Acknowledgement:
    """A member accepts a version of terms for the team. Conflict when that is done already."""
    if not team_rules.is_member(team, actor):
        rules.refuse_unless(False, f"a member of {team.name}")
    held, new = Acknowledgement.objects.get_or_create(
        team=team, terms=terms, defaults={"by": actor, "at": at}
    )
    if not new:
        raise Conflict(
            "terms.acknowledged", f"{held.by} acknowledged {terms} already.", remedy="Nothing is left to do."
        )
    record("terms.acknowledge", held, actor=actor, at=at, after={"team": team.slug, "terms": str(terms)})
    return held


@transaction.atomic
def wish(team: Team, offer: Offer, *, why: str, actor: User, at: datetime) -> Wish:
    """A team would use an offer that no call reaches yet. Raises Invalid, Forbidden, Conflict."""
    if not team_rules.is_member(team, actor):
        rules.refuse_unless(False, f"a member of {team.name}")
    team_rules.require_active(team)
    why = rules.clean_text(why, "reason", rules.PURPOSE_LENGTH)
    try:
        with transaction.atomic():
            wished = Wish.objects.create(team=team, offer=offer, by=actor, why=why, at=at)
    except IntegrityError as there:
        raise Conflict(
            "wish.exists",
            f"{team.name} wishes for {offer} already.",
            remedy="It is counted; nothing is left to do.",
        ) from there
    record(
        "offer.wish",
        wished,
        actor=actor,
        at=at,
        after={"team": team.slug, "offer": offer.call_name, "why": why},
    )
    return wished
