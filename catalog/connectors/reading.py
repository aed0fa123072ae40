"""How a connector reads what came: JSON to rows, names to texts and counts; nothing here guesses. Pure."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, TypeVar

from catalog.connectors.base import Listing, ListingBroken, OfferRow, Page, Problem

EXACT = Context(prec=80)
Row = TypeVar("Row")
# What the columns hold; a name that is longer would fail its whole listing.
LIMITS = {
    "key": 300, "publisher": 50, "publisher_name": 120, "model": 120, "name": 160, "host_model_id": 200,
    "version": 60, "region": 60, "sku": 60, "successor_told": 200,
}  # fmt: skip


@lru_cache(maxsize=1)
def parse_json(page: Page) -> Any:
    """The page's JSON with numbers as Decimal. Raises ListingBroken in words for HTML, cut or empty bodies.

    The last page is kept, because paging and reading both look at it; what it answers is only read, never changed.
    """
    where = f"{page.part}, page {page.number}"
    start = page.body[:200].lstrip().lower()
    if not start:
        raise ListingBroken(where, "the answer is empty", "Try again; if it stays empty, ask the host.")
    if start.startswith(b"<"):
        raise ListingBroken(
            where, "the answer is a web page, not a listing", "Check the base URL and any proxy between."
        )
    try:
        return json.loads(page.body, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise ListingBroken(
            where, f"the answer is no whole JSON: {str(error)[:120]}", "It was probably cut; sync again."
        ) from error


def rows_of(content: Any, page: Page, *names: str) -> list[Any]:
    """The rows of a bare array or of the first of `names` that holds one. Raises ListingBroken.

    An error beside the rows counts: a host that failed half way through has not told everything.
    """
    if isinstance(content, list):
        return content
    if isinstance(content, dict):
        if (failure := failure_in(content)) is not None:
            raise ListingBroken(
                f"{page.part}, page {page.number}",
                f"the host reports an error inside a success{error_code(failure)}",
                "Sync again; if it stays, look at the host's status page.",
            )
        for name in names:
            if isinstance(content.get(name), list):
                rows: list[Any] = content[name]
                return rows
    raise ListingBroken(
        f"{page.part}, page {page.number}",
        f"no rows under {' or '.join(names)}",
        "Check that the base URL is that of a model listing.",
    )


def failure_in(content: dict[str, Any]) -> Any:
    """What a body says went wrong, beside rows or instead of them; None when it says nothing of the kind."""
    if told := content.get("error") or content.get("errors"):
        return told[0] if isinstance(told, list) else told
    return {} if content.get("success") is False or content.get("partial") is True else None


def error_code(error: Any) -> str:
    """The error's code in parentheses; its prose is left out, because hosts repeat credentials there."""
    told = error.get("code") or error.get("type") or "" if isinstance(error, dict) else ""
    return f" ({told})" if re.fullmatch(r"\w{1,40}", str(told)) else ""


def join(listings: list[Listing]) -> Listing:
    """All pages as one listing; equal rows of several variants become one, real repeats make it incomplete."""
    offers: dict[str, OfferRow] = {}
    seen: set[tuple[str, str]] = set()
    problems = [problem for listing in listings for problem in listing.problems]
    complete = all(listing.complete for listing in listings)
    for row in (row for listing in listings for row in listing.offers):
        if (row.key, row.variant) in seen:
            problems.append(Problem(row.key, "listed twice; pages may overlap, so others may be missing"))
            complete = False
        elif row.key in offers and not row.only_named and offers[row.key].told() != row.told():
            problems.append(Problem(row.key, f"told differently as {row.variant}; the first row counts"))
        seen.add((row.key, row.variant))
        offers.setdefault(row.key, row)
    pools = {(pool.region, pool.name): pool for listing in listings for pool in listing.pools}
    rejected = sum(listing.rejected for listing in listings)
    came = sum(len(listing.offers) for listing in listings) + rejected
    announced = max((listing.announced or 0 for listing in listings), default=0)
    if came < announced:
        problems.append(Problem("listing", f"the host says that it has {announced} models, and told {came}"))
        complete = False
    if listings and listings[-1].more:
        problems.append(Problem("listing", "the last page names a next one, and that never came"))
        complete = False
    return Listing(tuple(offers.values()), tuple(pools.values()), tuple(problems), rejected, complete)


BAD_ROW = (ValueError, TypeError, AttributeError, ArithmeticError, LookupError)


def leniently(
    rows: Sequence[Any], read: Callable[[Any], Row], what: str = "row"
) -> tuple[tuple[Row, ...], tuple[Problem, ...]]:
    """Every row that can be read, and why each of the others cannot."""
    return leniently_many(rows, lambda row: [read(row)], what)


def leniently_many(
    rows: Sequence[Any], read: Callable[[Any], Sequence[Row]], what: str = "row"
) -> tuple[tuple[Row, ...], tuple[Problem, ...]]:
    """The same where one row may be several: all of them, or none and the reason."""
    good: list[Row] = []
    problems: list[Problem] = []
    for number, row in enumerate(rows, 1):
        try:
            good += [fitting(each) for each in read(object_of(row))]
        except BAD_ROW as error:
            problems.append(Problem(f"{what} {number} {hint(row)}".strip(), str(error)[:200]))
    return tuple(good), tuple(problems)


def fitting(row: Row) -> Row:
    """The row, when the database can hold its names whole. Raises ValueError in words."""
    for name, most in LIMITS.items() if isinstance(row, OfferRow) else ():
        if len(getattr(row, name)) > most:
            raise ValueError(f"its {name.replace('_', ' ')} is longer than {most} characters")
    return row


def object_of(row: Any) -> dict[str, Any]:
    """The row, when it is an object. Raises ValueError."""
    if not isinstance(row, dict):
        raise ValueError(f"the row is {type(row).__name__}, not an object")
    return row


def hint(row: Any) -> str:
    """What a broken row calls itself, for the person who looks for it."""
    told = [row.get(name) for name in ("id", "name", "modelId")] if isinstance(row, dict) else []
    name = next(filter(None, told), None)
    return name[:80] if isinstance(name, str) and name.isprintable() else ""


def slug(text: str) -> str:
    """A name as it stands in URLs and in `publisher/model`."""
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.")[:120]


def text_of(row: Mapping[str, Any], name: str, most: int = 200) -> str:
    """A required text. Raises ValueError in words; control characters are refused, they only hide things."""
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"'{name}' is missing")
    if len(value) > most:
        raise ValueError(f"'{name}' is longer than {most} characters")
    if not value.isprintable():
        raise ValueError(f"'{name}' holds control characters")
    return value.strip()


def prose(value: Any, most: int = 2000) -> str:
    """A free text for people: absent is empty; what a database or a page could choke on is left out."""
    text = value if isinstance(value, str) else ""
    if len(text) <= most and text.isprintable():
        return text.strip()  # nearly all of them, and much quicker
    return "".join(sign for sign in text[:most] if sign.isprintable() or sign == "\n").strip()


def words_of(value: Any, most: int = 40) -> tuple[str, ...]:
    """The texts of a list in their own order; anything else in it is left out."""
    told = value if isinstance(value, list) else []
    return tuple(text for item in told[:most] if (text := prose(item, 200)))


def count_of(value: Any) -> int | None:
    """A token count from a number or a numeric text; None when absent, zero or absurd."""
    if isinstance(value, Decimal) and not (value.is_finite() and value.adjusted() < 12):
        return None  # a few bytes like 1e999999999 would become an integer of a gigabyte
    try:
        number = int(value)
    except (TypeError, ValueError, ArithmeticError):
        return None
    return number if 0 < number < 2**31 else None


def whole(row: Mapping[str, Any], name: str, most: int = 10**15) -> int | None:
    """A count of things that may be none of: None when absent. Raises ValueError for what is no whole, sane number."""
    value = row.get(name)
    if value is None:
        return None
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() < 16 and value == int(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < most:
        raise ValueError(f"'{name}' is no count: {str(value)[:40]}")
    return value


def dollars(value: Any, what: str, zeros: int = 0) -> Decimal | None:
    """A price from a number or a numeric text, times ten to the power of `zeros`, to its last digit.

    None where none is told. Raises ValueError for what is no price: no number, below zero, or absurd.
    """
    if value is None or value == "":
        return None
    try:
        found = Decimal(value) if isinstance(value, str | int | Decimal) else Decimal("nan")
    except InvalidOperation:
        found = Decimal("nan")
    sane = found.is_finite() and (found == 0 or (found > 0 and -30 < found.adjusted() < 6))
    if isinstance(value, bool) or not sane:
        raise ValueError(f"'{what}' is no price: {str(value)[:40]}")
    return found.scaleb(zeros, EXACT)


def moment(text: str) -> datetime:
    """An ISO date or time as UTC; a time without a zone is UTC. Raises ValueError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"'{text[:60]}' is no date") from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
