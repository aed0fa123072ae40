"""Ordered rules, and what they make of a request: which decisions it needs, or that it is approved at once. Pure.

A rule that matches adds its steps; one that ends the list keeps later rules from being looked at. An automatic
rule approves by itself, as long as no rule before it asked for a decision. `migrations/0004` judges automatic
rules once more in the database; a test compares the two.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tenants.access.states import StepRole, step_label

# What a rule can be about: name in `match` -> name in Facts. An empty or missing list matches everything.
LISTS = {
    "offers": "offer",
    "publishers": "publisher",
    "hosts": "host",
    "lifecycles": "lifecycle",
    "data_classes": "data_class",
    "environments": "environment",
    "teams": "team",
    "cost_centres": "cost_centre",
    "asks": "asks",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules look at.

    :param offer: as a caller names it, `host:publisher/model`.
    :param asks: first, again or change.
    :param cost_nanos: what a month may cost, in nano-dollars; None where nothing bounds it or no price is known.
    :param days: from the day it is asked to its end.
    :param owner_asks: the requester owns the team, so the team's owner has agreed.
    :param editor_asks: the requester had a hand in the policy, so it approves nothing of theirs.
    """

    offer: str
    publisher: str
    host: str
    lifecycle: str
    data_class: str
    environment: str
    team: str
    cost_centre: str
    asks: str
    limits: Mapping[str, int]
    cost_nanos: int | None
    days: int
    owner_asks: bool = False
    editor_asks: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a policy.

    :param steps: each a list of roles, any of whom decides that step.
    :param longest_days: how long what matches may be granted at most.
    """

    name: str
    match: Mapping[str, Any] = field(default_factory=dict)
    steps: Sequence[Sequence[str]] = ()
    automatic: bool = False
    longest_days: int | None = None
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """A decision that will be needed: by whom, why, and by which rule."""

    role: str
    why: str
    or_roles: tuple[str, ...] = ()
    rule: str = ""

    @property
    def label(self) -> str:
        return step_label([self.role, *self.or_roles])

    @property
    def roles(self) -> frozenset[str]:
        return frozenset([self.role, *self.or_roles])


@dataclass(frozen=True, slots=True)
class Plan:
    """:param automatic: the rule that approves at once; None where people decide the steps."""

    steps: list[Planned]
    automatic: str | None = None
    longest_days: int | None = None

    @property
    def words(self) -> str:
        return (
            f"Approved at once: {self.automatic}" if self.automatic else ", ".join(map(label_of, self.steps))
        )


def label_of(step: Planned) -> str:
    return step.label


def matches(match: Mapping[str, Any], facts: Facts) -> bool:
    """Does everything that the rule names hold?"""
    for name, about in LISTS.items():
        if match.get(name) and getattr(facts, about) not in match[name]:
            return False
    return in_bounds(match, facts) and of_size(match, facts.limits)


def in_bounds(match: Mapping[str, Any], facts: Facts) -> bool:
    """Cost and days. An unknown cost is within no bound."""
    for name, value in (("cost", facts.cost_nanos), ("days", facts.days)):
        least, most = match.get(f"{name}_at_least"), match.get(f"{name}_at_most")
        if least is not None and (value is None or value < least):
            return False
        if most is not None and (value is None or value > most):
            return False
    return True


def of_size(match: Mapping[str, Any], limits: Mapping[str, int]) -> bool:
    """At least: one of the named limits is reached. At most: each named limit is there and not passed."""
    least, most = match.get("limits_at_least") or {}, match.get("limits_at_most") or {}
    if least and not any(limits.get(kind, 0) >= value for kind, value in least.items()):
        return False
    return all(kind in limits and limits[kind] <= value for kind, value in most.items())


def plan(rules: Iterable[Rule], facts: Facts) -> Plan:
    """What the rules make of a request. Never nothing: where no rule asks for a decision, the platform decides."""
    steps: list[Planned] = []
    longest: list[int] = []
    for rule in rules:
        if not matches(rule.match, facts):
            continue
        if rule.longest_days is not None:
            longest.append(rule.longest_days)
        if rule.automatic and not steps and not facts.editor_asks:
            return Plan([], rule.name, min(longest, default=None))
        steps += [planned for planned in laid_by(rule) if planned.roles not in {each.roles for each in steps}]
        if rule.ends and not rule.automatic:
            break
    return Plan(without_the_askers_own(steps, facts), None, min(longest, default=None))


def laid_by(rule: Rule) -> list[Planned]:
    return [Planned(roles[0], rule.name, tuple(roles[1:]), rule.name) for roles in rule.steps]


def without_the_askers_own(steps: list[Planned], facts: Facts) -> list[Planned]:
    """An owner who asks has agreed already; the step is left out, not decided by its own requester."""
    if facts.owner_asks:
        steps = [step for step in steps if step.roles != {StepRole.TEAM_OWNER}]
    return steps or [Planned(StepRole.ADMIN, "No rule asks for anybody else.")]
