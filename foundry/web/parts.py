"""What slices add to the shell: functions named as strings in the settings, because imports only point left."""

from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from typing import Any

from django.utils.module_loading import import_string


def part(name: str) -> Callable[..., Any] | None:
    """The function, or None where its module is not installed. A module that is there and broken raises."""
    module = name.rpartition(".")[0]
    if find_spec(module) is None:
        return None
    function: Callable[..., Any] = import_string(name)
    return function


def parts(names: Iterable[str]) -> Iterator[Callable[..., Any]]:
    return (function for name in names if (function := part(name)) is not None)
