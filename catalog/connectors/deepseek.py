"""DeepSeek: a bare list of models, and the account's prepaid balance, which is all the capacity there is.

Neither stage nor price is told. Each currency is a balance of its own, as a text; an overdrawn one is below zero.
Source: DeepSeek's published API and recorded balances.
"""

from collections.abc import Iterator
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from typing import Any, ClassVar

from catalog.connectors import names
from catalog.connectors.base import Http, Listing, ListingBroken, Page, PoolRow, Problem
from catalog.connectors.openai_compatible import OpenAICompatible
from catalog.connectors.reading import leniently, parse_json, rows_of, text_of
from foundry.lib.http import BadAnswer

BALANCE = "balance"
CENT = Decimal("0.01")
TOO_LITTLE = "DeepSeek says that the balance is not enough for calls"


class DeepSeek(OpenAICompatible):
    name: ClassVar[str] = "deepseek"
    label: ClassVar[str] = "DeepSeek"
    base_url: ClassVar[str] = "https://api.deepseek.com"
    reference_prices: ClassVar[bool] = True

    def check(self, http: Http) -> str:
        page = self.balance(http)
        listing = self.read(page)
        left = " and ".join(f"{pool.maximum - pool.in_use} {pool.unit}" for pool in listing.pools)
        if not available(page):
            raise ListingBroken(
                BALANCE, f"the key works, but {TOO_LITTLE}: {left}", "Top the account up at DeepSeek."
            )
        return f"The key works; {left or 'no balance'} left."

    def balance(self, http: Http) -> Page:
        """The balance stands beside the API's versions, not below one."""
        answer = http.get(f"{self.connection.base_url.rstrip('/').removesuffix('/v1')}/user/balance")
        return Page(answer.url, answer.body, BALANCE)

    def fetch(self, http: Http) -> Iterator[Page]:
        yield from super().fetch(http)
        try:
            yield self.balance(http)
        except BadAnswer as error:
            if error.status != 404:  # servers that only speak like DeepSeek have none
                raise

    def read(self, page: Page) -> Listing:
        if page.part != BALANCE:
            return super().read(page)
        rows = rows_of(parse_json(page), page, "balance_infos")
        pools, problems = leniently(rows, self.pool, "balance")
        rejected = len(problems)
        if not available(page):
            problems = (*problems, Problem(BALANCE, f"{TOO_LITTLE}; top the account up there"))
        return Listing(pools=pools, problems=problems, rejected=rejected)

    def maker(self, row: dict[str, Any], told: str) -> tuple[tuple[str, str], str]:
        return names.publisher("deepseek"), told

    def pool(self, row: dict[str, Any]) -> PoolRow:
        """One currency. Raises ValueError in words. What is overdrawn counts as used of nothing."""
        currency, total = text_of(row, "currency", 10), money(row, "total_balance")
        below = f", {-total} overdrawn" if total < 0 else ""
        return PoolRow(
            name=f"balance {currency}",
            label=f"Prepaid balance in {currency}{below}",
            unit=currency,
            maximum=max(total, Decimal(0)),
            in_use=max(-total, Decimal(0)),
            region=self.connection.region,
        )


def available(page: Page) -> bool:
    """False only where DeepSeek says so."""
    content = parse_json(page)
    return not isinstance(content, dict) or content.get("is_available") is not False


def money(row: dict[str, Any], name: str) -> Decimal:
    """An amount in whole cents, never rounded up. Raises ValueError."""
    value = row.get(name)
    try:
        amount = Decimal(
            value if isinstance(value, str | int | Decimal) and not isinstance(value, bool) else "none"
        )
    except InvalidOperation as error:
        raise ValueError(f"'{name}' is no amount: {str(value)[:40]}") from error
    if not amount.is_finite() or abs(amount) >= 10**15:
        raise ValueError(f"'{name}' is no amount: {str(value)[:40]}")
    return amount.quantize(CENT, ROUND_DOWN)
