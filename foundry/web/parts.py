"""What slices add to the shell: functions named as strings in the settings, because imports only point left."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.utils.module_loading import import_string


def parts(names: Iterable[str]) -> Iterator[Callable[..., Any]]:
    """The functions, in the order of their names. Raises ImportError for one that is not there."""
    return (import_string(name) for name in names)
