"""How many broken listings the tests try, and at how many kinds of host: the cases themselves stand beside each kind."""

import pkgutil
from importlib import import_module
from inspect import getmembers, isclass

from catalog.connectors.registry import CONNECTORS
from tests.catalog import connectors
from tests.catalog.connectors.speaking import Speaking
from tests.catalog.test_broken_listings import AZURE, COMPATIBLE


def spoken() -> dict[str, set[str]]:
    """Every broken listing that a connector's test tries, by the kind of host."""
    found: dict[str, set[str]] = {}
    for module in pkgutil.iter_modules(connectors.__path__, f"{connectors.__name__}."):
        for _, case in getmembers(import_module(module.name), isclass):
            if issubclass(case, Speaking) and case is not Speaking:
                found.setdefault(case.bench.kind, set()).update(case.bench.broken())
    return found


def test_sixty_broken_listings_of_eight_kinds_are_tried() -> None:
    tried = spoken()
    tried.setdefault("azure", set()).update(AZURE)
    tried.setdefault("openai_compatible", set()).update(COMPATIBLE)
    assert len(tried) >= 8
    assert set(tried) <= set(CONNECTORS)
    assert len({(kind, name) for kind, names in tried.items() for name in names}) >= 60
    assert len({name for names in tried.values() for name in names}) >= 45, (
        "they break in many ways, not in one"
    )
