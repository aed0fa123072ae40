"""Teams, requests and grants for tests, made through the real actions."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from itertools import count

from catalog.models import Offer
from foundry.lib import clock
from foundry.people.models import User
from tenants.access import actions
from tenants.access.models import Grant, Request
from tenants.teams import actions as teams
from tenants.teams.models import Application, Membership, Team
from tests.make.people import person

TPM_ONLY = {"tpm": 60_000}
_numbers = count(1)


def admin() -> User:
    return person(roles=("admin",))


def team(
    slug: str = "", *, owner: User | None = None, members: tuple[User, ...] = (), at: datetime | None = None
) -> Team:
    """A team with an owner; without a slug a new one each time."""
    slug, by, at = slug or f"team{next(_numbers)}", admin(), at or clock.now()
    made = teams.create_team(
        slug=slug, name=slug.title(), cost_centre="4410", owner=owner or person(), actor=by, at=at
    )
    for member in members:
        teams.add_member(made, member, Membership.MEMBER, actor=by, at=at)
    return made


def owner_of(team: Team) -> User:
    return team.memberships.filter(role=Membership.OWNER).select_related("user")[0].user


def application(team: Team, slug: str = "", *, at: datetime | None = None) -> Application:
    slug = slug or f"app{next(_numbers)}"
    return teams.add_application(
        team,
        slug=slug,
        name=slug.title(),
        environment="production",
        actor=owner_of(team),
        at=at or clock.now(),
    )


def request(
    *,
    of: Team | None = None,
    offer: Offer | None = None,
    app: Application | None = None,
    limits: Mapping[str, int] = TPM_ONLY,
    data_class: str = "internal",
    ends_on: date | None = None,
    by: User | None = None,
    at: datetime | None = None,
) -> Request:
    """An open request of a team's owner, for a callable, priced offer."""
    from tests import make

    at, of = at or clock.now(), of or team()
    offer = offer or make.offer()
    return actions.submit(
        team=of,
        offer=offer,
        application=app or application(of),
        purpose="Answer customers' questions",
        data_class=data_class,
        limits=limits,
        ends_on=ends_on or (at + timedelta(days=30)).date(),
        terms_version=offer.terms.version if offer.terms else None,
        actor=by or owner_of(of),
        at=at,
    )


def approved(
    asked: Request, *, limits: Mapping[str, int] | None = None, at: datetime | None = None
) -> Request:
    """The request after each of its steps is approved, each by somebody new with the step's role."""
    for step in asked.steps.order_by("position"):
        decider, changed = person(roles=(step.role,)), "enough to start with" if limits else ""
        actions.approve(asked.pk, limits=limits, reason=changed, actor=decider, at=at or clock.now())
    asked.refresh_from_db()
    return asked


def approved_step(asked: Request, *, at: datetime | None = None) -> Request:
    """The request after its open step is approved as asked."""
    step = asked.steps.filter(decision=None).order_by("position")[0]
    actions.approve(asked.pk, actor=person(roles=(step.role,)), at=at or clock.now())
    asked.refresh_from_db()
    return asked


def grant(**asked: object) -> Grant:
    """A live grant, asked for and approved as `request()` says."""
    at = asked.get("at")
    assert at is None or isinstance(at, datetime)
    done = approved(request(**asked), at=at)  # type: ignore[arg-type]
    return Grant.objects.with_names().get(request=done)
