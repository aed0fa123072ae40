"""Set up teams, their people and their applications."""

from datetime import datetime

from django.db import IntegrityError, transaction

from foundry.audit.actions import record
from foundry.lib import secrets
from foundry.lib.errors import Conflict, Invalid
from foundry.lib.units import usd
from foundry.people.leaving import leave
from foundry.people.models import User
from tenants.teams import rules, vacancies
from tenants.teams.models import Application, Calendar, CostCentre, Environment, Membership, Team

CALENDAR_KIND = "cal-"  # what every calendar's secret starts with


@transaction.atomic
def create_team(*, slug: str, name: str, cost_centre: str, owner: User, actor: User, at: datetime) -> Team:
    """A new team with its first owner. `cost_centre` is finance's code; an unknown one is added.

    Raises Forbidden unless the actor is an admin, Conflict when the slug is taken.
    """
    rules.require_admin(actor)
    slug, name = rules.clean_slug(slug), rules.clean_name(name)
    try:
        with transaction.atomic():
            team = Team.objects.create(
                slug=slug, name=name, cost_centre=cost_centre_of(cost_centre), created_at=at
            )
    except IntegrityError as taken:
        raise Conflict(
            "team.exists", f"There is a team {slug} already.", remedy="Choose another short name."
        ) from taken
    Membership.objects.create(team=team, user=owner, role=Membership.OWNER, since=at)
    record(
        "team.create",
        team,
        actor=actor,
        at=at,
        after={"slug": slug, "name": name, "cost_centre": team.cost_centre.code, "owner": owner.email},
    )
    return team


def cost_centre_of(code: str) -> CostCentre:
    code = code.strip()
    if not code or len(code) > 20 or "\x00" in code:
        raise Invalid(
            "team.cost_centre",
            "A team needs the code of a cost centre, up to 20 characters.",
            remedy="Ask finance for the number.",
            errors={"cost_centre": "1 to 20 characters."},
        )
    return CostCentre.objects.get_or_create(code=code, defaults={"name": f"Cost centre {code}"})[0]


@transaction.atomic
def set_budget(centre_id: int, budget_nanos: int | None, *, actor: User, at: datetime) -> CostCentre:
    """What a cost centre may promise a month, in nano-dollars; None takes the budget away. Admins and finance.

    Raises Forbidden, Invalid. The audit says when it was how much.
    """
    rules.require_budget_keeper(actor)
    if budget_nanos is not None and not 0 <= budget_nanos <= rules.BUDGET_AT_MOST_NANOS:
        raise Invalid(
            "cost_centre.budget",
            "A budget is from 0 to 1,000,000,000 USD a month.",
            remedy="Mend it, or leave it empty for none.",
            errors={"budget": "From 0 to 1,000,000,000 USD."},
        )
    centre = CostCentre.objects.select_for_update().get(pk=centre_id)
    before, centre.budget_nanos = centre.budget_nanos, budget_nanos
    centre.save(update_fields=["budget_nanos"])
    record(
        "cost_centre.budget",
        centre,
        actor=actor,
        at=at,
        before={"usd_per_month": None if before is None else str(usd(before))},
        after={"usd_per_month": None if budget_nanos is None else str(usd(budget_nanos))},
    )
    return centre


@transaction.atomic
def add_member(team: Team, user: User, role: str, *, actor: User, at: datetime) -> Membership:
    """Raises Forbidden unless the actor owns the team or is an admin, Conflict for a member."""
    rules.require_manager(team, actor)
    rules.require_active(team)
    rules.clean_role(role)
    if not user.is_active:
        raise Conflict("person.inactive", f"{user} is switched off.", remedy="Ask an admin.")
    try:
        with transaction.atomic():
            membership = Membership.objects.create(team=team, user=user, role=role, since=at)
    except IntegrityError as there:
        raise Conflict(
            "member.exists", f"{user} is in {team.name} already.", remedy="Change the role instead."
        ) from there
    vacancies.watch(at, only=[team])
    record("team.add_member", team, actor=actor, at=at, after={"member": user.email, "role": role})
    return membership


@transaction.atomic
def change_role(team: Team, user: User, role: str, *, actor: User, at: datetime) -> Membership:
    """Make a member an owner or an owner a member. A team keeps at least one owner."""
    rules.require_manager(team, actor)
    rules.clean_role(role)
    membership = held_membership(team, user)
    before = membership.role
    if role == Membership.MEMBER:
        rules.require_another_owner(team, user)
    membership.role = role
    membership.save(update_fields=["role"])
    vacancies.watch(at, only=[team])
    change = {"member": user.email, "role": role}
    record("team.change_role", team, actor=actor, at=at, before=change | {"role": before}, after=change)
    return membership


@transaction.atomic
def remove_member(team: Team, user: User, *, actor: User, at: datetime) -> None:
    """Take a person out of a team; anybody may leave. A team keeps at least one owner.

    Their sessions, tokens and own keys of the team end with it; its applications' keys go on.
    """
    if actor.pk != user.pk:
        rules.require_manager(team, actor)
    membership = held_membership(team, user)
    rules.require_another_owner(team, user)
    role = membership.role
    ended = leave(user, team, at=at)
    membership.delete()
    before = {"member": user.email, "role": role}
    record("team.remove_member", team, actor=actor, at=at, before=before, after=ended)


def held_membership(team: Team, user: User) -> Membership:
    """The person's membership; the team is locked, so that two owners cannot leave at once."""
    Team.objects.select_for_update().get(pk=team.pk)
    membership = team.memberships.filter(user=user).first()
    if membership is None:
        raise Conflict("member.gone", f"{user} is not in {team.name}.", remedy="Reload the team's page.")
    return membership


@transaction.atomic
def add_application(
    team: Team, *, slug: str, name: str, environment: str, actor: User, at: datetime
) -> Application:
    """A workload of the team in one environment; keys belong to it. Conflict when the slug is taken."""
    rules.require_manager(team, actor)
    rules.require_active(team)
    slug, name = rules.clean_slug(slug), rules.clean_name(name)
    if environment not in Environment.values:
        raise Invalid(
            "application.environment",
            f"'{environment[:20]}' is no environment.",
            remedy=f"Use one of {', '.join(Environment.values)}.",
            errors={"environment": "Unknown."},
        )
    fields = {"slug": slug, "name": name, "environment": environment}
    owner = actor if rules.is_member(team, actor) else rules.first_owner(team)
    try:
        with transaction.atomic():
            application = Application.objects.create(team=team, owner=owner, created_at=at, **fields)
    except IntegrityError as taken:
        raise Conflict(
            "application.exists",
            f"{team.name} has an application {slug} already.",
            remedy="Choose another short name.",
        ) from taken
    record("application.add", application, actor=actor, at=at, after=fields | {"team": team.slug})
    return application


@transaction.atomic
def name_application_owner(application_id: int, owner: User, *, actor: User, at: datetime) -> Application:
    """Who of the team answers for an application: its owners and admins say. Raises Forbidden, Conflict."""
    User.objects.select_for_update().get(pk=owner.pk)  # before the application, as leaving takes them
    application = (
        Application.objects.select_for_update(of=("self",))
        .select_related("team", "owner")
        .get(pk=application_id)
    )
    rules.require_manager(application.team, actor)
    rules.require_active(application.team)
    before = application.owner
    if not owner.is_active or not rules.is_member(application.team, owner):
        raise Conflict(
            "application.foreign_owner",
            f"{owner} is not in {application.team}.",
            remedy="Choose somebody of the team, or add them first.",
            errors={"owner": "Not in the team."},
        )
    application.owner = owner
    application.save(update_fields=["owner"])
    told = {"owner": before.email if before else None}
    record("application.owner", application, actor=actor, at=at, before=told, after={"owner": owner.email})
    return application


@transaction.atomic
def make_calendar(team: Team, *, actor: User, at: datetime) -> tuple[Calendar, str]:
    """A calendar with a new secret, which is shown this once; an older one stops to work. Raises Forbidden, Conflict."""
    rules.require_manager(team, actor)
    rules.require_active(team)
    issued = secrets.issue(CALENDAR_KIND)
    made, new = Calendar.objects.update_or_create(
        team=team,
        defaults={"prefix": issued.prefix, "digest": issued.digest, "made_by": actor, "made_at": at},
    )
    record(
        "calendar.make" if new else "calendar.rotate",
        made,
        actor=actor,
        at=at,
        after={"prefix": issued.prefix},
    )
    return made, issued.secret


@transaction.atomic
def end_calendar(team: Team, *, actor: User, at: datetime) -> None:
    """The calendar's address works no more. Raises Forbidden; Conflict where there is none."""
    rules.require_manager(team, actor)
    held = Calendar.objects.select_for_update().filter(team=team).first()
    if held is None:
        raise Conflict("calendar.none", f"{team} has no calendar.", remedy="Nothing is left to do.")
    record("calendar.end", held, actor=actor, at=at, before={"prefix": held.prefix})
    held.delete()
