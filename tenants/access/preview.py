"""What a request would lead to, told beside the form before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from catalog.models import Offer, Price
from foundry.lib.errors import Refused
from foundry.people.models import User
from tenants.access import facts, rules, sizes
from tenants.access.estimate import ASSUMPTION, monthly_nanos
from tenants.access.headroom import Headroom, headroom
from tenants.access.models import Policy, in_order
from tenants.access.periods import DECIDE_WITHIN_WORKING_DAYS, working_days_after
from tenants.access.policy import Plan, Planned
from tenants.access.served import require_served, ruled_out
from tenants.access.sizes import Size, peaks_of
from tenants.access.states import Asks, LimitKind
from tenants.access.suggest import Peaks
from tenants.access.usual import Usual, usual_of
from tenants.teams.models import Application, Team

USUAL_DAYS = 90


@dataclass(frozen=True, slots=True)
class Preview:
    """Steps, price, capacity and terms of what is about to be asked.

    :param automatic: the rule that would approve it at once; None where people decide.
    :param policy: the number of the policy version that says so.
    :param cost_nanos: a full month in nano-dollars; None where nothing bounds it or the price is unknown.
    :param usual: how long requests like it took lately; None while people decided none.
    :param sized: limits that the stated use, or that of the grant it shall be like, calls for.
    :param ruled_out: other offers of the model whose terms do not allow the chosen data.
    :param held: limits of the grant that the application has of this offer; `peaks` is what its calls reached.
    :param adding_tpm: tokens per minute beyond what is held.
    :param obstacle: why it would be refused as it stands, or None.
    """

    offer: Offer
    team: Team | None
    steps: list[Planned]
    automatic: str | None
    longest_days: int | None
    policy: int
    due_at: datetime
    usual: Usual | None
    price: Price | None
    cost_nanos: int | None
    headroom: Headroom
    obstacle: Refused | None
    sized: Size
    ruled_out: list[Offer]
    held: dict[str, int]
    held_until: datetime | None
    peaks: Peaks | None
    adding_tpm: int
    assumption: str = ASSUMPTION

    @property
    def suggested(self) -> list[tuple[str, int]]:
        return in_order(self.sized.limits)

    @property
    def held_in_order(self) -> list[tuple[str, int]]:
        return in_order(self.held)

    @property
    def headroom_words(self) -> str:
        return self.headroom.words_with(self.adding_tpm)


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
    like: int | None = None,
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
    now = dict(held.limits.granted_at(at).values_list("kind", "maximum")) if held else {}
    return Preview(
        offer=offer,
        team=application.team if application else None,
        steps=planned.steps,
        automatic=planned.automatic,
        longest_days=planned.longest_days,
        policy=policy.number,
        due_at=working_days_after(at, DECIDE_WITHIN_WORKING_DAYS),
        usual=usual_of([step.role for step in planned.steps]),
        price=price,
        cost_nanos=monthly_nanos(limits, price),
        headroom=headroom(offer, at),
        obstacle=obstacle(offer, dict(limits), price, data_class, planned, days),
        sized=like_or_stated(like, stated, requester, price, at),
        ruled_out=ruled_out(offer, data_class),
        held=now,
        held_until=held.ends_at if held else None,
        peaks=peaks_of(held.pk, at) if held else None,
        adding_tpm=max(0, limits.get(LimitKind.TPM, 0) - now.get(LimitKind.TPM, 0)),
    )


def like_or_stated(
    like: int | None,
    stated: Mapping[str, int] | None,
    person: User | None,
    price: Price | None,
    at: datetime,
) -> Size:
    """What the size would be; what the team states counts before whom it is like."""
    if like is not None and person is not None and not stated:
        return sizes.like(like, person, price, at)
    return sizes.of_stated(stated, price)


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
