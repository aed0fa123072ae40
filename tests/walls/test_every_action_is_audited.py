"""Every action leaves exactly one audit entry; an action without a case here fails the suite.

An action is a function of a slice's `actions.py`, or of a file in `actions/`, that is a transaction.
"""

import inspect
import pkgutil
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from types import ModuleType

import pytest

from foundry.audit.models import Entry
from foundry.lib import clock
from tests import make
from tests.walls.acts import ACTS

SLICES = (
    "foundry.people",
    "foundry.notify",
    "catalog",
    "tenants.teams",
    "tenants.access",
    "tenants.keys",
    "tenants.levels",
    "tenants.advice",
    "tenants.evidence",
    "tenants.moving",
)


def files(slice_: str) -> list[ModuleType]:
    """The slice's actions, one file or several."""
    whole = import_module(f"{slice_}.actions")
    parts = pkgutil.iter_modules(getattr(whole, "__path__", []), f"{whole.__name__}.")
    return [whole, *(import_module(part.name) for part in parts)]


def actions(slice_: str) -> dict[str, Callable[..., object]]:
    return {
        f"{slice_}.{name}": function
        for module in files(slice_)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and hasattr(function, "__wrapped__")
    }


ALL = {name: act for slice_ in SLICES for name, act in actions(slice_).items()}


def test_every_action_has_a_case_and_every_case_an_action() -> None:
    assert len(ALL) > 10
    assert set(ACTS) == set(ALL)


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(ALL))
def test_it_leaves_exactly_one_entry_with_actor_and_verb(name: str, redis_url: str) -> None:
    actor = make.admin()
    act = ACTS[name](actor, clock.now() - timedelta(minutes=5))
    before = set(Entry.objects.values_list("pk", flat=True))
    act(ALL[name])
    new = Entry.objects.exclude(pk__in=before)
    assert [entry.verb.count(".") for entry in new] == [1], [entry.verb for entry in new]
    entry = new[0]
    assert entry.actor_label
    assert entry.object_id
    assert b"secret" not in bytes(entry.body)
