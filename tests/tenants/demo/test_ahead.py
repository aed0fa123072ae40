"""A chunk ahead: the same items in the same order, and no error is swallowed."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.demo.ahead import ahead


@given(st.lists(st.integers(), max_size=60), st.integers(1, 9))
def test_nothing_is_lost_and_the_order_stays(items: list[int], chunk: int) -> None:
    assert list(ahead(iter(items), chunk)) == items


def test_an_error_of_the_maker_comes_out() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        list(ahead(broken(), 3))
