"""Who may decide which step."""

from collections.abc import Iterable, Mapping

from catalog.models import Offer
from foundry.people.models import SiteRole, User
from tenants.access.models import OfferOwner
from tenants.access.states import StepRole
from tenants.teams.models import Membership, Team


def names_by_role(
    roles: Iterable[str], *, team: Team | None = None, offer: Offer | None = None, but: User | None = None
) -> dict[str, list[str]]:
    """The people who may decide steps of these roles, without the requester. A query per kind of role."""
    wanted, names = set(roles), dict[str, list[str]]()
    for role, user in holders(wanted, team, offer):
        if (but is None or user.pk != but.pk) and user.is_active:
            names.setdefault(role, []).append(user.name)
    return {role: sorted(found) for role, found in names.items()}


def holders(wanted: set[str], team: Team | None, offer: Offer | None) -> Iterable[tuple[str, User]]:
    for row in SiteRole.objects.filter(role__in=wanted).select_related("user"):
        yield row.role, row.user
    if StepRole.TEAM_OWNER in wanted and team is not None:
        for member in Membership.objects.filter(team=team, role=Membership.OWNER).select_related("user"):
            yield StepRole.TEAM_OWNER, member.user
    if StepRole.OFFER_OWNER in wanted and offer is not None:
        for owner in OfferOwner.objects.filter(offer=offer).select_related("user"):
            yield StepRole.OFFER_OWNER, owner.user


def who(roles: Iterable[str], names: Mapping[str, list[str]]) -> str:
    """The people of any of these roles, in words."""
    return words(sorted({name for role in roles for name in names.get(role, [])}))


def words(names: list[str]) -> str:
    """`Ada Novak, Lee Park and 3 more`."""
    if not names:
        return "nobody yet; an admin has to give somebody this role"
    shown, rest = names[:3], len(names) - 3
    return ", ".join(shown) + (f" and {rest} more" if rest > 0 else "")
