"""Try a policy on past requests: what it would have laid down, beside what was. Writes nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

from tenants.access import facts, policy_rules
from tenants.access.models import Policy, Request
from tenants.access.policy import Plan, plan
from tenants.access.states import StepRole

LAST = 200


@dataclass(frozen=True, slots=True)
class Tried:
    """One past request under the policy.

    :param had: its steps as they were laid down, each a set of roles.
    :param too_long: the policy would have refused its end.
    """

    request: Request
    had: list[frozenset[str]]
    would: Plan
    too_long: bool

    @property
    def would_have(self) -> list[frozenset[str]]:
        return (
            [frozenset([StepRole.POLICY])]
            if self.would.automatic
            else [step.roles for step in self.would.steps]
        )

    @property
    def verdict(self) -> str:
        """same, refused, automatic, fewer, more or other."""
        had, would = set(self.had), set(self.would_have)
        if self.too_long:
            return "refused"
        if had == would:
            return "same"
        if self.would.automatic:
            return "automatic"
        if frozenset([StepRole.POLICY]) in had:
            return "more"
        return "more" if had < would else "fewer" if would < had else "other"


def try_on(policy: Policy, last: int = LAST) -> list[Tried]:
    """The last requests, newest first, with the facts of then and the rules of `policy`."""
    rules = policy_rules.kept(policy.rules)
    tried = []
    for request in facts.with_facts(Request.objects.order_by("-pk"))[:last]:
        told = facts.of_past(request, policy.editor_ids)
        would = plan(rules, told)
        too_long = would.longest_days is not None and told.days > would.longest_days
        tried.append(Tried(request, [step.roles for step in request.steps.all()], would, too_long))
    return tried


def counts(tried: Iterable[Tried]) -> dict[str, int]:
    told = dict.fromkeys(("same", "automatic", "fewer", "more", "other", "refused"), 0)
    for each in tried:
        told[each.verdict] += 1
    return told
