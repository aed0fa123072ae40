"""Who may ask, decide and end; what can be asked for; and what a refusal says."""

from datetime import date, datetime, timedelta
from typing import Any

from catalog.models import Offer, Price, Terms
from catalog.states import Lifecycle
from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.people.models import Role, User
from tenants.access.models import Decision, Grant, Request, Step
from tenants.access.periods import last_day
from tenants.access.states import MONEY, DataClass, RequestState
from tenants.teams import rules as team_rules
from tenants.teams.models import Application, Team

DAYS_AT_MOST = 366
PURPOSE_LENGTH, REASON_LENGTH, SHORT_REASON_LENGTH = 2_000, 2_000, 200
DECIDERS = (Role.ADMIN, Role.SECURITY, Role.FINANCE)


def waiting_for(person: User) -> int:
    """How many requests wait for this person's decision now."""
    return Step.objects.waiting_for(person).count() if person.is_any(*DECIDERS) else 0


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


# Deciding


def may_decide(request: Request, step: Step | None, person: User) -> bool:
    return step is not None and step.role in person.roles and request.requester_id != person.pk


def open_step(request: Request) -> Step | None:
    """The first step without a decision, while the request is open."""
    if request.state != RequestState.OPEN:
        return None
    return request.steps.filter(decision=None).order_by("position").first()


def require_decider(request: Request, actor: User, wanted: int | None) -> Step:
    """The step that `actor` may decide now. Ask under a lock on the request.

    :param wanted: the position that the actor saw as open; None for whichever is.
    """
    if request.requester_id == actor.pk:
        raise Forbidden(
            "request.own",
            "Nobody decides on their own request.",
            remedy="Another approver has to decide this one.",
        )
    roles = set(request.steps.values_list("role", flat=True))
    if not roles & actor.roles:
        raise Forbidden(
            "request.not_yours",
            "This decision is not yours to make.",
            remedy="The request's page says whose it is.",
        )
    step = open_step(request)
    if step is None or (wanted is not None and step.position != wanted) or step.role not in actor.roles:
        raise too_late(request, step, actor, wanted)
    return step


def too_late(request: Request, step: Step | None, actor: User, wanted: int | None) -> Conflict | Forbidden:
    """Why `actor` cannot decide now: somebody was faster, or another step comes first."""
    if request.state == RequestState.WITHDRAWN:
        return Conflict(
            "request.withdrawn", "This request was withdrawn.", remedy="Nothing is left to decide."
        )
    decided = request.decisions.select_related("by", "step").order_by("at", "pk")
    if wanted is not None:
        mine = decided.filter(step__position=wanted).last()
    else:
        mine = decided.filter(step__role__in=actor.roles).last() or (decided.last() if step is None else None)
    if mine is not None:
        return decided_by(mine)
    earlier = step.role if step else "another"
    return Forbidden(
        "request.not_your_turn",
        f"The {earlier} step comes first.",
        remedy="It reaches you when that is decided.",
    )


def decided_by(decision: Decision) -> Conflict:
    return Conflict(
        "request.decided",
        f"{decision.by} {decision.outcome} this request at {decision.at:%Y-%m-%d %H:%M:%S} UTC.",
        remedy="Reload to see what was decided.",
    )


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


def require_steps_for(needed: list[str], laid: list[str]) -> None:
    """More than was asked, or a price that rose since, may need a decision that this request never asked for."""
    if missing := sorted(set(needed) - set(laid)):
        raise Conflict(
            "request.needs_step",
            f"That much needs a decision by {', '.join(missing)}, which this request does not have.",
            remedy="Grant less, or deny and have the team ask for that much.",
        )


def require_terms_still(request: Request) -> Terms | None:
    """The terms that the grant is under: the offer's, which the team must have acknowledged."""
    current = request.offer.terms
    if current and not request.team.acknowledgements.filter(terms=current).exists():
        raise Conflict(
            "request.terms_changed",
            f"The terms changed since it was asked; {request.team} has not acknowledged {current}.",
            remedy="Ask the team to acknowledge them on the request's page.",
        )
    return current


# Ending


def may_withdraw(request: Request, person: User) -> bool:
    return request.requester_id == person.pk or team_rules.is_owner(request.team, person)


def may_revoke(grant: Grant, person: User) -> bool:
    return person.is_any(Role.ADMIN) or team_rules.is_owner(grant.team, person)


def may_suspend(person: User) -> bool:
    return person.is_any(Role.ADMIN)


def require_in_force(grant: Grant, at: datetime) -> None:
    if (state := grant.state(at)) in {"revoked", "ended"}:
        raise Conflict(
            f"grant.{state}",
            f"This grant is {state} already.",
            remedy="Ask for a new one if access is needed.",
        )


def refuse_unless(allowed: bool, who: str, **details: Any) -> None:
    """Forbidden unless allowed; `who` may."""
    if not allowed:
        raise Forbidden("grant.not_yours", f"Only {who} may do this.", remedy="Ask one of them.", **details)
