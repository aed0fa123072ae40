"""How many tokens a minute grants use at most and typically, from the hours of the ledger."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import connection


@dataclass(frozen=True, slots=True)
class Rates:
    """Tokens per minute on an hour's average, of hours with calls.

    :param peak_tpm: of the hour with the most. :param typical_tpm: the median. :param hours: how many had calls.
    """

    peak_tpm: int
    typical_tpm: int
    hours: int


SQL = """
SELECT grant_id, round(max(tokens) / 60.0)::bigint, round(percentile_cont(0.5) WITHIN GROUP (ORDER BY tokens) / 60)::bigint,
    count(*) FROM (
    SELECT grant_id, hour, sum(tokens_in + tokens_out) AS tokens FROM usage_hour
    WHERE grant_id = ANY (%s) AND hour >= %s AND hour <= %s AND outcome <> 'refused' GROUP BY grant_id, hour
) AS hours GROUP BY grant_id
"""


def of_grants(grant_ids: Collection[int], since: datetime, at: datetime) -> dict[int, Rates]:
    """By grant, from `since` to `at`; grants without calls are left out. One query."""
    with connection.cursor() as cursor:
        cursor.execute(SQL, [list(grant_ids), since, at])
        return {grant_id: Rates(*rest) for grant_id, *rest in cursor.fetchall()}
