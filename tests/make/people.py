"""People with roles, made plainly: what they may do is what the tests are about."""

from itertools import count

from foundry.people.models import SiteRole, User

_numbers = count(1)


def person(short: str = "", *, roles: tuple[str, ...] = ()) -> User:
    """Somebody who can sign in; without a name a new one each time."""
    short = short or f"person{next(_numbers)}"
    user = User.objects.create_user(f"{short}@foundry.example", short.title())
    SiteRole.objects.bulk_create(SiteRole(user=user, role=role) for role in roles)
    return user
