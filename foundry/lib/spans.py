"""Time that several spans cover together."""

from collections.abc import Iterable
from datetime import datetime, timedelta

Span = tuple[datetime, datetime | None]


def covered(spans: Iterable[Span], since: datetime, until: datetime) -> timedelta:
    """How much of the time between the two lies in any of the spans; a span without an end goes on. Overlaps count once."""
    found, reached = timedelta(), since
    for begins, ends in sorted(spans, key=lambda span: span[0]):
        begins, ends = max(begins, reached), min(ends or until, until)
        if ends > begins:
            found, reached = found + (ends - begins), ends
    return found
