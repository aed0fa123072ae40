"""Which decisions a request needs, in order, and why. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from foundry.lib.units import NANOS_PER_USD
from foundry.people.models import Role
from tenants.access.estimate import budget_nanos, monthly_nanos
from tenants.access.states import STEP_LABELS, DataClass

if TYPE_CHECKING:
    from catalog.models import Price

DECIDE_WITHIN_WORKING_DAYS = 2
FINANCE_FROM_NANOS = 5_000 * NANOS_PER_USD
SENSITIVE = frozenset({DataClass.CONFIDENTIAL, DataClass.RESTRICTED})


@dataclass(frozen=True, slots=True)
class Planned:
    """A decision that will be needed: by whom and why."""

    role: str
    why: str

    @property
    def label(self) -> str:
        return label(self.role)


def label(role: str) -> str:
    """The name of a step on screen."""
    return STEP_LABELS.get(role, role)


def plan(data_class: str, limits: Mapping[str, int], price: "Price | None") -> list[Planned]:
    """The platform always; security for sensitive data; finance for what costs much in a month."""
    steps = [Planned(Role.ADMIN, "Every request is decided by the platform team.")]
    if data_class in SENSITIVE:
        steps.append(Planned(Role.SECURITY, f"The data is {data_class}."))
    if is_expensive(limits, price):
        steps.append(Planned(Role.FINANCE, "It may cost 5,000 USD or more a month."))
    return steps


def is_expensive(limits: Mapping[str, int], price: "Price | None") -> bool:
    bounds = (budget_nanos(limits), monthly_nanos(limits, price))
    return any(bound is not None and bound >= FINANCE_FROM_NANOS for bound in bounds)
