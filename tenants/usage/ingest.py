"""Finished calls from outside the gateway's own shipper: copied in, then taken in by the ledger's one door."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from operator import attrgetter

from django.db import connection, transaction

from tenants.usage.envelope import COLUMNS, Envelope, body_hash

BATCH = 25_000


@dataclass(slots=True)
class Taken:
    """What came of it. :param conflicting: ids of calls that were booked before with another content."""

    accepted: int = 0
    duplicate: int = 0
    conflicting: list[str] = field(default_factory=list)


def ingest(envelopes: Iterable[Envelope]) -> Taken:
    """Book every call once; what is booked already changes nothing. Each batch is one transaction."""
    taken, rows = Taken(), iter(envelopes)
    while batch := list(islice(rows, BATCH)):
        with transaction.atomic():
            accepted, duplicate, conflicting = take_in(batch)
        taken.accepted += accepted
        taken.duplicate += duplicate
        taken.conflicting += conflicting
    return taken


def take_in(batch: list[Envelope]) -> tuple[int, int, list[str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE IF NOT EXISTS incoming OF usage_incoming ON COMMIT DELETE ROWS"
        )
        cursor.execute("DELETE FROM incoming")
        with cursor.copy(f"COPY incoming ({', '.join(COLUMNS)}) FROM STDIN") as copy:
            for row in values(batch):
                copy.write_row(row)
        cursor.execute(
            "SELECT accepted, duplicate, conflicting FROM usage_take_in(ARRAY(SELECT i::usage_incoming FROM incoming i))"
        )
        accepted, duplicate, conflicting = cursor.fetchone() or (0, 0, [])
        return accepted, duplicate, conflicting


def values(batch: list[Envelope]) -> Iterator[tuple[object, ...]]:
    """The columns of `usage_incoming`, in the order of COLUMNS; the hash is made as the gateway makes it."""
    names = COLUMNS[1:]
    read, stamp, kinds = attrgetter(*names), names.index("started_at"), names.index("kinds")
    for envelope in batch:
        told = list(read(envelope))
        told[stamp] = envelope.started_at.isoformat()
        told[kinds] = None if envelope.kinds is None else list(envelope.kinds)
        yield (body_hash(dict(zip(names, told, strict=True))), *told)
