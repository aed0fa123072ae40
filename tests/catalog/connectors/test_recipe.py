"""`docs/recipes/add-a-connector.md` names what is there."""

import re
from pathlib import Path

import pytest

from catalog.connectors import base, reading
from catalog.connectors.registry import CONNECTORS

ROOT = Path(__file__).resolve().parents[3]
RECIPE = (ROOT / "docs" / "recipes" / "add-a-connector.md").read_text()


def test_every_file_it_names_exists() -> None:
    named = [path for path in re.findall(r"`([a-z_/]+/[a-z_/]*(?:\.py)?)`", RECIPE) if "<" not in path]
    assert len(named) >= 4
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("name", ["OfferRow", "Problem", "ListingBroken", "prose", "text_of"])
def test_every_name_of_the_base_it_uses_is_there(name: str) -> None:
    assert name in RECIPE
    assert hasattr(base, name) or hasattr(reading, name)


@pytest.mark.parametrize(
    "name",
    ["name", "label", "needs_network", "settings_needed", "reference_prices", "headers", "fetch", "read"],
)
def test_every_connector_has_what_it_asks_for(name: str) -> None:
    assert f"`{name}" in RECIPE
    assert all(hasattr(kind, name) for kind in CONNECTORS.values())
