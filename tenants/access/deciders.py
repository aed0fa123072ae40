"""Who holds the roles that decide."""

from collections.abc import Iterable

from foundry.people.models import SiteRole, User


def names_by_role(roles: Iterable[str], *, but: User | None = None) -> dict[str, list[str]]:
    """The people who may decide steps of these roles, without the requester. One query."""
    rows = SiteRole.objects.filter(role__in=set(roles), user__is_active=True).select_related("user")
    if but is not None:
        rows = rows.exclude(user=but)
    names: dict[str, list[str]] = {}
    for row in rows.order_by("user__name"):
        names.setdefault(row.role, []).append(row.user.name)
    return names


def words(names: list[str]) -> str:
    """`Ada Novak, Lee Park and 3 more`."""
    if not names:
        return "nobody yet; an admin has to give somebody this role"
    shown, rest = names[:3], len(names) - 3
    return ", ".join(shown) + (f" and {rest} more" if rest > 0 else "")
