"""Make the next chunk while the last one is being booked."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def ahead(items: Iterator[Item], chunk: int) -> Iterator[Item]:
    """The same items in the same order, made a chunk ahead in a thread of their own; its error comes out here."""
    with ThreadPoolExecutor(1) as maker:
        coming = maker.submit(lambda: list(islice(items, chunk)))
        while made := coming.result():
            coming = maker.submit(lambda: list(islice(items, chunk)))
            yield from made
