"""Money and tokens as integers, and the one rounding rule.

Money is an integer of nano-dollars (1e-9 USD). A price is kept as USD per million tokens to its last digit
(18 decimals); a call is charged in integers of 1e-12 USD per million tokens, rounded half up here and in
`tenants/keys/gateway.sql` alike: a million tokens are at most half of 1e-12 USD off.
"""

from decimal import ROUND_HALF_UP, Decimal

NANOS_PER_USD = 1_000_000_000
PRICE_DECIMALS = 12
_PRICE_SCALE = Decimal(10) ** PRICE_DECIMALS
_TO_NANOS = 10**9  # 1e-12 USD/million tokens * tokens = 1e-18 USD; nano-dollars are 1e-9 USD


def price_units(usd_per_million: Decimal) -> int:
    """A price as an integer of 1e-12 USD per million tokens."""
    return int((usd_per_million * _PRICE_SCALE).to_integral_value(ROUND_HALF_UP))


def cost_nanos(parts: list[tuple[int, int]]) -> int:
    """What (tokens, price units) parts cost together, in nano-dollars, rounded once, half up.

    The sum is exact before it is rounded, so a call's cost never depends on how its tokens are split.
    """
    total = sum(tokens * units for tokens, units in parts)
    return (2 * total + _TO_NANOS) // (2 * _TO_NANOS)


def usd(nanos: int) -> Decimal:
    """Nano-dollars as Decimal dollars."""
    return Decimal(nanos).scaleb(-9)


def usd_text(nanos: int) -> str:
    """Nano-dollars as dollars with nine decimals, never in scientific notation."""
    return f"{usd(nanos):.9f}"


def nanos(amount_usd: Decimal) -> int:
    """Decimal dollars as nano-dollars, half up."""
    return int((amount_usd * NANOS_PER_USD).to_integral_value(ROUND_HALF_UP))
