"""What an approver looks at beside a request: how the like was decided, what the team has, what is promised."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Prefetch
from django.utils.module_loading import import_string

from catalog.models import Price
from foundry.web.format import money_nanos
from tenants.access.estimate import budget_nanos, committed_nanos
from tenants.access.models import Decision, Grant, GrantQuerySet, Request, in_order
from tenants.access.states import Outcome, RequestState
from tenants.access.suggest import Peaks

SIMILAR, IDLE_AFTER = 5, timedelta(days=30)


@dataclass(frozen=True, slots=True)
class TeamRecord:
    """What the team has and how its requests went.

    :param idle: grants in force for a month that no call used in the last 30 days.
    :param denied: requests of the last year that were denied.
    """

    grants: int
    suspended: int
    idle: list[Grant]
    decided: int
    denied: int


@dataclass(frozen=True, slots=True)
class Promised:
    """Money per month that grants in force promise, in nano-dollars.

    :param by_tokens_nanos: the part that limits in tokens promise, at today's list or negotiated price, three of four
        tokens being input; the rest is limits in money.
    :param unbounded: grants without a limit of a day or month, or without a price; they promise no sum.
    """

    nanos: int
    by_tokens_nanos: int
    unbounded: int


@dataclass(frozen=True, slots=True)
class Amount:
    """One grant's part. :param nanos: None where nothing bounds its month or its price is unknown."""

    centre_id: int
    nanos: int | None
    by_tokens: bool


@dataclass(frozen=True, slots=True)
class Budget:
    """Money a month before and after a request, of a team or a cost centre, in nano-dollars.

    :param maximum: the budget; None where none is set.
    :param adding: what the request adds; below zero where it asks for less; None where nobody knows.
    """

    maximum: int | None
    promised: Promised
    adding: int | None

    @property
    def after(self) -> int | None:
        return None if self.adding is None else self.promised.nanos + self.adding

    @property
    def now_words(self) -> str:
        """What is promised without anything added."""
        now, budget = self.promised.nanos, self.maximum
        if budget is None:
            return f"{money_nanos(now)} a month is promised; no budget is set."
        rest = f"{money_nanos(abs(budget - now))} {'over it' if now > budget else 'left'}"
        return f"{money_nanos(now)} of {money_nanos(budget)} a month is promised, {rest}."

    @property
    def words(self) -> str:
        """For those who do not see the bar, and beside it for those who do."""
        now, budget = money_nanos(self.promised.nanos), self.maximum
        of = "no budget is set" if budget is None else f"its budget is {money_nanos(budget)}"
        if self.after is None:
            return f"{now} a month is promised; {of}. What this adds nobody can say."
        left = ""
        if budget is not None:
            more = budget - self.after
            left = f", {money_nanos(abs(more))} {'over it' if more < 0 else 'left of it'}"
        return f"{now} a month is promised, {money_nanos(self.after)} with this; {of}{left}."


def budget_of(
    grants: GrantQuerySet, maximum: int | None, request: Request, wanted: int | None, at: datetime
) -> Budget:
    """Before and after a request; of a change only the difference counts.

    :param wanted: what the request may cost in a month, in nano-dollars; None where nobody knows.
    """
    amounts = amounts_of(grants, at)
    held = amounts.get(request.grant_id or 0)
    adding = None if wanted is None else wanted - ((held.nanos or 0) if held else 0)
    return Budget(maximum, add_up(amounts.values()), adding)


def similar(request: Request) -> list[dict[str, Any]]:
    """The last decided requests for the same model, by anybody: asked and granted side by side."""
    closed = [RequestState.APPROVED, RequestState.DENIED]
    rows = Request.objects.filter(offer__model=request.offer.model_id, state__in=closed).exclude(
        pk=request.pk
    )
    found = rows.select_related("team").prefetch_related("decisions").order_by("-closed_at", "-pk")[:SIMILAR]
    return [{"row": row, "asked": row.asked_in_order, "granted": granted(row)} for row in found]


def granted(row: Request) -> list[tuple[str, int]] | None:
    """What the last decision granted; None for a denial."""
    last = max(row.decisions.all(), key=lambda each: (each.at, each.pk), default=None)
    return None if last is None or last.granted is None else in_order(last.granted)


def of_team(request: Request, at: datetime) -> TeamRecord:
    held = list(
        Grant.objects.filter(team=request.team_id)
        .in_force(at)
        .judged(at)
        .select_related("offer__model__publisher", "offer__host")
    )
    old = [grant for grant in held if grant.starts_at < at - IDLE_AFTER]
    used = import_string(settings.GRANTS_USED_SINCE)([grant.pk for grant in old], at - IDLE_AFTER)
    year = Decision.objects.filter(request__team=request.team_id, at__gt=at - timedelta(days=365))
    return TeamRecord(
        grants=len(held),
        suspended=sum(grant.state_then == "suspended" for grant in held),
        idle=[grant for grant in old if grant.pk not in used],
        decided=year.values("request").distinct().count(),
        denied=year.filter(outcome=Outcome.DENIED).count(),
    )


def promised(grants: GrantQuerySet, at: datetime) -> Promised:
    """What grants in force may cost in a month. Three queries."""
    return add_up(amounts_of(grants, at).values())


def amounts_of(grants: GrantQuerySet, at: datetime) -> dict[int, Amount]:
    """What each grant in force may cost in a month, by its id."""
    prices = Prefetch("offer__prices", queryset=Price.objects.at(at), to_attr="prices_now")
    rows = grants.filter(pk__in=Grant.objects.in_force(at).values("pk")).select_related("team", "offer")
    return {row.pk: amount_of(row) for row in rows.with_limits(at).prefetch_related(prices)}


def amount_of(grant: Grant) -> Amount:
    """By its limits in money, else by its tokens at today's price."""
    limits = {row.kind: row.maximum for row in grant.limits_then}
    by_money = budget_nanos(limits)
    price = next(iter(grant.offer.prices_now), None)  # type: ignore[attr-defined]  # prefetched
    found = committed_nanos(limits, price)
    return Amount(grant.team.cost_centre_id, found, by_money is None)


def add_up(amounts: Iterable[Amount]) -> Promised:
    listed = list(amounts)
    bound = [each for each in listed if each.nanos is not None]
    return Promised(
        nanos=sum(each.nanos or 0 for each in bound),
        by_tokens_nanos=sum(each.nanos or 0 for each in bound if each.by_tokens),
        unbounded=len(listed) - len(bound),
    )


def promised_by_centre(centre_ids: Iterable[int], at: datetime) -> dict[int, Promised]:
    """The same for several cost centres at once; none is left out."""
    wanted = list(centre_ids)
    found: dict[int, list[Amount]] = {centre_id: [] for centre_id in wanted}
    for amount in amounts_of(Grant.objects.filter(team__cost_centre__in=wanted), at).values():
        found[amount.centre_id].append(amount)
    return {centre_id: add_up(amounts) for centre_id, amounts in found.items()}


def peaks_of(request: Request, at: datetime) -> Peaks | None:
    """What the application's present grant of this offer reached; None for a new one."""
    if request.grant_id is None:
        return None
    found: Peaks | None = import_string(settings.GRANT_PEAKS)(request.grant_id, at)
    return found
