"""Money is exact: one rounding, half up, and a call's cost never depends on how its tokens are split."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundry.lib.units import cost_nanos, nanos, price_units, usd, usd_text

TOKENS, PRICES = st.integers(0, 10**9), st.decimals(0, 1000, places=12)


@given(st.lists(st.tuples(TOKENS, PRICES), max_size=4))
def test_a_cost_is_the_exact_sum_rounded_once_half_up(parts: list[tuple[int, Decimal]]) -> None:
    exact = sum((Fraction(price) * tokens / 10**6 for tokens, price in parts), Fraction(0)) * 10**9
    assert cost_nanos([(tokens, price_units(price)) for tokens, price in parts]) == int(
        exact + Fraction(1, 2)
    )


@given(TOKENS, TOKENS, PRICES)
def test_splitting_the_tokens_changes_nothing(a: int, b: int, price: Decimal) -> None:
    units = price_units(price)
    assert cost_nanos([(a, units), (b, units)]) == cost_nanos([(a + b, units)])


@given(st.integers(0, 10**18))
def test_dollars_and_nano_dollars_are_the_same_money(amount: int) -> None:
    assert nanos(usd(amount)) == amount
    assert Decimal(usd_text(amount)) == usd(amount)


@pytest.mark.parametrize(
    ("amount", "text"), [(0, "0.000000000"), (1, "0.000000001"), (1_500_000_000, "1.500000000")]
)
def test_money_is_never_written_in_scientific_notation(amount: int, text: str) -> None:
    assert usd_text(amount) == text
