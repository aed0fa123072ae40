"""Who may raise limits for a while, how far and how long, and who reviews a broken glass."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import Q

from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.people.models import User
from tenants.access import facts, rules
from tenants.access.amounts import require_limits, speak_amount
from tenants.access.headroom import headroom
from tenants.access.models import Block, Grant, Limit, Policy, Raise, RaiseRules
from tenants.access.models.raises import REVIEWERS
from tenants.access.states import Asks, LimitKind, RaiseKind, StepRole
from tenants.teams import rules as team_rules


def is_approver(grant: Grant, person: User) -> bool:
    """Has a role that decides, or answers for the offer."""
    return person.is_any(*rules.DECIDERS) or person.owned_offers.filter(offer=grant.offer_id).exists()


def is_own(grant: Grant, person: User) -> bool:
    """Their team's, or asked for by them."""
    asked = {grant.request.requester_id, grant.decision.request.requester_id}
    return person.pk in asked or team_rules.is_member(grant.team, person)


def may_raise(grant: Grant, person: User) -> bool:
    return is_approver(grant, person) and not is_own(grant, person)


def may_break_glass(grant: Grant, person: User) -> bool:
    return team_rules.is_owner(grant.team, person)


def may_end(held: Raise, person: User) -> bool:
    """Whoever raised, an owner of the team, or somebody who may raise."""
    owner = team_rules.is_owner(held.grant.team, person)
    return held.by_id == person.pk or owner or may_raise(held.grant, person)


def may_review(held: Raise, person: User) -> bool:
    inside = team_rules.is_member(held.grant.team, person)
    return person.is_any(*REVIEWERS) and held.by_id != person.pk and not inside


def require_raiser(grant: Grant, actor: User) -> None:
    if is_approver(grant, actor) and is_own(grant, actor):
        raise Forbidden(
            "raise.own",
            "Nobody raises the limits of their own team or of what they asked for.",
            remedy="Another approver has to do it; in an emergency an owner of the team breaks the glass.",
        )
    rules.refuse_unless(is_approver(grant, actor), "an approver or the offer's owner")


def require_live(grant: Grant, at: datetime) -> None:
    """Whatever was done to it a moment after `at` counts too. Ask under a lock on the grant, else to show a page."""
    standing = Block.objects.filter(Q(grant=grant) | Q(grant=None, team=grant.team_id), until=None)
    state = "revoked" if grant.revoked_at else "suspended" if standing.exists() else grant.state(at)
    if state != "live":
        raise Conflict(
            f"grant.{state}",
            f"This grant is {state.replace('_', ' ')}.",
            remedy="Only a live grant is raised.",
        )


def granted(grant: Grant) -> dict[str, int]:
    """What is granted now, whatever is raised over it."""
    return dict(grant.limits.filter(ends_at=None).values_list("kind", "maximum"))


def require_above(grant: Grant, limits: Mapping[str, int]) -> dict[str, int]:
    """What was granted of each kind that is raised. Raises Invalid unless every one is above it."""
    require_limits(dict(limits))
    held = granted(grant)
    wrong = {kind: "The grant has no such limit." for kind in limits if kind not in held}
    wrong |= {
        kind: f"More than the {speak_amount(kind, held[kind])} that were granted, please."
        for kind, maximum in limits.items()
        if kind in held and maximum <= held[kind]
    }
    if wrong:
        raise Invalid(
            "raise.limits",
            "A raise names limits that the grant has, each above what was granted.",
            remedy="Mend them, or have the team ask for a change.",
            errors=wrong,
        )
    return {kind: held[kind] for kind in limits}


def require_end(grant: Grant, ends_at: datetime, at: datetime, longest: timedelta, words: str) -> None:
    """After now, within the rules, and not after the grant itself."""
    last = min(at + longest, grant.ends_at)
    if not at < ends_at <= last:
        raise Invalid(
            "raise.ends_at",
            f"A raise lasts at most {words} and ends with its grant.",
            remedy=f"Choose a moment until {last:%Y-%m-%d %H:%M} UTC.",
            errors={"ends_at": f"Until {last:%Y-%m-%d %H:%M} UTC."},
        )


def require_headroom(grant: Grant, limits: Mapping[str, int], laid: RaiseRules, at: datetime) -> None:
    """What the host serves must reach for it, where the rules keep to that and the host tells."""
    wanted, room = limits.get(LimitKind.TPM), headroom(grant.offer, at)
    if not laid.keeps_headroom or wanted is None or room.left_tpm is None:
        return
    now = (
        Limit.objects.at(at).filter(grant=grant, kind=LimitKind.TPM).values_list("maximum", flat=True).first()
    )
    if wanted - (now or 0) > max(0, room.left_tpm):
        raise Conflict(
            "raise.headroom",
            f"The host does not serve that much more: {room.words}",
            remedy=f"Raise by at most {max(0, room.left_tpm):,} tokens per minute, or find capacity first.",
        )


def require_roles(grant: Grant, limits: Mapping[str, int], actor: User, at: datetime) -> None:
    """A raise passes no decision by: whom the policy asks at that size must have decided the grant, or be the actor."""
    policy, price = Policy.objects.current(), rules.price_of(grant.offer, at)
    held = granted(grant)
    named = grant.named.select_related("application__team__cost_centre").order_by("pk")[0]
    planned = facts.plan_by(
        policy,
        facts.of_ask(
            grant.offer, named.application, policy, data_class=grant.data_class, limits=held | dict(limits),
            price=price, days=(grant.ends_at - at).days, asks=Asks.CHANGE, requester=None,
        ),
    )  # fmt: skip
    decided = {step.roles for step in grant.decision.request.steps.all()}
    missing = [
        step for step in planned.steps if step.roles not in decided and not holds(grant, step.roles, actor)
    ]
    if missing:
        raise Conflict(
            "raise.needs_step",
            f"That much needs a decision by {', '.join(step.label for step in missing)}.",
            remedy="Raise less, or have the team ask for that much.",
        )


def holds(grant: Grant, roles: frozenset[str], actor: User) -> bool:
    owner = StepRole.OFFER_OWNER in roles and actor.owned_offers.filter(offer=grant.offer_id).exists()
    return owner or bool(roles & actor.roles)


def require_within_glass(held: Mapping[str, int], limits: Mapping[str, int], laid: RaiseRules) -> None:
    most = {kind: held[kind] * laid.glass_percent_at_most // 100 for kind in limits}
    wrong = {
        kind: f"At most {speak_amount(kind, most[kind])}." for kind in limits if limits[kind] > most[kind]
    }
    if wrong:
        raise Invalid(
            "raise.too_much",
            f"A team itself raises to at most {laid.glass_percent_at_most} % of what was granted.",
            remedy="Raise less, or ask an approver to raise it.",
            errors=wrong,
        )


def require_glass(grant: Grant, laid: RaiseRules, at: datetime) -> None:
    """Whole: the last one is reviewed, and this month's are not used up. Ask under a lock on the grant."""
    broken = Raise.objects.filter(grant=grant, kind=RaiseKind.BREAK_GLASS)
    if broken.filter(reviewed_at=None).exists():
        raise Conflict(
            "raise.unreviewed",
            "The glass of this grant is broken, and nobody has reviewed it yet.",
            remedy="Ask an approver to review it, or to raise the limits.",
        )
    month = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    if (used := broken.filter(at__gte=month).count()) >= laid.glass_per_month:
        raise Conflict(
            "raise.used_up",
            f"The glass of this grant was broken {used} time{'s' if used != 1 else ''} this month; "
            f"the rules allow {laid.glass_per_month}.",
            remedy="Ask an approver to raise the limits.",
        )
