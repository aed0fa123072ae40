"""Offers side by side: the same questions to each, and where the answers differ. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from catalog import price_words
from catalog.calculator import Volume, monthly_usd
from catalog.models import Price
from catalog.pages import OfferFacts
from catalog.states import Lifecycle
from foundry.web.format import UNKNOWN, exact, grouped, money, pct, per_million, per_million_short

AT_MOST = 4
NOT_TOLD = "not told"


class Cell(NamedTuple):
    """:param note: what is said on hover."""

    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    label: str
    cells: Sequence[Cell]
    figures: bool = False

    @property
    def differs(self) -> bool:
        return len({cell.text for cell in self.cells}) > 1


class Group(NamedTuple):
    title: str
    lines: list[Line]


def groups(offers: Sequence[OfferFacts], volume: Volume, at: datetime) -> list[Group]:
    """All that can be compared, in the order in which people ask."""
    return [
        Group("A month of calls", [month(offers, volume)]),
        Group("Price in USD", prices(offers)),
        Group("Limits", limits(offers)),
        Group("Lifecycle", lifecycle(offers)),
        Group("Terms", terms(offers)),
        Group("Where and what", rest(offers)),
    ]


def line(label: str, offers: Iterable[OfferFacts], say: Callable[[OfferFacts], str | None]) -> Line:
    return Line(label, [Cell(say(each) or NOT_TOLD) for each in offers])


def month(offers: Sequence[OfferFacts], volume: Volume) -> Line:
    """Cost per month, and by how much it is above the cheapest."""
    costs = [monthly_usd(each.price, volume) for each in offers]
    known = [cost for cost in costs if cost is not None]
    return Line("USD per month", [cost_cell(cost, min(known, default=None)) for cost in costs], figures=True)


def cost_cell(cost: Decimal | None, least: Decimal | None) -> Cell:
    if cost is None:
        return Cell(UNKNOWN, "Nobody has set a price.")
    if not least or cost == least:
        return Cell(money(cost))
    return Cell(money(cost), f"{pct(cost / least - 1)} above the cheapest")


def prices(offers: Sequence[OfferFacts]) -> list[Line]:
    told = [price_words.base(each.price) if each.price else {} for each in offers]
    parts = [
        each.part for each in price_words.lines({part: usd for row in told for part, usd in row.items()})
    ]
    made = [
        Line(part_label(part), [amount(row.get(part), part, each) for row, each in zip(told, offers, strict=True)], True)
        for part in parts or ["input", "output"]
    ]  # fmt: skip
    if any(each.price and each.price.tiers for each in offers):
        made.append(line("Instead", offers, lambda each: tiers(each.price)))
    return [
        *made,
        line("Basis", offers, lambda each: each.price.get_basis_display() if each.price else UNKNOWN),
    ]


def part_label(part: str) -> str:
    return f"{price_words.label(part)}, per {price_words.unit(part)}"


def amount(usd: Decimal | None, part: str, facts: OfferFacts) -> Cell:
    if usd is not None:
        short, full = per_million_short(usd), per_million(usd)
        return Cell(short, full if full != short else "")
    if facts.price is None:
        return Cell(UNKNOWN)
    return Cell("as input" if part == "cached_input" else "not apart", "It has no price of its own.")


def tiers(price: Price | None) -> str:
    told = [
        f"{tier.when}: " + ", ".join(f"{each.label.lower()} {per_million(each.usd)}" for each in tier.lines)
        for tier in price_words.tier_lines(price)
    ]
    return "; ".join(told) or "no tiers"


def limits(offers: Sequence[OfferFacts]) -> list[Line]:
    return [
        line("Context, tokens", offers, lambda each: count(each.offer.context_tokens)),
        line("Answer at most, tokens", offers, lambda each: count(each.offer.max_output_tokens)),
        line("Capacity", offers, capacity),
    ]


def count(number: int | None) -> str | None:
    return grouped(number) if number else None


def capacity(facts: OfferFacts) -> str | None:
    pool = facts.offer.pool
    if pool is None:
        return None
    told = (
        f"{grouped(pool.tpm)} tokens per minute"
        if pool.tpm
        else f"{pool.maximum.normalize():,f} {pool.unit_words}"
    )
    return f"{told}, shared by {facts.sharing} offers" if facts.sharing > 1 else told


def lifecycle(offers: Sequence[OfferFacts]) -> list[Line]:
    return [
        line("Stage", offers, lambda each: str(Lifecycle(each.offer.lifecycle).label)),
        line("Retirement", offers, lambda each: exact(each.offer.retires_at.date()) if each.offer.retires_at else None),
        line("Successor", offers, lambda each: each.successor),
    ]  # fmt: skip


def terms(offers: Sequence[OfferFacts]) -> list[Line]:
    held = [dict(each.offer.terms.lines) if each.offer.terms else {} for each in offers]
    names = list(dict.fromkeys(name for row in held for name in row))
    facts = [
        Line(name.replace("sub_", "sub-").replace("_", " ").capitalize(), [Cell(row.get(name, NOT_TOLD)) for row in held])
        for name in names
    ]  # fmt: skip
    return [
        line("Terms", offers, lambda each: str(each.offer.terms or "none recorded")),
        line("Data that may be sent", offers, data),
        *facts,
    ]


def data(facts: OfferFacts) -> str | None:
    classes = facts.offer.terms.data_classes if facts.offer.terms else None
    return None if classes is None else ", ".join(classes) or "none"


def rest(offers: Sequence[OfferFacts]) -> list[Line]:
    told = [each.offer.capabilities for each in offers]
    names = list(dict.fromkeys(name for row in told for name in row))
    return [
        line("Host", offers, lambda each: each.offer.host.name),
        line("Region", offers, lambda each: each.offer.region),
        line("SKU", offers, lambda each: each.offer.sku),
        line("Version", offers, lambda each: each.offer.version),
        line("Modalities", offers, lambda each: ", ".join(each.offer.modalities)),
        *(Line(name.replace("_", " ").capitalize(), [Cell(str(row.get(name, NOT_TOLD))) for row in told]) for name in names),
    ]  # fmt: skip
