"""What gateway processes say of themselves with each beat: up to which version they enforce, and which hosts they leave alone."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection

# A process that has said nothing for three beats does not count as living.
LIVING = "s.seen_at > now() - interval '6 s'"
CONFIRMED = f"""
SELECT h, count(s.spool), count(*) FILTER (WHERE s.version > 0 AND s.version >= coalesce(c.version, 0))
FROM unnest(%s::bigint[]) AS h LEFT JOIN gateway.changed c ON c.holder_id = h LEFT JOIN usage_shipper s ON {LIVING} GROUP BY h
"""  # noqa: S608  (no word of it is a caller's)
RESTING = f"""
SELECT h, count(s.spool), count(*) FILTER (WHERE h = ANY (s.resting))
FROM unnest(%s::bigint[]) AS h LEFT JOIN usage_shipper s ON {LIVING} GROUP BY h
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Enforced:
    """:param processes: that live; `confirmed` of them enforce the grant, or the level, as it is."""

    processes: int
    confirmed: int

    @property
    def is_whole(self) -> bool:
        return 0 < self.processes == self.confirmed


@dataclass(frozen=True, slots=True)
class Resting:
    """:param processes: that live; `resting` of them leave the host alone for a moment, because it failed again and again."""

    processes: int
    resting: int

    @property
    def is_whole(self) -> bool:
        return 0 < self.processes == self.resting


def of_grant(grant_id: int) -> Enforced:
    return of_holders([grant_id])[grant_id]


def of_holders(holder_ids: Collection[int]) -> dict[int, Enforced]:
    """By holder: a grant's id, a level's below zero. One query."""
    return {holder: Enforced(*told) for holder, *told in asked(CONFIRMED, holder_ids)}


def of_hosts(host_ids: Collection[int]) -> dict[int, Resting]:
    """By host. One query."""
    return {host: Resting(*told) for host, *told in asked(RESTING, host_ids)}


def asked(statement: str, ids: Collection[int]) -> list[tuple[int, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(ids)])
        return list(cursor.fetchall())
