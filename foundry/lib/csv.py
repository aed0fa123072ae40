"""CSV that a spreadsheet opens and does not run."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets a quote in front; numbers stay numbers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(STARTS_A_FORMULA) else value


class _Line:
    """A file that hands back what was written to it."""

    def write(self, text: str) -> str:
        return text


def lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The lines of a CSV file, one at a time."""
    writer = csv.writer(_Line())
    yield str(writer.writerow(header))
    for row in rows:
        yield str(writer.writerow([safe(cell) for cell in row]))
