"""Who may set limits where, and which can be set."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.people.models import Role, User
from tenants.access.amounts import fault
from tenants.access.models import Grant
from tenants.keys.models import ApiKey
from tenants.levels.models import Mode, Scope
from tenants.teams import rules as team_rules
from tenants.teams.models import Application, Team

REASON_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Target:
    """What a limit is set on: nothing named is the organisation. A share names a grant and an application or a key."""

    team: Team | None = None
    grant: Grant | None = None
    application: Application | None = None
    key: ApiKey | None = None

    @property
    def scope(self) -> Scope:
        if self.grant is not None:
            return Scope.SHARE
        if self.key is not None:
            return Scope.KEY
        return Scope.ORGANISATION if self.team is None else Scope.TEAM

    @property
    def named(self) -> dict[str, Any]:
        """The columns of its level."""
        names = ("scope", "team", "grant", "application", "key")
        return {name: getattr(self, name) for name in names}

    @property
    def owner(self) -> Team | None:
        """The team whose it is; None for the organisation."""
        if self.grant is not None:
            return self.grant.team
        return self.key.application.team if self.key is not None else self.team


def may_set(target: Target, person: User) -> bool:
    """The organisation's are admins' to set, a team's admins' and finance's, a key's and a share's its owners' and admins'."""
    match target.scope:
        case Scope.ORGANISATION:
            return person.is_any(Role.ADMIN)
        case Scope.TEAM:
            return person.is_any(Role.ADMIN, Role.FINANCE)
    team = target.owner
    return team is not None and team_rules.may_manage(team, person)


WHO = {
    Scope.ORGANISATION: "Only an admin limits the whole organisation.",
    Scope.TEAM: "Only finance and admins limit a team.",
    Scope.KEY: "Only an owner of the team or an admin limits a key.",
    Scope.SHARE: "Only an owner of the team or an admin sets shares of a grant.",
}


def require_setter(target: Target, actor: User) -> None:
    if not may_set(target, actor):
        raise Forbidden("limit.setters", WHO[target.scope], remedy="Ask one of them.")
    if target.owner is not None:
        team_rules.require_active(target.owner)


def require_share(target: Target, kind: str, maximum: int, at: datetime) -> None:
    """A share is of an application or key that the grant's team has, and no larger than the grant."""
    grant = target.grant
    if grant is None:
        return
    application = target.application or (target.key.application if target.key else None)
    if application is None or not grant.named.filter(application=application).exists():
        raise Invalid(
            "limit.not_named", "The grant does not name that application.",
            remedy="Choose one that the grant names, or a key of one.", errors={"application": "Not in the grant."},
        )  # fmt: skip
    whole = grant.limits.at(at).filter(kind=kind).values_list("maximum", flat=True).first()
    if whole is not None and maximum > whole:
        raise Invalid(
            "limit.beyond_the_grant", "A share cannot be larger than its grant.",
            remedy="Set less, or ask for more of the grant.", errors={"maximum": "More than the grant allows."},
        )  # fmt: skip


def clean(kind: str, maximum: int, mode: str, reason: str) -> str:
    """The reason without the space around it, or Invalid."""
    reason, errors = " ".join(reason.split()), {}
    if why := fault(kind, maximum):
        errors["maximum"] = why
    if mode not in Mode.values:
        errors["mode"] = f"Use one of {', '.join(Mode.values)}."
    if not reason or len(reason) > REASON_LENGTH or "\x00" in reason:
        errors["reason"] = f"1 to {REASON_LENGTH} characters."
    if errors:
        words = " ".join(f"{name}: {why}" for name, why in errors.items())
        raise Invalid("limit.unusable", words, remedy="Mend these and try again.", errors=errors)
    return reason


def require_dates(starts_at: datetime, ends_at: datetime | None, at: datetime) -> None:
    if ends_at is not None and ends_at <= starts_at:
        raise Invalid(
            "limit.dates", "A limit ends after it starts.", remedy="Name a later end, or none.",
            errors={"ends_at": "After the start, please."},
        )  # fmt: skip


def require_open(state: str) -> None:
    if state == "ended":
        raise Conflict("limit.over", "That limit has ended.", remedy="Nothing is left to do.")
