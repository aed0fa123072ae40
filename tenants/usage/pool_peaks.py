"""The busiest hour of capacity pools, from the hours of the ledger."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import connection


@dataclass(frozen=True, slots=True)
class Peak:
    """:param tokens, calls: of the hour with the most tokens that began at `hour`."""

    hour: datetime
    tokens: int
    calls: int

    @property
    def tpm(self) -> int:
        """Tokens per minute on the hour's average."""
        return round(self.tokens / 60)

    @property
    def rpm(self) -> int:
        return round(self.calls / 60)


SQL = """
SELECT DISTINCT ON (pool_id) pool_id, hour, tokens, calls FROM (
    SELECT o.pool_id, u.hour, sum(u.tokens_in + u.tokens_out)::bigint AS tokens, sum(u.calls)::bigint AS calls
    FROM catalog_offer o JOIN access_grant g ON g.offer_id = o.id
    JOIN usage_hour u ON u.grant_id = g.id AND u.hour >= %s
    WHERE o.pool_id = ANY (%s) AND u.outcome <> 'refused' GROUP BY o.pool_id, u.hour
) AS hours ORDER BY pool_id, tokens DESC, hour
"""


def of_pools(pool_ids: Collection[int], since: datetime) -> dict[int, Peak]:
    """By pool the hour since then in which its offers used the most tokens; pools without calls are left out."""
    with connection.cursor() as cursor:
        cursor.execute(SQL, [since, list(pool_ids)])
        return {pool_id: Peak(*rest) for pool_id, *rest in cursor.fetchall()}
