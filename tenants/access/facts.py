"""What policies look at, read from rows."""

from collections.abc import Mapping
from datetime import date, datetime

from django.db.models import Exists, OuterRef, Prefetch

from catalog.models import Offer, Price
from foundry.people.models import User
from tenants.access import policy_rules
from tenants.access.estimate import committed_nanos
from tenants.access.models import GrantApplication, Policy, Request
from tenants.access.models.requests import RequestQuerySet
from tenants.access.policy import Facts, Plan, plan
from tenants.access.states import Asks
from tenants.teams import rules as team_rules
from tenants.teams.models import Application, Membership


def of_ask(
    offer: Offer,
    application: Application | None,
    policy: Policy,
    *,
    data_class: str,
    limits: Mapping[str, int],
    price: Price | None,
    days: int,
    asks: str,
    requester: User | None,
) -> Facts:
    """:param application: None while nobody has chosen one; rules about teams and environments then do not match."""
    team = application.team if application else None
    return Facts(
        offer=offer.call_name,
        publisher=offer.model.publisher.slug,
        host=offer.host.slug,
        lifecycle=offer.lifecycle,
        data_class=data_class,
        environment=application.environment if application else "",
        team=team.slug if team else "",
        cost_centre=team.cost_centre.code if team else "",
        asks=asks,
        limits=limits,
        cost_nanos=committed_nanos(limits, price),
        days=days,
        owner_asks=bool(team and requester and team_rules.is_owner(team, requester)),
        editor_asks=requester is not None and requester.pk in policy.editor_ids,
    )


def asks_for(offer: Offer, application: Application, *, changes: bool) -> str:
    """Is it the application's first grant of the offer, one more, or a change of one?"""
    if changes:
        return Asks.CHANGE
    had = GrantApplication.objects.filter(offer=offer, application=application)
    return Asks.AGAIN if had.exists() else Asks.FIRST


def plan_by(policy: Policy, facts: Facts) -> Plan:
    return plan(policy_rules.kept(policy.rules), facts)


def days_of(request: Request, ends_on: date | None = None) -> int:
    return ((ends_on or request.ends_on) - request.created_at.date()).days


def plan_for(
    request: Request, limits: Mapping[str, int], ends_on: date, price: Price | None, policy: Policy
) -> Plan:
    """What `policy` makes of a request at the given size."""
    changes = request.grant_id is not None
    facts = of_ask(
        request.offer,
        request.application,
        policy,
        data_class=request.data_class,
        limits=limits,
        price=price,
        days=days_of(request, ends_on),
        asks=asks_for(request.offer, request.application, changes=changes),
        requester=request.requester,
    )
    return plan_by(policy, facts)


# Past requests, to try a draft on


def with_facts(requests: RequestQuerySet) -> RequestQuerySet:
    """Requests with all that `of_past` reads, in as many queries for one as for a hundred."""
    had = GrantApplication.objects.filter(
        application=OuterRef("application"),
        offer=OuterRef("offer"),
        grant__starts_at__lt=OuterRef("created_at"),
    )
    owns = Membership.objects.filter(team=OuterRef("team"), user=OuterRef("requester"), role=Membership.OWNER)
    prices = Prefetch("offer__prices", queryset=Price.objects.order_by("precedence"), to_attr="prices_ever")
    return (
        requests.with_names()
        .annotate(had_before=Exists(had), owner_asks=Exists(owns))
        .prefetch_related(prices, "steps")
    )


def of_past(request: Request, editor_ids: list[int]) -> Facts:
    """The facts as they were when it was asked; the lifecycle alone is today's."""
    price = price_then(request.offer.prices_ever, request.created_at)  # type: ignore[attr-defined]  # prefetched
    asks = Asks.CHANGE if request.grant_id else Asks.AGAIN if request.had_before else Asks.FIRST  # type: ignore[attr-defined]
    return Facts(
        offer=request.offer.call_name,
        publisher=request.offer.model.publisher.slug,
        host=request.offer.host.slug,
        lifecycle=request.offer.lifecycle,
        data_class=request.data_class,
        environment=request.application.environment,
        team=request.team.slug,
        cost_centre=request.team.cost_centre.code,
        asks=asks,
        limits=request.asked,
        cost_nanos=committed_nanos(request.asked, price),
        days=days_of(request),
        owner_asks=request.owner_asks,  # type: ignore[attr-defined]  # annotated
        editor_asks=request.requester_id in editor_ids,
    )


def price_then(prices: list[Price], at: datetime) -> Price | None:
    """Of an offer's prices by precedence, the one that counted at `at`."""
    return next((p for p in prices if p.starts_at <= at and (p.ends_at is None or p.ends_at > at)), None)
