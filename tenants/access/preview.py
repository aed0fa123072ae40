"""What a request would lead to, told beside the form before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Avg, F

from catalog.models import Offer, Price
from foundry.lib.errors import Refused
from tenants.access import rules, steps
from tenants.access.estimate import ASSUMPTION, monthly_nanos
from tenants.access.headroom import Headroom, headroom
from tenants.access.models import Request
from tenants.access.periods import working_days_after
from tenants.access.served import require_served
from tenants.access.states import RequestState

LAST = 50


@dataclass(frozen=True, slots=True)
class Preview:
    """Steps, price, capacity and terms of what is about to be asked.

    :param cost_nanos: a full month in nano-dollars; None where nothing bounds it or the price is unknown.
    :param usual_s: seconds that the last decided requests took on average; None without any.
    :param obstacle: why it would be refused as it stands, or None.
    """

    offer: Offer
    steps: list[steps.Planned]
    due_at: datetime
    usual_s: int | None
    price: Price | None
    cost_nanos: int | None
    headroom: Headroom
    obstacle: Refused | None
    assumption: str = ASSUMPTION


def preview(offer: Offer, *, limits: Mapping[str, int], data_class: str, at: datetime) -> Preview:
    """Writes nothing."""
    price = rules.price_of(offer, at)
    return Preview(
        offer=offer,
        steps=steps.plan(data_class, limits, price),
        due_at=working_days_after(at, steps.DECIDE_WITHIN_WORKING_DAYS),
        usual_s=usual_seconds(),
        price=price,
        cost_nanos=monthly_nanos(limits, price),
        headroom=headroom(offer, at),
        obstacle=obstacle(offer, dict(limits), price, data_class),
    )


def obstacle(offer: Offer, limits: dict[str, int], price: Price | None, data_class: str) -> Refused | None:
    """What would refuse this request now."""
    try:
        rules.require_requestable(offer)
        require_served(offer, data_class)
        rules.require_price_for_money(limits, price)
    except Refused as refused:
        return refused
    return None


def usual_seconds() -> int | None:
    """How long the last decided requests took, on average, in seconds."""
    decided = Request.objects.filter(state__in=[RequestState.APPROVED, RequestState.DENIED])
    recent = decided.order_by("-closed_at").values("pk")[:LAST]
    took = Request.objects.filter(pk__in=recent).aggregate(took=Avg(F("closed_at") - F("created_at")))["took"]
    return int(took.total_seconds()) if took else None
