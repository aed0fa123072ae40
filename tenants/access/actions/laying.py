"""Rules that are rows: an admin lays down new ones, the old stay, and what runs keeps the row it began under."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from foundry.audit.actions import record
from foundry.lib.errors import Forbidden, Invalid
from foundry.people.models import Role, User
from tenants.access.models import LifeRules, RaiseRules

Rules = TypeVar("Rules", LifeRules, RaiseRules)


def lay_down(
    held: Rules, changes: Mapping[str, Any], *, ranges: Mapping[str, tuple[int, int]], word: str, verb: str,
    actor: User, at: datetime, flags: tuple[str, ...] = (),
) -> Rules:  # fmt: skip
    """The rules in force, with changes, as a new row. Raises Invalid, Forbidden, whose codes begin with `word`."""
    if not actor.is_any(Role.ADMIN):
        raise Forbidden(f"{word}.admins", "Only an admin changes these rules.", remedy="Ask an admin.")
    before = {name: getattr(held, name) for name in (*ranges, *flags)}
    wanted = {**before, **changes}
    wrong = {
        name: f"From {least} to {most}."
        for name, (least, most) in ranges.items()
        if not least <= wanted[name] <= most
    }
    if wrong:
        raise Invalid(f"{word}.rules", "These rules cannot be used.", remedy="Mend them.", errors=wrong)
    laid = type(held).objects.create(**wanted, set_by=actor, set_at=at)
    record(verb, laid, actor=actor, at=at, before=before, after=wanted)
    return laid
