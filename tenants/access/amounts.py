"""Limits between people and the database: people speak of dollars, the database keeps whole nano-dollars."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from foundry.lib.errors import Invalid
from foundry.lib.units import nanos, usd
from tenants.access.states import MONEY, LimitKind

COUNT_AT_MOST = 10**15
USD_AT_MOST = 10_000_000
USD_DECIMALS = 9


def read_limits(spoken: Mapping[str, Any]) -> dict[str, int]:
    """Limits as the database keeps them, from whole numbers and decimal strings of USD.

    Raises Invalid naming each kind that is wrong.
    """
    kept: dict[str, int] = {}
    errors: dict[str, str] = {}
    for kind, value in spoken.items():
        try:
            kept[kind] = read_amount(kind, value)
        except ValueError as error:
            errors[kind] = str(error)
    require_limits(kept, errors)
    return kept


def read_amount(kind: str, value: Any) -> int:
    """One limit in internal units. Raises ValueError with words for the person who sent it."""
    if kind not in LimitKind.values:
        raise ValueError(f"No such limit; there are {', '.join(LimitKind.values)}.")
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError(
            'Send dollars as a decimal string, for example "12.50".'
            if kind in MONEY
            else "Send a whole number."
        )
    try:
        amount = Decimal(value.strip()) if isinstance(value, str) else Decimal(value)
    except InvalidOperation:
        raise ValueError("Not a number.") from None
    if not amount.is_finite() or amount.adjusted() > 17:
        raise ValueError("Not a usable number.")
    scale = USD_DECIMALS if kind in MONEY else 0
    if amount != amount.quantize(Decimal(1).scaleb(-scale)):
        raise ValueError("At most nine decimals." if scale else "Send a whole number.")
    return nanos(amount) if kind in MONEY else int(amount)


def require_limits(limits: Mapping[str, int], errors: Mapping[str, str] | None = None) -> None:
    """At least one limit, each known, positive and within reason; Invalid otherwise."""
    wrong = dict(errors or {}) | {kind: why for kind, value in limits.items() if (why := fault(kind, value))}
    if wrong:
        words = " ".join(f"{kind}: {why}" for kind, why in wrong.items())
        raise Invalid(
            "limits.invalid", f"These limits cannot be used. {words}", remedy="Mend them.", errors=wrong
        )
    if not limits:
        raise Invalid(
            "limits.missing",
            "No limit is named.",
            remedy="Give at least one limit.",
            errors={"limits": "Empty."},
        )


def fault(kind: str, value: object) -> str:
    """What is wrong with one limit in internal units; empty when nothing is."""
    if kind not in LimitKind.values:
        return "No such limit."
    if isinstance(value, bool) or not isinstance(value, int):
        return "Send a whole number."
    if value <= 0:
        return "More than zero, please."
    if kind in MONEY:
        return "At most 10,000,000 USD." if value > nanos(Decimal(USD_AT_MOST)) else ""
    return "At most 1,000,000,000,000,000." if value > COUNT_AT_MOST else ""


def speak_limits(kept: Mapping[str, int]) -> dict[str, int | str]:
    """Limits as the API says them, in the usual order."""
    return {kind: speak_amount(kind, kept[kind]) for kind in LimitKind.values if kind in kept}


def speak_amount(kind: str, value: int) -> int | str:
    """Money as a plain decimal string of USD with at least two decimals, the rest as it is."""
    if kind not in MONEY:
        return value
    amount = usd(value).normalize()
    return f"{amount:.2f}" if amount == amount.quantize(Decimal("0.01")) else f"{amount:f}"
