"""Who may ask, decide and end; what can be asked for; and what a refusal says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from catalog.models import Offer, Price, Terms
from catalog.states import Lifecycle
from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.people.models import Role, User
from tenants.access.models import Decision, Grant, Note, Raise, Request, Step
from tenants.access.periods import last_day
from tenants.access.policy import Plan
from tenants.access.states import MONEY, DataClass, DenyReason, NoteKind, RequestState, StepRole
from tenants.teams import rules as team_rules
from tenants.teams.models import Application, Team

DAYS_AT_MOST = 366
PURPOSE_LENGTH, REASON_LENGTH, SHORT_REASON_LENGTH = 2_000, 2_000, 200
STATED, STATED_AT_MOST = ("calls_per_day", "tokens_in", "tokens_out"), 10**9
DECIDERS = (Role.ADMIN, Role.SECURITY, Role.FINANCE)


def waiting_for(person: User) -> int:
    """How many requests wait for this person's decision now, and how many broken glasses for their review."""
    steps = Step.objects.waiting_for(person, clock.now()).count()
    return steps + Raise.objects.waiting_for(person).count()


def decides_by_name(person: User) -> bool:
    """Owners of offers, and who stands in for somebody today. Neither can be without a site role of some kind."""
    return bool(person.roles) and (
        person.owned_offers.exists() or person.stands_in.live(clock.now()).exists()
    )


# Asking


def require_asker(team: Team, application: Application, actor: User) -> None:
    """A member of the team, for one of the team's applications, while the team is active."""
    if not team_rules.is_member(team, actor):
        raise Forbidden(
            "request.foreign_team",
            f"You are not in {team.name}.",
            remedy="Ask an owner to add you, or ask for your own team.",
        )
    team_rules.require_active(team)
    if application.team_id != team.pk:
        raise Invalid(
            "request.application",
            f"{team.name} has no such application.",
            remedy="Choose one of the team's applications.",
            errors={"application": "Belongs to another team."},
        )


def clean_text(text: str, field: str, at_most: int) -> str:
    """The text without the space around it; Invalid when empty or too long."""
    text = text.strip()
    if not text or len(text) > at_most or "\x00" in text:
        raise Invalid(
            f"request.{field}",
            f"The {field} needs 1 to {at_most:,} characters.",
            remedy=f"Say the {field} in your own words.",
            errors={field: f"At most {at_most:,} characters." if text else f"The {field} is missing."},
        )
    return text


def require_data_class(data_class: str) -> None:
    if data_class not in DataClass.values:
        raise Invalid(
            "request.data_class",
            f"'{data_class[:20]}' is no data class.",
            remedy=f"Use one of {', '.join(DataClass.values)}.",
            errors={"data_class": "Unknown."},
        )


def require_end(ends_on: date, at: datetime) -> None:
    """After today and within 366 days."""
    if not at.date() < ends_on <= at.date() + timedelta(days=DAYS_AT_MOST):
        raise Invalid(
            "request.ends_on",
            f"Access cannot end on {ends_on:%Y-%m-%d}.",
            remedy=f"Choose a day after today, at most {DAYS_AT_MOST} days ahead.",
            errors={"ends_on": f"After today, at most {DAYS_AT_MOST} days ahead."},
        )


def require_requestable(offer: Offer) -> None:
    """Conflict for an offer that is hidden, on its way out, or that no call would reach."""
    if offer.hidden:
        raise Conflict("offer.hidden", f"{offer} is not on offer.", remedy="Choose another from the catalog.")
    if offer.lifecycle in {Lifecycle.DEPRECATED, Lifecycle.RETIRED}:
        instead = f" {offer.successor} follows it." if offer.successor else ""
        raise Conflict(
            f"offer.{offer.lifecycle}",
            f"{offer} is {offer.lifecycle} and takes no new use.",
            remedy=f"Choose another from the catalog.{instead}",
        )
    if offer.reach.word == "listed":
        raise Conflict(
            "offer.listed_only",
            f"No call would reach {offer}: {offer.reach.why}",
            remedy="Wish for it on its page; wishes decide what is connected next.",
        )


def price_of(offer: Offer, at: datetime) -> Price | None:
    """The price that counts at `at`, or None where it is unknown."""
    return offer.prices.at(at).first()


def require_price_for_money(limits: dict[str, int], price: Price | None) -> None:
    """Without a price nothing could be counted against a money limit."""
    if price is None and MONEY & set(limits):
        raise Conflict(
            "offer.price_unknown",
            "This offer has no price, so a limit in money could not be kept.",
            remedy="Ask for tokens instead, or have an admin set a price first.",
        )


def require_terms(offer: Offer, version: int | None) -> Terms | None:
    """The offer's terms, which the asker must name by their version."""
    current = offer.terms
    if (current.version if current else None) != version:
        told = f"version {current.version} of “{current.title}”" if current else "no terms"
        raise Invalid(
            "request.terms",
            f"{offer} is under {told}, and the request names {version or 'none'}.",
            remedy="Read the terms beside the form and acknowledge that version.",
            errors={"terms_version": f"Must be {current.version if current else 'left out'}."},
        )
    return current


def grant_held(team: Team, offer: Offer, application: Application, at: datetime) -> Grant | None:
    """The grant in force that already names this application for this offer; asking again asks to change it."""
    return team.grants.in_force(at).filter(offer=offer, named__application=application).first()


def clean_stated(stated: Mapping[str, int] | None) -> dict[str, int] | None:
    """What the team expects, whole or not at all: calls a day, and the tokens of one call in and out."""
    if not stated or not any(stated.values()):
        return None
    if set(stated) != set(STATED) or any(not 0 < stated[name] <= STATED_AT_MOST for name in STATED):
        raise Invalid(
            "request.stated",
            f"Expected use is {', '.join(STATED)}, each from 1 to {STATED_AT_MOST:,}.",
            remedy="Give all three, or none.",
            errors={"stated": "All three, or none."},
        )
    return {name: stated[name] for name in STATED}


def require_owned(team: Team) -> None:
    """Somebody has to answer for what goes on."""
    if not team_rules.has_owner(team):
        raise Conflict(
            "team.no_owner",
            f"{team.name} has no owner, so nothing of it is renewed.",
            remedy="An admin makes somebody its owner on the team's page; admins have been told.",
        )


# Deciding


@dataclass(frozen=True, slots=True)
class Standing:
    """Why somebody may decide a step: in their own name (None), or in that of whom they stand in for."""

    on_behalf_of: User | None = None


def may_decide(request: Request, step: Step | None, person: User, at: datetime) -> bool:
    return (
        step is not None
        and request.requester_id != person.pk
        and standing(person, step, request, at) is not None
    )


def standing(person: User, step: Step, request: Request, at: datetime) -> Standing | None:
    """In whose name the person may decide the step. Whoever asked lends nobody their name for it."""
    if holds(person, step, request):
        return Standing()
    lent = person.stands_in.live(at).exclude(by=request.requester_id).select_related("by")
    names = (delegation.by for delegation in lent.order_by("pk"))
    return next((Standing(by) for by in names if holds(by, step, request)), None)


def holds(person: User, step: Step, request: Request) -> bool:
    """Has the person one of the roles that decide this step?"""
    roles = step.roles
    return (
        bool(roles & person.roles)
        or (StepRole.TEAM_OWNER in roles and team_rules.is_owner(request.team, person))
        or (StepRole.OFFER_OWNER in roles and person.owned_offers.filter(offer=request.offer_id).exists())
    )


def open_step(request: Request) -> Step | None:
    """The first step without a decision, while the request is open."""
    if request.state != RequestState.OPEN:
        return None
    return request.steps.filter(decision=None).order_by("position").first()


def require_decider(request: Request, actor: User, wanted: int | None, at: datetime) -> Step:
    """The step that `actor` may decide now. Ask under a lock on the request.

    :param wanted: the position that the actor saw as open; None for whichever is.
    """
    if request.requester_id == actor.pk:
        raise Forbidden(
            "request.own",
            "Nobody decides on their own request.",
            remedy="Another approver has to decide this one.",
        )
    mine = [step.pk for step in request.steps.all() if standing(actor, step, request, at)]
    if not mine:
        raise Forbidden(
            "request.not_yours",
            "This decision is not yours to make.",
            remedy="The request's page says whose it is.",
        )
    step = open_step(request)
    if step is None or (wanted is not None and step.position != wanted) or step.pk not in mine:
        raise too_late(request, step, mine, wanted)
    return step


def too_late(
    request: Request, step: Step | None, mine: list[int], wanted: int | None
) -> Conflict | Forbidden:
    """Why somebody who may decide the steps `mine` cannot now: somebody was faster, or another step comes first."""
    if request.state == RequestState.WITHDRAWN:
        return Conflict(
            "request.withdrawn", "This request was withdrawn.", remedy="Nothing is left to decide."
        )
    decided = request.decisions.select_related("by", "on_behalf_of", "policy", "step").order_by("at", "pk")
    if wanted is not None:
        done = decided.filter(step__position=wanted).last()
    else:
        done = decided.filter(step__in=mine).last() or (decided.last() if step is None else None)
    if done is not None:
        return decided_by(done)
    earlier = step.label.lower() if step else "another"
    return Forbidden(
        "request.not_your_turn",
        f"The {earlier} step comes first.",
        remedy="It reaches you when that is decided.",
    )


def decided_by(decision: Decision) -> Conflict:
    return Conflict(
        "request.decided",
        f"{decision.actor} {decision.outcome} this request at {decision.at:%Y-%m-%d %H:%M:%S} UTC.",
        remedy="Reload to see what was decided.",
    )


def open_question(request: Request) -> Note | None:
    """The last question of an open request, while nobody of the team answered it."""
    last = request.notes.filter(kind__in=[NoteKind.QUESTION, NoteKind.ANSWER]).select_related("by").last()
    return last if last is not None and last.kind == NoteKind.QUESTION else None


def may_ask_again(request: Request, person: User) -> bool:
    """The requester, while they are in the team, or an owner of it."""
    mine = request.requester_id == person.pk and team_rules.is_member(request.team, person)
    return mine or team_rules.is_owner(request.team, person)


def differs(request: Request, decision: Decision) -> bool:
    """Denied, or granted otherwise than asked."""
    if decision.granted is None or decision.ends_at is None:
        return True
    return (decision.granted, last_day(decision.ends_at)) != (request.asked, request.ends_on)


def require_reason(reason: str, *, changed: bool) -> str:
    """A reason is needed to deny, and where the decision differs from what was asked."""
    if changed and not reason.strip():
        raise Invalid(
            "request.reason",
            "A reason is needed to deny, and to grant something else than was asked.",
            remedy="Say why; the team reads it.",
            errors={"reason": "Say why; the team reads it."},
        )
    return clean_text(reason, "reason", REASON_LENGTH) if reason.strip() else ""


def require_denial(reason: str, code: str) -> str:
    """The words of a denial: one's own, or those of a reason from the list."""
    if code and code not in DenyReason.values:
        raise Invalid(
            "request.reason_code",
            f"'{code[:20]}' is no reason of the list.",
            remedy=f"Use one of {', '.join(DenyReason.values)}, or words alone.",
            errors={"code": "Unknown."},
        )
    if not reason.strip() and code and code != DenyReason.OTHER:
        return f"{DenyReason(code).label}."
    return require_reason(reason, changed=True)


def require_not_more(limits: dict[str, int], ends_on: date, before: Decision | None) -> None:
    """A later step may lower what an earlier one granted, never raise it."""
    if before is None:
        return
    assert before.granted is not None
    assert before.ends_at is not None
    raised = sorted(
        kind for kind, maximum in before.granted.items() if kind not in limits or limits[kind] > maximum
    )
    if raised or ends_on > last_day(before.ends_at):
        raise Conflict(
            "request.raised",
            f"An earlier step granted less: {', '.join(raised) or 'it ends earlier'}.",
            remedy="Grant the same or less, or deny and say why.",
        )


def require_steps_for(planned: Plan, laid: list[Step]) -> None:
    """More than was asked, or a price that rose since, may need a decision that this request never asked for."""
    there = {step.roles for step in laid}
    if missing := [step.label for step in planned.steps if step.roles not in there]:
        raise Conflict(
            "request.needs_step",
            f"That much needs a decision by {', '.join(missing)}, which this request does not have.",
            remedy="Grant less, or deny and have the team ask for that much.",
        )


def require_not_too_long(planned: Plan, days: int) -> None:
    """Policies may say how long what they are about is granted at most."""
    if planned.longest_days is not None and days > planned.longest_days:
        raise Invalid(
            "request.too_long",
            f"The policy allows at most {planned.longest_days} days for this.",
            remedy="Choose an earlier end.",
            errors={"ends_on": f"At most {planned.longest_days} days after it is asked."},
        )


def require_terms_still(request: Request) -> Terms | None:
    """The terms that the grant is under: the offer's, which the team must have acknowledged."""
    current = request.offer.terms
    if current and not request.team.acknowledgements.filter(terms=current).exists():
        raise Conflict(
            "request.terms_changed",
            f"{request.team} has not acknowledged {current}, the terms that this offer is under now.",
            remedy="Ask the team to acknowledge them on the request's page.",
        )
    return current


# Ending


def may_withdraw(request: Request, person: User) -> bool:
    return request.requester_id == person.pk or team_rules.is_owner(request.team, person)


def refuse_unless(allowed: bool, who: str, **details: Any) -> None:
    """Forbidden unless allowed; `who` may."""
    if not allowed:
        raise Forbidden("grant.not_yours", f"Only {who} may do this.", remedy="Ask one of them.", **details)
