"""Has every gateway process confirmed what a grant says now? Processes tell with each beat which version they enforce."""

from dataclasses import dataclass

from django.db import connection

# A process that has said nothing for three beats does not count as living.
SQL = """
SELECT count(*), count(*) FILTER (WHERE s.version > 0 AND s.version >= coalesce(c.version, 0))
FROM usage_shipper s LEFT JOIN gateway.changed c ON c.grant_id = %s
WHERE s.seen_at > now() - interval '6 s'
"""


@dataclass(frozen=True, slots=True)
class Enforced:
    """:param processes: that live; `confirmed` of them enforce the grant as it is."""

    processes: int
    confirmed: int

    @property
    def is_whole(self) -> bool:
        return 0 < self.processes == self.confirmed


def of_grant(grant_id: int) -> Enforced:
    with connection.cursor() as cursor:
        cursor.execute(SQL, [grant_id])
        return Enforced(*cursor.fetchone())
