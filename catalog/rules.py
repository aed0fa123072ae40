"""Who may change supply, and what waits for them."""

from decimal import Decimal

from catalog.connectors.registry import kind_of
from catalog.models import Change, Host
from catalog.states import ChangeState
from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.people.models import User

Actor = User | str  # a machine's name acts by the schedule or by a command on the server


def label_of(actor: Actor) -> str:
    """Who did it, as rows keep it."""
    return (actor if isinstance(actor, str) else actor.name)[:120]


def require_source(source: str) -> str:
    """What a person says of supply needs a source that others can look up. Raises Invalid."""
    source = " ".join(source.split())
    if not source or len(source) > 160 or "\x00" in source:
        raise Invalid(
            "offer.source",
            "Say where this stands, in 1 to 160 characters.",
            remedy="Name the page, mail or contract that says so.",
            errors={"source": "1 to 160 characters."},
        )
    return source


def require_admin(actor: Actor) -> None:
    """Hosts, credentials, prices and decisions about changes belong to admins."""
    if isinstance(actor, User) and not actor.is_any("admin"):
        raise Forbidden("catalog.admin_only", "Only admins change hosts and prices.", remedy="Ask an admin.")


def require_operator(actor: Actor, to: str = "start a sync") -> None:
    """Admins and ops start syncs, and pause what they look after."""
    if isinstance(actor, User) and not actor.is_any("admin", "ops"):
        raise Forbidden("catalog.operators_only", f"Only admins and ops {to}.", remedy="Ask ops.")


def require_sane_price(*amounts: Decimal | None) -> None:
    for amount in amounts:
        if amount is not None and not (amount.is_finite() and 0 <= amount <= 1_000_000):
            raise Invalid(
                "price.amount",
                f"{amount} USD per million tokens is no price.",
                remedy="Give USD per million tokens, from 0 to 1,000,000.",
            )


def require_listing(host: Host) -> None:
    """Conflict for a host whose offers people make by hand."""
    if not kind_of(host.connector).lists:
        raise Conflict(
            "host.by_hand",
            f"The offers of {host.name} are made by hand; there is nothing to sync.",
            remedy="Make, change or withdraw them on the host's page.",
        )


def waiting_changes(person: User) -> int:
    """How many changes wait for this person."""
    if not person.is_any("admin", "ops"):
        return 0
    return Change.objects.filter(state=ChangeState.WAITING).count()
