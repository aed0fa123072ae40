"""Ask, and take back what was asked."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from django.db import transaction

from catalog.models import Offer, Terms
from foundry.audit.actions import record
from foundry.people.models import User
from tenants.access import facts, grace, opening, rules
from tenants.access.actions.deciding import close_with_grant
from tenants.access.actions.requests import (
    ask_in_words,
    close,
    locked,
    tell_deciders,
    tell_withdrawn,
    write_request,
)
from tenants.access.amounts import require_limits, speak_limits
from tenants.access.models import Acknowledgement, Decision, Grant, Policy, Request, Step
from tenants.access.periods import DECIDE_WITHIN_WORKING_DAYS, end_of, working_days_after
from tenants.access.policy import Plan
from tenants.access.questions import clean_answers
from tenants.access.served import require_served
from tenants.access.states import Outcome, RequestState, StepRole
from tenants.teams.models import Application, Team

NOTHING: Mapping[str, str] = MappingProxyType({})


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
    terms_later: bool = False,
    stated: Mapping[str, int] | None = None,
    answers: Mapping[str, str] | None = NOTHING,
    entered_by: str = "",
    actor: User,
    at: datetime,
) -> Request:
    """Ask for an offer and lay down the decisions it needs; for one already held, ask to change that grant.

    :param limits: whole numbers by kind; money in nano-dollars.
    :param stated: calls_per_day and the tokens_in and tokens_out of one call, as the team expects them.
    :param answers: to the questions that admins ask, by their id; None where nobody is there to be asked.
    :param entered_by: who enters it in the actor's name, for the audit; empty where the actor does.
    :param terms_version: the version of the offer's terms that the actor acknowledges for the team.
    :param terms_later: they are acknowledged on the request's page, before anybody can approve it.

    Raises Invalid, Forbidden, Conflict.
    """
    answered = [] if answers is None else clean_answers(offer, data_class, answers)
    request, planned = write_down(
        team=team,
        offer=offer,
        application=application,
        purpose=purpose,
        data_class=data_class,
        limits=limits,
        ends_on=ends_on,
        terms_version=terms_version,
        terms_later=terms_later,
        stated=stated,
        answers=answered,
        actor=actor,
        at=at,
    )
    told = ask_in_words(request) | {"steps": planned, "policy": str(request.policy)}
    record("request.submit", request, actor=entered_by or actor, at=at, after=told)
    approve_if_automatic(request, at=at)
    return request


def write_down(
    *,
    team: Team,
    offer: Offer,
    application: Application,
    purpose: str,
    data_class: str,
    limits: Mapping[str, int],
    ends_on: date,
    terms_version: int | None,
    terms_later: bool = False,
    stated: Mapping[str, int] | None,
    actor: User,
    at: datetime,
    answers: Sequence[Mapping[str, Any]] = (),
    appeals: Request | None = None,
) -> tuple[Request, list[list[str]]]:
    """The request with its steps, and the roles of each; its deciders are told. Raises as `submit` does."""
    rules.require_asker(team, application, actor)
    rules.require_data_class(data_class)
    rules.require_end(ends_on, at)
    require_limits(limits)
    rules.require_requestable(offer)
    require_served(offer, data_class)
    asked, price = dict(limits), rules.price_of(offer, at)
    rules.require_price_for_money(asked, price)
    terms = None if terms_later else rules.require_terms(offer, terms_version)
    policy, held = Policy.objects.current(), rules.grant_held(team, offer, application, at)
    if held is not None and end_of(ends_on) > held.ends_at:
        rules.require_owned(team)
    days = (ends_on - at.date()).days
    planned = facts.plan_by(
        policy,
        facts.of_ask(
            offer, application, policy, data_class=data_class, limits=asked, price=price, days=days,
            asks=facts.asks_for(offer, application, changes=held is not None), requester=actor,
        ),
    )  # fmt: skip
    rules.require_not_too_long(planned, days)
    request = write_request(
        team=team,
        offer=offer,
        application=application,
        grant=held,
        requester=actor,
        purpose=rules.clean_text(purpose, "purpose", rules.PURPOSE_LENGTH),
        data_class=data_class,
        asked=asked,
        ends_on=ends_on,
        terms=terms,
        policy=policy,
        stated=rules.clean_stated(stated),
        answers=list(answers),
        appeals=appeals,
        created_at=at,
    )
    lay_steps(request, planned, at=at)
    note_acknowledgement(team, terms, actor, at)
    if not planned.automatic:
        grace.begin(request)
        tell_deciders(request, at)
    return request, [sorted(step.roles) for step in planned.steps]


def ask_like(
    grant: Grant, *, limits: Mapping[str, int], ends_on: date, actor: User, at: datetime
) -> tuple[Request, list[list[str]]]:
    """As `write_down`, for what a grant allows: its offer, application, purpose, data and answers, in other limits and dates.

    Terms that the team acknowledged in this version are acknowledged; newer ones are refused as `submit` refuses them.
    """
    current = grant.offer.terms
    known = current is not None and grant.team.acknowledgements.filter(terms=current).exists()
    named = grant.named.select_related("application__team__cost_centre").order_by("pk")[0]
    return write_down(
        team=grant.team,
        offer=grant.offer,
        application=named.application,
        purpose=grant.request.purpose,
        data_class=grant.data_class,
        limits=limits,
        ends_on=ends_on,
        terms_version=current.version if current and known else None,
        stated=None,
        answers=grant.request.answers,
        actor=actor,
        at=at,
    )


def approve_if_automatic(request: Request, *, at: datetime) -> None:
    """Where the policy laid down one step for itself, it decides it at once."""
    if request.steps.filter(role=StepRole.POLICY).exists():
        approve_by_policy(request, at=at)


def approve_by_policy(request: Request, *, at: datetime) -> Decision:
    """The policy that laid down the request's one step decides it: what was asked, no more. Its actor is the policy."""
    step = request.steps.get()
    decision = Decision.objects.create(
        step=step,
        request=request,
        outcome=Outcome.APPROVED,
        policy=request.policy,
        at=at,
        reason=step.rule,
        granted=request.asked,
        ends_at=end_of(request.ends_on),
    )
    asked, held = ask_in_words(request), opening.held_in_words(request, at)
    grant = close_with_grant(request, decision, at=at)
    told = {
        "limits": speak_limits(request.asked),
        "ends_on": request.ends_on,
        "reason": step.rule,
        "step": step.role,
    }
    record(
        "request.approve",
        request,
        actor=str(request.policy),
        at=at,
        before=asked | held,
        after=told | opening.in_words(grant),
    )
    return decision


def lay_steps(request: Request, planned: Plan, *, at: datetime) -> None:
    due_at = working_days_after(at, DECIDE_WITHIN_WORKING_DAYS)
    if planned.automatic:
        Step.objects.create(
            request=request,
            position=1,
            role=StepRole.POLICY,
            rule=planned.automatic,
            why=planned.automatic,
            due_at=at,
        )
    Step.objects.bulk_create(
        Step(
            request=request,
            position=position,
            role=step.role,
            or_roles=list(step.or_roles),
            rule=step.rule,
            why=step.why,
            due_at=due_at,
        )
        for position, step in enumerate(planned.steps, start=1)
    )


def note_acknowledgement(team: Team, terms: Terms | None, actor: User, at: datetime) -> None:
    """Keep the first acknowledgement of a version; later ones add nothing."""
    if terms is not None:
        Acknowledgement.objects.get_or_create(team=team, terms=terms, defaults={"by": actor, "at": at})


@transaction.atomic
def withdraw(request_id: int, *, actor: User, at: datetime) -> None:
    """Take an open request back: the requester, or an owner of the team."""
    request = locked(request_id)
    rules.refuse_unless(rules.may_withdraw(request, actor), "the requester or an owner of the team")
    if request.state != RequestState.OPEN:
        last = request.decisions.select_related("by", "on_behalf_of", "policy").order_by("at", "pk").last()
        if request.state != RequestState.WITHDRAWN and last:
            raise rules.decided_by(last)
    step = rules.open_step(request)
    close(request, RequestState.WITHDRAWN, at=at)
    if step is not None:
        tell_withdrawn(request, step, actor, at)
    record("request.withdraw", request, actor=actor, at=at, before=ask_in_words(request))
