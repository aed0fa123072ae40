"""Who may make and end keys, and what a key can be."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_network

from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.people.models import Role, User
from tenants.access.models import Grant
from tenants.keys.models import ApiKey
from tenants.teams import rules as team_rules
from tenants.teams.models import Application, Team

LONGEST = timedelta(days=366)
NAME_LENGTH, REASON_LENGTH = 80, 200
LONGEST_OVERLAP_S = 7 * 86_400
MOST_NETWORKS = 20


def require_maker(team: Team, actor: User) -> None:
    """Members make keys; nobody else, because whoever makes a key sees its secret."""
    if not team_rules.is_member(team, actor):
        raise Forbidden(
            "key.member_only", f"Only members of {team.name} make its keys.", remedy="Ask one of them."
        )
    team_rules.require_active(team)


def require_own(key: ApiKey, actor: User) -> None:
    if key.person_id not in {None, actor.pk}:
        raise Forbidden("key.personal", f"This is {key.person}'s own key.", remedy="Make one of your own.")


def may_revoke(key: ApiKey, person: User) -> bool:
    """Members of the team, and admins."""
    return person.is_any(Role.ADMIN) or team_rules.is_member(key.application.team, person)


def require_revoker(key: ApiKey, actor: User) -> None:
    if not may_revoke(key, actor):
        raise Forbidden(
            "key.foreign", "Only the team's members and admins revoke this key.", remedy="Ask an admin."
        )


def require_live(key: ApiKey, at: datetime) -> None:
    state = key.state(at)
    if state != "live":
        raise Conflict(
            f"key.{state}", f"This key is {state} already.", remedy="Make a new one where one is needed."
        )


def clean_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        raise Invalid(
            "key.name",
            "A key needs a name of 1 to 80 characters.",
            remedy="Say where it will be used.",
            errors={"name": "1 to 80 characters."},
        )
    return name


def clean_reason(reason: str) -> str:
    reason = reason.strip()
    if not reason or len(reason) > REASON_LENGTH or "\x00" in reason:
        raise Invalid(
            "key.reason",
            "Say in up to 200 characters why the key ends.",
            remedy="Add a reason.",
            errors={"reason": "1 to 200 characters."},
        )
    return reason


def clean_networks(told: Sequence[str]) -> list[str]:
    """Networks in CIDR form, each once; an address alone is a network of one. Raises Invalid."""
    found: list[str] = []
    for text in told:
        try:
            network = ip_network(text.strip())
        except ValueError as error:
            raise unusable_networks(f"'{text[:50]}' is no network: {error}.") from error
        if network.prefixlen == 0:
            raise unusable_networks(f"'{network}' is everywhere.")
        found.append(str(network))
    if len(found) > MOST_NETWORKS:
        raise unusable_networks(f"{len(found)} networks are too many.")
    return list(dict.fromkeys(found))


def unusable_networks(why: str) -> Invalid:
    return Invalid(
        "key.networks",
        why,
        remedy=f"Give up to {MOST_NETWORKS} networks like 10.20.0.0/16 or 2001:db8::/48, or none for anywhere.",
        errors={"networks": why},
    )


def require_expiry(expires_at: datetime | None, at: datetime) -> None:
    if expires_at is not None and not at < expires_at <= at + LONGEST:
        raise Invalid(
            "key.expires_at",
            "A key ends in the future, within a year.",
            remedy="Choose another date, or none.",
            errors={"expires_at": "In the future, within a year."},
        )


def require_grants(application: Application, grants: Sequence[Grant], at: datetime) -> None:
    """Each grant names the application and has not ended."""
    for grant in grants:
        named = grant.named.filter(application=application).exists()
        if not named or grant.state(at) in {"revoked", "ended"}:
            raise Conflict(
                "key.grant",
                f"Grant {grant.pk} does not carry calls of {application}.",
                remedy="Name a grant of this application that has not ended, or none for all of them.",
            )


def require_some_grant(application: Application, at: datetime) -> None:
    """A key that opens nothing only confuses; say so before it is made."""
    if not Grant.objects.in_force(at).filter(named__application=application).exists():
        raise Conflict(
            "key.nothing_granted",
            f"{application} holds no grant yet, so a key would open nothing.",
            remedy="Request access to a model first.",
        )
