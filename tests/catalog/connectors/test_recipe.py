"""`docs/recipes/add-a-connector.md` names what is there, and every connector has what it asks for."""

import ast
import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from catalog.connectors import base, paging, reading
from catalog.connectors.registry import CONNECTORS, NAMES
from tests.catalog.connectors import speaking
from tests.fakes import listing

ROOT = Path(__file__).resolve().parents[3]
HERE, FILES, FIXTURES = (
    ROOT / "tests/catalog/connectors",
    ROOT / "catalog/connectors",
    ROOT / "tests/payloads",
)
RECIPE = (ROOT / "docs" / "recipes" / "add-a-connector.md").read_text()
ASKED = [name for name, kind in CONNECTORS.items() if kind.needs_network]


def test_every_file_it_names_exists() -> None:
    named = [path for path in re.findall(r"`([a-z_/]+/[a-z_/]*(?:\.py)?)`", RECIPE) if "<" not in path]
    assert len(named) >= 6
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(
    "name",
    ["OfferRow", "Page", "Problem", "ListingBroken", "Tier", "PARTS", "NOT_CALLABLE", "Kind", "prose", "text_of",
     "leniently", "by_token", "by_link", "Speaking", "Bench"],
)  # fmt: skip
def test_every_name_it_uses_is_there(name: str) -> None:
    assert f"`{name}" in RECIPE
    assert any(hasattr(module, name) for module in (base, reading, paging, speaking, listing))


@pytest.mark.parametrize(
    "name",
    ["name", "label", "base_url", "credential_hint", "settings_needed", "settings_may", "needs_network",
     "reference_prices", "final_codes", "headers", "signer", "fetch", "read", "check", "trouble"],
)  # fmt: skip
def test_every_connector_has_what_it_asks_for(name: str) -> None:
    assert f"`{name}" in RECIPE
    assert all(hasattr(kind, name) for kind in CONNECTORS.values())


def test_every_file_with_a_kind_of_host_is_registered_on_a_line_of_its_own() -> None:
    kinds = {
        path.stem
        for path in FILES.glob("*.py")
        if re.search(r"^    name(: .*)? = \"", path.read_text(), re.M)
    }
    assert kinds == set(NAMES)
    assert list(NAMES) == sorted(set(NAMES))
    lines = (FILES / "registry.py").read_text().splitlines()
    assert all(lines.count(f'    "{name}",') == 1 for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_connector_is_one_file_of_its_name_that_says_its_source(name: str) -> None:
    kind = CONNECTORS[name]
    assert (kind.name, kind.__module__) == (name, f"catalog.connectors.{name}")
    assert len(kind.label) > 1
    assert [other for other, each in CONNECTORS.items() if each.label == kind.label] == [name]
    told = ast.get_docstring(ast.parse((FILES / f"{name}.py").read_text())) or ""
    assert len(told) > 60
    assert not kind.lists or re.search(r"\bSource: \w", told), (
        f"{name}.py does not say where its facts are from"
    )


@pytest.mark.parametrize("name", ASKED)
def test_a_connector_that_asks_has_a_folder_of_fixtures(name: str) -> None:
    fixtures = sorted((FIXTURES / name).glob("*.json"))
    assert fixtures, f"tests/payloads/{name} holds no fixture"
    assert [path.name for path in fixtures if not json.loads(path.read_text())] == []


@pytest.mark.parametrize("name", ASKED)
def test_a_connector_that_asks_is_tested_over_real_http_with_breaks_of_its_own(name: str) -> None:
    assert (HERE / f"test_{name}.py").exists()
    module: Any = import_module(f"tests.catalog.connectors.test_{name}")
    speak = [
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, speaking.Speaking)
    ]
    benches = [
        each.bench for each in speak if each is not speaking.Speaking and each.__name__.startswith("Test")
    ]
    assert [bench.kind for bench in benches if bench.kind != name] == []
    assert benches, f"test_{name}.py has no class of Speaking"


def test_no_fixture_is_of_a_connector_that_is_not_there() -> None:
    status_pages = {"status"}
    assert {path.name for path in FIXTURES.iterdir() if path.is_dir()} - set(NAMES) == status_pages


def test_at_least_sixty_broken_listings_are_tried() -> None:
    """Each is synced after a good one, and takes nothing away (`Speaking`)."""
    modules = [import_module(f"tests.catalog.connectors.test_{name}") for name in ASKED]
    tried = {
        (each.bench.kind, broken)
        for module in modules
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, speaking.Speaking) and each is not speaking.Speaking
        for broken in each.bench.broken()
    }
    assert len(tried) > 60
