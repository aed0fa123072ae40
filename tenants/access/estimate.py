"""What limits would cost in a month at today's price. Pure; an estimate, and says so."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from foundry.lib.units import cost_nanos, price_units
from tenants.access.states import LimitKind

if TYPE_CHECKING:
    from catalog.models import Price

DAYS_PER_MONTH = 30
INPUT_PARTS, ALL_PARTS = 3, 4  # of four tokens three are read and one is written
ASSUMPTION = "if all of it is used and three of four tokens are input"


def tokens_per_month(limits: Mapping[str, int]) -> int | None:
    """The most tokens a month can have under these limits; None when no limit of a day or month says."""
    bounds = []
    if LimitKind.TOKENS_PER_MONTH in limits:
        bounds.append(limits[LimitKind.TOKENS_PER_MONTH])
    if LimitKind.TOKENS_PER_DAY in limits:
        bounds.append(limits[LimitKind.TOKENS_PER_DAY] * DAYS_PER_MONTH)
    return min(bounds, default=None)


def budget_nanos(limits: Mapping[str, int]) -> int | None:
    """The most money a month can take by its money limits, in nano-dollars; None without one."""
    bounds = []
    if LimitKind.USD_PER_MONTH in limits:
        bounds.append(limits[LimitKind.USD_PER_MONTH])
    if LimitKind.USD_PER_DAY in limits:
        bounds.append(limits[LimitKind.USD_PER_DAY] * DAYS_PER_MONTH)
    return min(bounds, default=None)


def monthly_nanos(limits: Mapping[str, int], price: "Price | None") -> int | None:
    """What a full month would cost, in nano-dollars: tokens at their price, but no more than the budget.

    None where nothing bounds the month or the price is unknown and no budget is asked.
    """
    tokens, bounds = tokens_per_month(limits), []
    if price is not None and tokens is not None:
        read = tokens * INPUT_PARTS // ALL_PARTS
        parts = [(read, price.input_per_million), (tokens - read, price.output_per_million)]
        bounds.append(cost_nanos([(count, price_units(each)) for count, each in parts]))
    if (budget := budget_nanos(limits)) is not None:
        bounds.append(budget)
    return min(bounds, default=None)


def committed_nanos(limits: Mapping[str, int], price: "Price | None") -> int | None:
    """What a month may cost, as policies judge it: the budget where one is named, else the tokens at their price."""
    budget = budget_nanos(limits)
    return monthly_nanos(limits, price) if budget is None else budget
