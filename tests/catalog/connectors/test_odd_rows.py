"""Whatever stands in a row, a connector reads on; and whatever it tells fits the database.

Every value of every fixture is replaced, one at a time, by what providers have really sent in its place, and worse.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import models

from catalog.connectors.base import BASE_PARTS, PARTS, Connection, Listing, ListingBroken, OfferRow, Page
from catalog.connectors.reading import LIMITS, join
from catalog.connectors.registry import CONNECTORS
from catalog.models import Model, Offer, Publisher
from catalog.states import Lifecycle
from tests.fakes.listing import PAYLOADS

ODD = [
    None, True, -1, 0, 7, 10**30, 1.5, "", " ", "-1", "x" * 700, "a\x00b", "\u202e", "9" * 40, "2026-13-45",
    "0001-01-01T00:00:00+23:00", [], {}, [None], [[]], {"a": None}, [{"id": None}], ["a\x00b" * 99],
]  # fmt: skip
FIXTURES = [path for name in sorted(CONNECTORS) for path in sorted((PAYLOADS / name).glob("*.json"))]
SETTINGS = {"region": "r", "location": "l", "subscription": "s", "profile_prefix": "eu", "project": "p"}


def places(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The address of every value in the content; of a list the first two rows are enough."""
    yield path
    inner = (
        content.items()
        if isinstance(content, dict)
        else enumerate(content[:2])
        if isinstance(content, list)
        else ()
    )
    for name, value in inner:
        yield from places(value, (*path, name))


def replaced(content: Any, path: tuple[Any, ...], odd: Any) -> Any:
    if not path:
        return odd
    copy = dict(content) if isinstance(content, dict) else list(content)
    copy[path[0]] = replaced(content[path[0]], path[1:], odd)
    return copy


def read(fixture: Path, content: Any) -> Listing | None:
    """What the fixture's connector makes of it as each of its parts; None for what is no listing."""
    kind = CONNECTORS[fixture.parent.name](Connection("https://host.example", SETTINGS))
    try:
        return join([kind.read(Page("u", json.dumps(content).encode(), part_of(fixture)))])
    except ListingBroken:
        return None


def part_of(fixture: Path) -> str:
    """Fixtures are named after the part of the listing that they stand for."""
    name = fixture.stem.partition("_page_")[0]
    return "models" if name.startswith(("foundation", "tags", "listing")) else name


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_value_of_a_row_fails_the_listing_or_the_database(fixture: Path) -> None:
    content = json.loads(fixture.read_text())
    if fixture.stem == "key":  # asked by a check alone
        return
    for path in places(content):
        for odd in ODD:
            listing = read(fixture, replaced(content, path, odd))
            for row in listing.offers if listing else ():
                require_fits(row)


def require_fits(row: OfferRow) -> None:
    for name, most in LIMITS.items():
        assert len(getattr(row, name)) <= most, name
    assert row.key
    assert row.publisher
    assert row.model
    assert row.lifecycle in Lifecycle.values
    texts = [row.key, row.name, row.description, row.lifecycle_told, *row.modalities]
    texts += [*row.capabilities, *row.capabilities.values()]
    assert not [text for text in texts if "\x00" in text]
    assert all(isinstance(text, str) for text in row.capabilities.values())
    assert all(len(word) <= 20 for word in row.modalities)
    for count in (row.context_tokens, row.max_output_tokens):
        assert count is None or 0 < count < 2**31
    for at in (row.retires_at, row.deprecated_at):
        assert at is None or at.tzinfo is not None
    if row.price:
        known = {*BASE_PARTS, *PARTS}
        amounts = {"input": row.price.input, "output": row.price.output, **row.price.parts}
        assert set(amounts) <= known
        assert all(amount.is_finite() and 0 <= amount < 10**12 for amount in amounts.values())
        assert all(set(tier.prices) <= known for tier in row.price.tiers)


def test_the_limits_are_those_of_the_database() -> None:
    columns = {"publisher": (Publisher, "slug"), "publisher_name": (Publisher, "name"), "model": (Model, "slug"),
               "name": (Model, "name")}  # fmt: skip
    for name, most in LIMITS.items():
        table, column = columns.get(name, (Offer, name))
        field = table._meta.get_field(column)
        assert isinstance(field, models.CharField)
        assert field.max_length == most, name
