"""What every connector speaks: pages that come in, rows that are told. No Django, no database."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Protocol

from foundry.lib.http import Answer, OutwardError


class ListingBroken(Exception):
    """A whole page cannot be a listing; nothing may be concluded from it.

    :param why: what was seen.
    :param remedy: what a person can do now.
    """

    def __init__(self, where: str, why: str, remedy: str = "") -> None:
        super().__init__(f"{where}: {why}")
        self.where, self.why, self.remedy = where, why, remedy


@dataclass(frozen=True, slots=True)
class Connection:
    """Where and what a connector asks. The credential travels in the client's headers, not here."""

    base_url: str
    settings: Mapping[str, str]
    region: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer as it came. `part` says which listing it belongs to."""

    url: str
    body: bytes
    part: str = "models"
    number: int = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that could not be used: where in the listing, and why."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class PriceRow:
    """USD per million tokens as told; `basis` is host or reference."""

    input: Decimal
    output: Decimal
    cached_input: Decimal | None
    basis: str
    source: str


@dataclass(frozen=True, slots=True)
class OfferRow:
    """One offer as told. `key` names it for ever at this host; `variant` tells rows that repeat it apart.

    :param only_named: a row that says little but that the model is there; a fuller row of the same key counts.
    """

    key: str
    publisher: str
    publisher_name: str
    model: str
    name: str
    host_model_id: str
    lifecycle: str
    lifecycle_told: str = ""
    version: str = ""
    region: str = ""
    sku: str = ""
    retires_at: datetime | None = None
    successor_told: str = ""
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    capabilities: Mapping[str, str] = field(default_factory=dict)
    modalities: tuple[str, ...] = ()
    pool: str = ""
    description: str = ""
    price: PriceRow | None = None
    variant: str = ""
    only_named: bool = False

    def told(self) -> "OfferRow":
        """The facts alone, without which of several rows told them."""
        return replace(self, variant="")


@dataclass(frozen=True, slots=True)
class PoolRow:
    """Capacity as told, in the host's own unit.

    :param tpm_per_unit: tokens per minute of one unit, None where the host does not say.
    """

    name: str
    label: str
    unit: str
    maximum: Decimal
    in_use: Decimal
    region: str = ""
    tpm_per_unit: int | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What pages told. `complete` is False when something proves that rows are missing.

    :param announced: how many rows the host says it has in all, where it says so.
    """

    offers: tuple[OfferRow, ...] = ()
    pools: tuple[PoolRow, ...] = ()
    problems: tuple[Problem, ...] = ()
    rejected: int = 0
    complete: bool = True
    announced: int | None = None


class Http(Protocol):
    """What a connector needs of the guarded client."""

    def get(self, url: str, params: Mapping[str, str] | None = None) -> Answer: ...


class Connector(Protocol):
    """One kind of host. `fetch` asks page by page, `read` is pure and never raises for one bad row."""

    name: ClassVar[str]
    label: ClassVar[str]
    needs_network: ClassVar[bool]
    reference_prices: ClassVar[bool]
    settings_needed: ClassVar[tuple[str, ...]]

    def __init__(self, connection: Connection) -> None: ...

    def fetch(self, http: Http) -> Iterator[Page]:
        """Every page of the listing. Raises OutwardError or ListingBroken when one cannot be had."""
        ...

    def read(self, page: Page) -> Listing:
        """What one page tells. Raises ListingBroken when the page is no listing at all."""
        ...

    def headers(self, credential: str) -> dict[str, str]:
        """How this kind of host wants its credential."""
        ...


def parse_json(page: Page) -> Any:
    """The page's JSON with numbers as Decimal. Raises ListingBroken in words for HTML, cut or empty bodies."""
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
    """The rows of a bare array or of the first of `names` that holds one. Raises ListingBroken."""
    if isinstance(content, list):
        return content
    if isinstance(content, dict):
        for name in names:
            if isinstance(content.get(name), list):
                rows: list[Any] = content[name]
                return rows
    raise ListingBroken(
        f"{page.part}, page {page.number}",
        f"no rows under {' or '.join(names)}",
        "Check that the base URL is that of a model listing.",
    )


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
    return Listing(tuple(offers.values()), tuple(pools.values()), tuple(problems), rejected, complete)


BAD_ROW = (ValueError, TypeError, AttributeError, ArithmeticError, LookupError)


def leniently(
    rows: Sequence[Any], read: Callable[[Any], OfferRow]
) -> tuple[tuple[OfferRow, ...], tuple[Problem, ...]]:
    """Every row that can be read, and why each of the others cannot."""
    offers: list[OfferRow] = []
    problems: list[Problem] = []
    for number, row in enumerate(rows, 1):
        try:
            offers.append(read(object_of(row)))
        except BAD_ROW as error:
            problems.append(Problem(f"row {number} {hint(row)}".strip(), str(error)[:200]))
    return tuple(offers), tuple(problems)


def object_of(row: Any) -> dict[str, Any]:
    """The row, when it is an object. Raises ValueError."""
    if not isinstance(row, dict):
        raise ValueError(f"the row is {type(row).__name__}, not an object")
    return row


def hint(row: Any) -> str:
    """What a broken row calls itself, for the person who looks for it."""
    name = row.get("id") or row.get("name") if isinstance(row, dict) else None
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


__all__ = [
    "Connection", "Connector", "Http", "Listing", "ListingBroken", "OfferRow", "OutwardError", "Page",
    "PoolRow", "PriceRow", "Problem", "count_of", "join", "leniently", "object_of", "parse_json", "prose", "rows_of",
    "slug", "text_of", "words_of",
]  # fmt: skip
