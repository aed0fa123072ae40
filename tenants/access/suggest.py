"""The size that stated or measured use calls for, per limit, and what it rests on. Pure; never a number without a basis."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenants.access.estimate import DAYS_PER_MONTH, monthly_nanos
from tenants.access.states import LimitKind

if TYPE_CHECKING:
    from catalog.models import Price

ROOM = (5, 4)  # a quarter more than what is seen or stated
BURST = 3  # a busy minute holds three times the mean minute of its hour
BUSY_MINUTES = 480  # stated calls a day come within eight hours
STATED, MEASURED, NO_BASIS = (
    "from the stated use",
    "from the busiest hour and day of the last 30 days",
    "no basis",
)


@dataclass(frozen=True, slots=True)
class Peaks:
    """What a grant's calls reached in the last 30 days.

    :param calls_hour, tokens_hour: of the busiest hour; `tokens_day` of the busiest day of budgets, in whole hours.
    :param tokens_month, cost_nanos_month: of all 30 days together.
    :param refused: calls refused in them, which count nowhere else.
    """

    calls_hour: int
    tokens_hour: int
    tokens_day: int
    tokens_month: int
    cost_nanos_month: int
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Suggestion:
    """:param value: in the limit's internal unit; None where nothing says."""

    value: int | None
    basis: str


def suggest(
    stated: Mapping[str, int] | None, peaks: Peaks | None, price: "Price | None"
) -> dict[str, Suggestion]:
    """A suggestion for every kind of limit. What the team states counts first: it may know more than its past."""
    if stated:
        found, basis = of_stated(stated, price), STATED
    elif peaks is not None and peaks.calls_hour:
        found, basis = of_peaks(peaks), MEASURED
    else:
        found, basis = {}, NO_BASIS
    return {
        kind: Suggestion(round_up(found[kind]), basis) if found.get(kind) else Suggestion(None, NO_BASIS)
        for kind in LimitKind.values
    }


def of_stated(stated: Mapping[str, int], price: "Price | None") -> dict[str, int]:
    """From calls a day and the tokens of one call."""
    calls, tokens = stated["calls_per_day"], stated["tokens_in"] + stated["tokens_out"]
    rpm = max(1, ceil(calls * BURST, BUSY_MINUTES))
    found: dict[str, int] = {
        LimitKind.RPM: rpm,
        LimitKind.TPM: rpm * tokens,
        LimitKind.TOKENS_PER_DAY: roomy(calls * tokens),
        LimitKind.TOKENS_PER_MONTH: roomy(calls * tokens * DAYS_PER_MONTH),
    }
    if cost := monthly_nanos({LimitKind.TOKENS_PER_MONTH: found[LimitKind.TOKENS_PER_MONTH]}, price):
        found[LimitKind.USD_PER_MONTH] = cost
    return found


def of_peaks(peaks: Peaks) -> dict[str, int]:
    return {
        LimitKind.RPM: max(1, ceil(peaks.calls_hour * BURST, 60)),
        LimitKind.TPM: max(1, ceil(peaks.tokens_hour * BURST, 60)),
        LimitKind.TOKENS_PER_DAY: roomy(peaks.tokens_day),
        LimitKind.TOKENS_PER_MONTH: roomy(peaks.tokens_month),
        LimitKind.USD_PER_MONTH: roomy(peaks.cost_nanos_month),
    }


def ceil(amount: int, by: int) -> int:
    return -(-amount // by)


def roomy(amount: int) -> int:
    return ceil(amount * ROOM[0], ROOM[1])


def round_up(amount: int) -> int:
    """To two digits, so that nobody reads precision into it: 12,345 is 13,000."""
    unit: int = 10 ** max(0, len(str(amount)) - 2)
    return ceil(amount, unit) * unit
