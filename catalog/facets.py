"""The catalog's facets: by what offers are narrowed, and how many models each choice would leave. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from catalog.states import DataClass, Lifecycle

SHOWS = [("usable", "Usable here"), ("all", "Everything"), ("unpublished", "Not published")]
REACHES = [("connected", "Connected"), ("sandbox", "Sandbox"), ("listed", "Listed only")]
CONTEXTS = [
    ("32000", "32K or more"),
    ("128000", "128K or more"),
    ("200000", "200K or more"),
    ("1000000", "1M or more"),
]
PRICES = [
    ("1", "up to $1"),
    ("5", "up to $5"),
    ("20", "up to $20"),
    ("known", "Known"),
    ("unknown", "Unknown"),
]
DATA = DataClass.choices
Keys = Iterable[tuple[str, str]]


class Row(NamedTuple):
    """What the facets need of one offer: the values of `COLUMNS` and the input price in force."""

    offer_id: int
    model_id: int
    publisher: str
    publisher_name: str
    host: str
    host_name: str
    lifecycle: str
    reach: str
    hidden: bool
    modalities: list[str]
    context_tokens: int | None
    data_classes: list[str] | None
    region: str
    input_now: Decimal | None


COLUMNS = (
    "pk", "model_id", "model__publisher__slug", "model__publisher__name", "host__slug", "host__name", "lifecycle",
    "reach_word", "hidden", "modalities", "context_tokens", "terms__data_classes", "region",
)  # fmt: skip


class Choice(NamedTuple):
    """:param models: how many this choice would leave, with the other facets as they are."""

    key: str
    text: str
    models: int


@dataclass(frozen=True, slots=True)
class Facet:
    """One way to narrow.

    :param keys: the choices under which an offer falls, as (key, text).
    :param order: the keys in the order of the page; without it, by their text.
    """

    name: str
    label: str
    keys: Callable[[Row], Keys]
    order: tuple[str, ...] = ()

    def has(self, row: Row, key: str) -> bool:
        return any(told == key for told, _ in self.keys(row))


def is_usable(row: Row) -> bool:
    return row.reach != "listed" and not row.hidden


def shows(row: Row) -> Iterator[tuple[str, str]]:
    if is_usable(row):
        yield SHOWS[0]
    yield SHOWS[1]
    if row.hidden:
        yield SHOWS[2]


def contexts(row: Row) -> Keys:
    return [pair for pair in CONTEXTS if row.context_tokens and row.context_tokens >= int(pair[0])]


def prices(row: Row) -> Iterator[tuple[str, str]]:
    if row.input_now is None:
        yield PRICES[-1]
        return
    yield PRICES[-2]
    yield from (pair for pair in PRICES[:-2] if row.input_now <= Decimal(pair[0]))


def one_of(pairs: Iterable[tuple[str, str]], name: str) -> Callable[[Row], Keys]:
    """A column whose value is one of `pairs`."""
    words = dict(pairs)
    return lambda row: [(value := getattr(row, name), words.get(value, value))]


def keys_of(pairs: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(key for key, _ in pairs)


SHOW = Facet("show", "Show", shows, keys_of(SHOWS))
FACETS = (
    Facet("publisher", "Maker", lambda row: [(row.publisher, row.publisher_name)]),
    Facet("host", "Host", lambda row: [(row.host, row.host_name)]),
    Facet("lifecycle", "Lifecycle", one_of(Lifecycle.choices, "lifecycle"), tuple(Lifecycle.values)),
    Facet("reach", "Reach", one_of(REACHES, "reach"), keys_of(REACHES)),
    Facet("modality", "Modality", lambda row: [(each, each.capitalize()) for each in row.modalities]),
    Facet("context", "Context", contexts, keys_of(CONTEXTS)),
    Facet("price", "Input price", prices, keys_of(PRICES)),
    Facet("data", "Data", lambda row: [pair for pair in DATA if pair[0] in (row.data_classes or ())], keys_of(DATA)),
    Facet("region", "Region", lambda row: [(row.region.lower(), row.region)] if row.region else []),
)  # fmt: skip
ALL = (SHOW, *FACETS)


@dataclass(frozen=True, slots=True)
class Counted:
    """The choices of each facet by its name, and how many models fit all that is chosen."""

    choices: Mapping[str, list[Choice]]
    models: int


def count(rows: Iterable[Row], chosen: Mapping[str, str]) -> Counted:
    """Count models per choice; each facet ignores its own choice and heeds all others.

    :param chosen: facet name -> key; other names and empty keys are ignored.
    """
    wanted = [(facet, chosen[facet.name]) for facet in ALL if chosen.get(facet.name)]
    found: dict[str, dict[tuple[str, str], set[int]]] = {facet.name: defaultdict(set) for facet in ALL}
    fitting: set[int] = set()
    for row in rows:
        missed = [facet for facet, key in wanted if not facet.has(row, key)]
        if len(missed) > 1:
            continue
        if not missed:
            fitting.add(row.model_id)
        for facet in missed or ALL:
            for pair in facet.keys(row):
                found[facet.name][pair].add(row.model_id)
    return Counted({facet.name: choices(facet, found[facet.name]) for facet in ALL}, len(fitting))


def choices(facet: Facet, found: Mapping[tuple[str, str], set[int]]) -> list[Choice]:
    made = [Choice(key, text, len(models)) for (key, text), models in found.items()]
    if facet.order:
        return sorted(made, key=lambda choice: facet.order.index(choice.key))
    return sorted(made, key=lambda choice: choice.text.lower())
