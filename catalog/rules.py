"""Who may change supply, and what waits for them."""

from catalog.models import Change
from catalog.states import ChangeState
from foundry.lib.errors import Forbidden
from foundry.people.models import User

Actor = User | str  # a machine's name acts by the schedule or by a command on the server


def require_admin(actor: Actor) -> None:
    """Hosts, credentials, prices and decisions about changes belong to admins."""
    if isinstance(actor, User) and not actor.is_any("admin"):
        raise Forbidden("catalog.admin_only", "Only admins change hosts and prices.", remedy="Ask an admin.")


def require_operator(actor: Actor) -> None:
    """Admins and ops start syncs."""
    if isinstance(actor, User) and not actor.is_any("admin", "ops"):
        raise Forbidden("catalog.operators_only", "Only admins and ops start a sync.", remedy="Ask ops.")


def waiting_changes(person: User) -> int:
    """How many changes wait for this person."""
    if not person.is_any("admin", "ops"):
        return 0
    return Change.objects.filter(state=ChangeState.WAITING).count()
