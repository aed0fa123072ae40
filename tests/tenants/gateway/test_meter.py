"""From a host's report to tokens and nano-dollars."""

from datetime import UTC, datetime

import pytest

from tenants.gateway.meter import report
from tenants.keys.passport import PriceRow
from tenants.usage.charge import Tokens, cost

TOLD = {"prompt_tokens": 10, "completion_tokens": 5}
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def price(into: int, out: int, cached: int | None = None) -> PriceRow:
    """In 1e-12 USD per million tokens."""
    return PriceRow(1, "host", 2, NOW, None, into, out, cached)


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}, Tokens(10, 5)),
        (TOLD | {"prompt_tokens_details": {"cached_tokens": 8}}, Tokens(10, 5, 8)),
        ({"prompt_tokens": 10, "completion_tokens": 5, "prompt_cache_hit_tokens": 4}, Tokens(10, 5, 4)),
        (TOLD | {"completion_tokens_details": {"reasoning_tokens": 3}}, Tokens(10, 5, 0, 3)),
        # reasoning told beside the completion: the total is what is paid
        (
            TOLD | {"total_tokens": 115, "completion_tokens_details": {"reasoning_tokens": 100}},
            Tokens(10, 105, 0, 100),
        ),
        ({"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 99}}, Tokens(10, 5, 10)),
        ({"prompt_tokens": -1, "completion_tokens": 5}, None),
        ({"prompt_tokens": 1.5, "completion_tokens": 5}, None),
        ({"prompt_tokens": True, "completion_tokens": 5}, None),
        ({"prompt_tokens": "10", "completion_tokens": 5}, None),
        ({"prompt_tokens": 10, "completion_tokens": 10**13}, None),
        ({"prompt_tokens": 10}, None), ({}, None), (None, None), ([], None),
    ],
)  # fmt: skip
def test_a_report_is_read_or_is_none(usage: object, tokens: Tokens | None) -> None:
    assert report(usage) == tokens


def test_cached_input_has_its_own_price_and_the_sum_is_rounded_once() -> None:
    dear = price(3 * 10**12, 15 * 10**12, 3 * 10**11)
    assert cost(Tokens(1_000, 10, 400), dear, NOW) == (600 * 3_000 + 400 * 300 + 10 * 15_000, "host")
    assert cost(Tokens(1_000, 10, 400), price(3 * 10**12, 15 * 10**12), NOW) == (
        1_000 * 3_000 + 10 * 15_000,
        "host",
    )
    assert (
        cost(Tokens(1, 1), price(4 * 10**8, 10**8), NOW)[0] == 1
    )  # 0.4 and 0.1 nano-dollars are half of one


def test_an_unknown_price_is_an_unknown_cost() -> None:
    assert cost(Tokens(1_000, 10), None, NOW) == (None, "unknown")
