"""Who moves in what another gateway held."""

from foundry.lib.errors import Forbidden
from foundry.people.models import Role, User


def require_admin(actor: User) -> None:
    if not actor.is_any(Role.ADMIN):
        raise Forbidden(
            "moving.admin_only", "Only an admin moves another gateway in.", remedy="Ask an admin."
        )
