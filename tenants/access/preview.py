"""What a request would lead to, told beside the form before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Avg, F

from catalog.models import Offer, Price
from foundry.lib.errors import Refused
from foundry.people.models import User
from tenants.access import facts, rules
from tenants.access.estimate import ASSUMPTION, monthly_nanos
from tenants.access.headroom import Headroom, headroom
from tenants.access.models import Policy, Request
from tenants.access.periods import DECIDE_WITHIN_WORKING_DAYS, working_days_after
from tenants.access.policy import Plan, Planned
from tenants.access.served import require_served
from tenants.access.states import Asks, RequestState
from tenants.access.suggest import suggest
from tenants.teams.models import Application, Team

LAST, USUAL_DAYS = 50, 90


@dataclass(frozen=True, slots=True)
class Preview:
    """Steps, price, capacity and terms of what is about to be asked.

    :param automatic: the rule that would approve it at once; None where people decide.
    :param policy: the number of the policy version that says so.
    :param cost_nanos: a full month in nano-dollars; None where nothing bounds it or the price is unknown.
    :param usual_s: seconds that the last decided requests took on average; None without any.
    :param suggested: limits that the stated use calls for.
    :param obstacle: why it would be refused as it stands, or None.
    """

    offer: Offer
    team: Team | None
    steps: list[Planned]
    automatic: str | None
    longest_days: int | None
    policy: int
    due_at: datetime
    usual_s: int | None
    price: Price | None
    cost_nanos: int | None
    headroom: Headroom
    obstacle: Refused | None
    suggested: list[tuple[str, int]]
    assumption: str = ASSUMPTION


def preview(
    offer: Offer,
    *,
    limits: Mapping[str, int],
    data_class: str,
    at: datetime,
    application: Application | None = None,
    ends_on: date | None = None,
    requester: User | None = None,
    stated: Mapping[str, int] | None = None,
) -> Preview:
    """Writes nothing. Without an application, rules about teams and environments do not match yet."""
    price, policy = rules.price_of(offer, at), Policy.objects.current()
    days = ((ends_on or at.date() + timedelta(days=USUAL_DAYS)) - at.date()).days
    held = rules.grant_held(application.team, offer, application, at) if application else None
    planned = facts.plan_by(
        policy,
        facts.of_ask(
            offer,
            application,
            policy,
            data_class=data_class,
            limits=limits,
            price=price,
            days=days,
            asks=facts.asks_for(offer, application, changes=held is not None) if application else Asks.FIRST,
            requester=requester,
        ),
    )
    assert policy.number is not None
    return Preview(
        offer=offer,
        team=application.team if application else None,
        steps=planned.steps,
        automatic=planned.automatic,
        longest_days=planned.longest_days,
        policy=policy.number,
        due_at=working_days_after(at, DECIDE_WITHIN_WORKING_DAYS),
        usual_s=usual_seconds(),
        price=price,
        cost_nanos=monthly_nanos(limits, price),
        headroom=headroom(offer, at),
        obstacle=obstacle(offer, dict(limits), price, data_class, planned, days),
        suggested=suggested(stated, price),
    )


def suggested(stated: Mapping[str, int] | None, price: Price | None) -> list[tuple[str, int]]:
    """The size that the stated use calls for; nothing where nothing is stated."""
    found = suggest(stated, None, price)
    return [(kind, each.value) for kind, each in found.items() if each.value is not None]


def obstacle(
    offer: Offer, limits: dict[str, int], price: Price | None, data_class: str, planned: Plan, days: int
) -> Refused | None:
    """What would refuse this request now."""
    try:
        rules.require_requestable(offer)
        require_served(offer, data_class)
        rules.require_price_for_money(limits, price)
        rules.require_not_too_long(planned, days)
    except Refused as refused:
        return refused
    return None


def usual_seconds() -> int | None:
    """How long the last decided requests took, on average, in seconds."""
    decided = Request.objects.filter(state__in=[RequestState.APPROVED, RequestState.DENIED])
    recent = decided.order_by("-closed_at").values("pk")[:LAST]
    took = Request.objects.filter(pk__in=recent).aggregate(took=Avg(F("closed_at") - F("created_at")))["took"]
    return int(took.total_seconds()) if took else None
