"""How calls fared at hosts: what they really met there, beside what status pages say."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from tenants.usage.envelope import Outcome

# The host's answer to a call that was wrong in itself says nothing about the host.
CALLERS_FAULT = ["http_400", "http_413", "http_422"]


@dataclass(frozen=True, slots=True)
class Met:
    """Calls of one hour or day that were sent to a host.

    :param errors: it failed, broke off or did not answer.
    :param hours_down, hours_troubled: whole hours in which five calls or more failed, and they were half, or
        a tenth, of that hour's calls; an hour counts in one of the two.
    """

    calls: int
    errors: int
    hours_down: int
    hours_troubled: int

    @property
    def share(self) -> float:
        return self.errors / self.calls if self.calls else 0.0


SQL = """
WITH which AS (SELECT * FROM unnest(%(offers)s::bigint[], %(names)s::bigint[]) AS w(offer_id, name)),
sent AS (
    SELECT w.name, u.hour, sum(u.calls) AS calls,
        coalesce(sum(u.calls) FILTER (WHERE u.outcome <> %(ok)s AND u.outcome <> %(cancelled)s), 0) AS errors
    FROM which w JOIN access_grant g ON g.offer_id = w.offer_id
    JOIN usage_hour u ON u.grant_id = g.id AND u.hour >= %(since)s
    WHERE u.outcome IN (%(ok)s, %(cancelled)s) OR u.outcome = %(error)s AND NOT u.code = ANY (%(callers)s)
        OR u.outcome = %(unknown)s AND u.code LIKE 'upstream%%'
    GROUP BY w.name, u.hour
)
SELECT name, date_trunc(%(step)s, hour, 'UTC') AS since, sum(calls)::bigint, sum(errors)::bigint,
    count(*) FILTER (WHERE errors >= 5 AND errors * 2 >= calls),
    count(*) FILTER (WHERE errors >= 5 AND errors * 2 < calls AND errors * 10 >= calls)
FROM sent GROUP BY 1, 2 ORDER BY 1, 2
"""


def met(groups: Mapping[int, Collection[int]], since: datetime, step: str) -> dict[int, dict[datetime, Met]]:
    """Per group of offers, and per UTC hour or day from `since` on, how their calls fared. One query.

    :param groups: any number -> offer ids. :param step: hour or day.
    """
    found: dict[int, dict[datetime, Met]] = {name: {} for name in groups}
    pairs = [(offer, name) for name, offers in groups.items() for offer in offers]
    with connection.cursor() as cursor:
        cursor.execute(
            SQL,
            {
                "offers": [offer for offer, _ in pairs],
                "names": [name for _, name in pairs],
                "since": since,
                "step": step,
                "callers": CALLERS_FAULT,
                "ok": Outcome.OK,
                "cancelled": Outcome.CANCELLED,
                "error": Outcome.UPSTREAM_ERROR,
                "unknown": Outcome.UNKNOWN,
            },
        )
        for name, when, *numbers in cursor.fetchall():
            found[name][when] = Met(*numbers)
    return found
