"""What a change means to those who use an offer, in a title, a line and a tone. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalog.risks import ALWAYS, amount, conditions, prices_under, tier_of
from catalog.risks import words as part_words
from catalog.states import ChangeKind, Lifecycle
from catalog.words import fact
from foundry.web.format import per_million

Json = Any
ENDING = {Lifecycle.LEGACY: "warn", Lifecycle.DEPRECATED: "warn", Lifecycle.RETIRED: "bad"}
# What teams ask for, and the kinds of change that answer it.
TOPICS: dict[str, tuple[str, tuple[str, ...]]] = {
    "new": ("New and back", (ChangeKind.NEW, ChangeKind.BACK)),
    "price": ("Prices", (ChangeKind.PRICE,)),
    "leaving": (
        "Going away",
        (ChangeKind.GONE, ChangeKind.LIFECYCLE, ChangeKind.RETIREMENT_DATE, ChangeKind.SUCCESSOR),
    ),
    "able": ("Abilities and capacity", (ChangeKind.CONTEXT, ChangeKind.CAPABILITY, ChangeKind.LIMITS)),
    "terms": ("Terms", (ChangeKind.TERMS,)),
}


@dataclass(frozen=True, slots=True)
class News:
    """:param tone: good, warn, bad or info, as everywhere on pages."""

    title: str
    detail: str
    tone: str = "info"


def news(kind: str, before: Json, after: Json) -> News:
    if kind == ChangeKind.NEW:
        return News("New", fact(kind, after), "good")
    if kind == ChangeKind.BACK:
        return News("Back", "The host lists it again.", "good")
    if kind == ChangeKind.GONE:
        return News("Gone", "The host no longer lists it; calls may fail.", "bad")
    if kind == ChangeKind.PRICE:
        return price_news(before, after)
    if kind == ChangeKind.LIFECYCLE:
        stage = Lifecycle(after["stage"])
        return News(str(stage.label), f"It was {fact(kind, before).lower()}.", ENDING.get(stage, "good"))
    if kind == ChangeKind.RETIREMENT_DATE:
        return date_news(before, after)
    if kind == ChangeKind.SUCCESSOR:
        return News("Successor", fact(kind, after), "info")
    if kind == ChangeKind.TERMS:
        return News("New terms", fact(kind, after), "warn")
    return News(str(ChangeKind(kind).label), f"{fact(kind, before)} → {fact(kind, after)}")


def date_news(before: Json, after: Json) -> News:
    if after is None:
        return News("Retirement taken back", "It was to end on " + day(before) + ".", "good")
    if before is None:
        return News("Retires " + day(after), "Calls end then.", "warn")
    closer = datetime.fromisoformat(after) < datetime.fromisoformat(before)
    return News("Retires " + day(after), f"It was {day(before)}.", "bad" if closer else "good")


def day(text: str) -> str:
    return f"{datetime.fromisoformat(text):%d %b %Y}"


def price_news(before: Json, after: Json) -> News:
    if after is None:
        return News("Price unknown", "The host no longer tells it.", "warn")
    if before is None:
        return News("Priced", fact(ChangeKind.PRICE, after), "info")
    told = list(differing(before, after))
    ups, downs = (any(up is which for _, up in told) for which in (True, False))
    lines = ", ".join(line for line, _ in told) or fact(ChangeKind.PRICE, after)
    if ups and downs:
        return News("Priced otherwise", lines, "warn")
    return News("Dearer", lines, "warn") if ups else News("Cheaper" if downs else "Price", lines, "good")


def differing(before: Json, after: Json) -> Iterator[tuple[str, bool]]:
    """Each price that differs, in words, and whether it rose; a tier only where it names the part itself."""
    for key in conditions(before, after):
        old, new = prices_under(before, key), prices_under(after, key)
        named = {*old, *new} if key == ALWAYS else {*tier_of(before, key), *tier_of(after, key)}
        for part in (part for part in dict.fromkeys([*old, *new]) if part in named):
            was, now = amount(old, part), amount(new, part)
            if was != now:
                yield f"{part_words(part, key)} {per_million(was)} → {per_million(now)}", now > was
