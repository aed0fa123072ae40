"""Who may do what with a team, and which names it can have."""

import re

from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.people.models import Role, User
from tenants.teams.models import Membership, Team

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
SLUG_LENGTH, NAME_LENGTH = 50, 120
BUDGET_AT_MOST_NANOS = 10**18  # a billion USD; it fits the column with room to sum
RESERVED = frozenset({"new"})  # /teams/new/ is a page


def is_member(team: Team, person: User) -> bool:
    return team.memberships.filter(user=person).exists()


def is_owner(team: Team, person: User) -> bool:
    return team.memberships.filter(user=person, role=Membership.OWNER).exists()


def has_owner(team: Team) -> bool:
    """Somebody who is here owns it."""
    return team.memberships.filter(role=Membership.OWNER, user__is_active=True).exists()


def first_owner(team: Team) -> User | None:
    rows = team.memberships.filter(role=Membership.OWNER, user__is_active=True)
    found = rows.select_related("user").order_by("since", "pk").first()
    return found.user if found else None


def may_manage(team: Team, person: User) -> bool:
    """Its owners, and admins."""
    return person.is_any(Role.ADMIN) or is_owner(team, person)


def require_admin(actor: User) -> None:
    if not actor.is_any(Role.ADMIN):
        raise Forbidden("team.admin_only", "Only an admin sets up a team.", remedy="Ask an admin.")


def require_budget_keeper(actor: User) -> None:
    if not actor.is_any(Role.ADMIN, Role.FINANCE):
        raise Forbidden("cost_centre.keepers", "Finance and admins set budgets.", remedy="Ask one of them.")


def require_manager(team: Team, actor: User) -> None:
    if not may_manage(team, actor):
        raise Forbidden(
            "team.owner_only",
            f"Only an owner of {team.name} or an admin may do this.",
            remedy="Ask an owner.",
        )


def require_active(team: Team) -> None:
    if team.closed_at is not None:
        raise Conflict("team.closed", f"{team.name} is closed.", remedy="Use another team.")


def require_another_owner(team: Team, leaving: User) -> None:
    """A team always has an owner who is here. Ask under a lock on the team."""
    owners = team.memberships.filter(role=Membership.OWNER, user__is_active=True)
    if owners.filter(user=leaving).exists() and not owners.exclude(user=leaving).exists():
        raise Conflict(
            "team.last_owner",
            f"{leaving} is the last owner of {team.name}.",
            remedy="Make somebody else an owner first.",
        )


def person_called(email: str, field: str) -> User:
    """The person with this address. Raises Invalid for an unknown one."""
    person = User.objects.filter(email=email.strip().lower()).first()
    if person is None:
        raise Invalid(
            "person.unknown",
            f"Nobody here signs in as {email}.",
            remedy="Check the address; a person must have been added before.",
            errors={field: "Nobody here signs in with this address."},
        )
    return person


def clean_slug(slug: str) -> str:
    """The slug, or Invalid: lower-case letters, digits and single dashes."""
    slug = slug.strip()
    if not SLUG.fullmatch(slug) or len(slug) > SLUG_LENGTH or slug in RESERVED:
        raise Invalid(
            "team.slug",
            f"'{slug[:SLUG_LENGTH]}' cannot be a short name.",
            remedy="Use up to 50 lower-case letters, digits and single dashes; 'new' is taken.",
            errors={"slug": "Lower-case letters, digits and single dashes."},
        )
    return slug


def clean_name(name: str) -> str:
    """The name without the space around it, or Invalid."""
    name = " ".join(name.split())
    if not name or len(name) > NAME_LENGTH or "\x00" in name:
        raise Invalid(
            "team.name",
            "A name has 1 to 120 characters.",
            remedy="Give it a name.",
            errors={"name": "1 to 120 characters."},
        )
    return name


def clean_role(role: str) -> str:
    if role not in {Membership.OWNER, Membership.MEMBER}:
        raise Invalid(
            "team.role",
            f"'{role[:20]}' is no role.",
            remedy="Use owner or member.",
            errors={"role": "owner or member"},
        )
    return role
