"""Accept proposals: the team, its application, a request by its owner, and the admin's decision, each by its usual action.

A proposal is one transaction; what is refused leaves nothing behind and says why. A preview is the same, undone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from foundry.lib.errors import Conflict, Invalid, Refused
from foundry.people.models import User
from foundry.web.format import limit_words
from tenants.access import actions as access
from tenants.access import rules as access_rules
from tenants.access.models import Request
from tenants.access.models.requests import in_order
from tenants.access.states import RequestState
from tenants.levels import actions as levels
from tenants.levels.rules import Target
from tenants.moving import actions
from tenants.moving.models import Proposal
from tenants.moving.rules import require_admin
from tenants.teams import actions as teams
from tenants.teams import rules as team_rules
from tenants.teams.models import Application, Team

MOST_AT_ONCE, MOST_NAMED = 200, 10


@dataclass(slots=True)
class Outcome:
    """:ivar steps: what happens, or happened, in words. :ivar why_not: why nothing does."""

    proposal: Proposal
    steps: list[str] = field(default_factory=list)
    why_not: str = ""
    request: Request | None = None


class Undo(Exception):
    """Ends a preview."""


def preview(ids: Sequence[int], *, cost_centre: str, actor: User, at: datetime) -> list[Outcome]:
    """Exactly what accepting these would do, because it is done and undone."""
    outcomes: list[Outcome] = []
    try:
        with transaction.atomic():
            outcomes = accept_all(ids, cost_centre=cost_centre, actor=actor, at=at)
            raise Undo
    except Undo:
        return outcomes


def accept_all(ids: Sequence[int], *, cost_centre: str, actor: User, at: datetime) -> list[Outcome]:
    """In the list's order. :param cost_centre: finance's code, for teams that are set up.

    Raises Conflict for too many, Invalid for ids of no proposal, before anything is done.
    """
    if len(ids) > MOST_AT_ONCE:
        raise Conflict("moving.too_many", f"At most {MOST_AT_ONCE} at once.", remedy="Choose fewer.")
    rows = Proposal.objects.filter(pk__in=ids).select_related("offer__model__publisher", "offer__host")
    if unknown := sorted(set(ids) - {row.pk for row in rows}):
        named = (
            f"{', '.join(map(str, unknown[:MOST_NAMED]))}{' and more' if len(unknown) > MOST_NAMED else ''}"
        )
        raise Invalid(
            "moving.unknown", f"There is no proposal {named}. Nothing was done.",
            remedy="Read the list again and send ids that are in it.", errors={"ids": f"Unknown: {named}."},
        )  # fmt: skip
    return [outcome_of(row, cost_centre, actor, at) for row in rows]


def outcome_of(row: Proposal, cost_centre: str, actor: User, at: datetime) -> Outcome:
    try:
        with transaction.atomic():
            return accept(row.pk, cost_centre=cost_centre, actor=actor, at=at)
    except Refused as refused:
        return Outcome(row, why_not=" ".join(filter(None, (str(refused), *refused.errors.values()))))


def accept(proposal_id: int, *, cost_centre: str, actor: User, at: datetime) -> Outcome:
    """Raises Refused. Inside a transaction."""
    require_admin(actor)
    row = actions.undecided(proposal_id)
    done = Outcome(row)
    team, owner = team_of(row, cost_centre, actor, at, done)
    application = application_of(row, team, actor, at, done)
    request = asked(row, team, application, owner, actor, at)
    done.steps.append(
        f"{owner.name} asks for {row.offer} for {application.name}: {spoken(row)}, until {row.ends_on:%Y-%m-%d}, "
        f"{row.get_data_class_display().lower()} data."
    )
    done.steps.append(decided(request, actor, at))
    done.request = request
    actions.note_accepted(row, request, actor=actor, at=at)
    return done


def spoken(row: Proposal) -> str:
    return ", ".join(limit_words(kind, maximum) for kind, maximum in row.limits_in_order)


def team_of(row: Proposal, cost_centre: str, actor: User, at: datetime, done: Outcome) -> tuple[Team, User]:
    """The team, set up now where there is none, and the owner who asks."""
    team = Team.objects.filter(slug=row.team_slug).first()
    if team is None:
        if not row.owner:
            raise Conflict(
                "moving.no_owner",
                f"Nobody is named as the owner of {row.team_name}.",
                remedy="Change the row and name one.",
            )
        owner = team_rules.person_called(row.owner, "owner")
        team = teams.create_team(
            slug=row.team_slug, name=row.team_name, cost_centre=cost_centre, owner=owner, actor=actor, at=at
        )
        done.steps.append(
            f"Team {team.name} is set up with {owner.name} as its owner and cost centre {cost_centre}."
        )
        share(row, team, actor, at, done)
    named = (
        row.owner
        and team.memberships.filter(user__email=row.owner, role="owner").select_related("user").first()
    )
    found = named.user if named else owner_beside(team, actor)
    if found is None:
        raise Conflict(
            "moving.no_owner", f"{team.name} has no owner who is here.", remedy="Make somebody its owner."
        )
    return team, found


def share(row: Proposal, team: Team, actor: User, at: datetime, done: Outcome) -> None:
    """What the keys of a team shared there, the grants of the team that is set up for them share here."""
    for kind, maximum in in_order(row.there["team_limits"]):
        reason = f"Moved in from {row.reading.source}: the team's own there."
        levels.set_limit(Target(team=team), kind=kind, maximum=maximum, reason=reason, actor=actor, at=at)
        done.steps.append(f"All of {team.name} may use at most {limit_words(kind, maximum)}.")


def owner_beside(team: Team, actor: User) -> User | None:
    """An owner who is not the one who decides, where there is one: nobody decides on their own request."""
    rows = (
        team.memberships.filter(role="owner", user__is_active=True)
        .select_related("user")
        .order_by("since", "pk")
    )
    owners = [membership.user for membership in rows]
    return next((each for each in owners if each != actor), owners[0] if owners else None)


def application_of(row: Proposal, team: Team, actor: User, at: datetime, done: Outcome) -> Application:
    held = team.applications.filter(slug=row.application_slug).first()
    if held is not None:
        return held
    made = teams.add_application(
        team,
        slug=row.application_slug,
        name=row.application_name,
        environment=row.environment,
        actor=actor,
        at=at,
    )
    done.steps.append(f"Application {made.name} ({made.environment}) is added to {team.name}.")
    return made


def asked(
    row: Proposal, team: Team, application: Application, owner: User, actor: User, at: datetime
) -> Request:
    """The owner's request, entered by the admin; terms that the team has not acknowledged wait for it."""
    if row.offer is None:
        raise Conflict(
            "moving.no_offer",
            f"There is no such offer here: {row.there['model']}.",
            remedy="Choose one, or leave it out.",
        )
    terms, there = row.offer.terms, row.there
    known = terms is not None and team.acknowledgements.filter(terms=terms).exists()
    return access.submit(
        team=team,
        offer=row.offer,
        application=application,
        purpose=f"Moved in from {row.reading.source}: {there['application']} of {there['team']} called {there['model']}.",
        data_class=row.data_class,
        limits=row.limits,
        ends_on=row.ends_on,
        terms_version=terms.version if terms is not None and known else None,
        terms_later=terms is not None and not known,
        answers=None,
        actor=owner,
        entered_by=f"{actor.name} <{actor.email}> for {owner.name}, moving in",
        at=at,
    )


def decided(request: Request, actor: User, at: datetime) -> str:
    """Approve what is the admin's to decide; the rest takes its usual way. What happened, in words."""
    request.refresh_from_db()
    if request.state == RequestState.APPROVED:
        return f"{request.policy} grants it at once."
    step = access_rules.open_step(request)
    assert step is not None
    if not access_rules.may_decide(request, step, actor, at):
        if request.requester_id == actor.pk:
            return "It waits for another approver, because you own the team."
        return f"It waits for a decision: {step.label}."
    try:
        with transaction.atomic():
            access.approve(request.pk, actor=actor, at=at, step=step.position)
    except Refused as refused:
        return f"It waits: {refused}"
    request.refresh_from_db()
    left = access_rules.open_step(request)
    return f"You approve your step; {left.label} decides next." if left else "You grant it at once."


def chosen(texts: Iterable[str]) -> list[int]:
    """Ids of a form; what is no id is nobody's."""
    return sorted({int(each) for each in texts if each.isascii() and each.isdigit() and len(each) < 19})
