"""Ask, and take back what was asked."""

from collections.abc import Mapping
from datetime import date, datetime

from django.db import transaction

from catalog.models import Offer, Terms
from foundry.audit.actions import record
from foundry.people.models import User
from tenants.access import facts, rules
from tenants.access.actions.deciding import close_with_grant
from tenants.access.actions.requests import ask_in_words, close, locked, tell_deciders, write_request
from tenants.access.amounts import require_limits, speak_limits
from tenants.access.models import Acknowledgement, Decision, Policy, Request, Step
from tenants.access.periods import DECIDE_WITHIN_WORKING_DAYS, end_of, working_days_after
from tenants.access.policy import Plan
from tenants.access.served import require_served
from tenants.access.states import Outcome, RequestState, StepRole
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
    terms_later: bool = False,
    stated: Mapping[str, int] | None = None,
    actor: User,
    at: datetime,
) -> Request:
    """Ask for an offer and lay down the decisions it needs; for one already held, ask to change that grant.

    :param limits: whole numbers by kind; money in nano-dollars.
    :param stated: calls_per_day and the tokens_in and tokens_out of one call, as the team expects them.
    :param terms_version: the version of the offer's terms that the actor acknowledges for the team.
    :param terms_later: they are acknowledged on the request's page, before anybody can approve it.

    Raises Invalid, Forbidden, Conflict.
    """
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
        actor=actor,
        at=at,
    )
    told = ask_in_words(request) | {"steps": planned, "policy": str(request.policy)}
    record("request.submit", request, actor=actor, at=at, after=told)
    if request.steps.filter(role=StepRole.POLICY).exists():
        approve_by_policy(request, at=at)
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
        appeals=appeals,
        created_at=at,
    )
    lay_steps(request, planned, at=at)
    note_acknowledgement(team, terms, actor, at)
    if not planned.automatic:
        tell_deciders(request, at)
    return request, [sorted(step.roles) for step in planned.steps]


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
        before=ask_in_words(request),
        after=told | {"grant": grant.pk},
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
    close(request, RequestState.WITHDRAWN, at=at)
    record("request.withdraw", request, actor=actor, at=at, before=ask_in_words(request))
