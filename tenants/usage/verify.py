"""Prove that the ledger agrees with itself: identities = events = hours = what budgets were charged and hold.

One statement per proof, each a full outer join, so that a row missing on either side shows as well as
one that differs.
"""

from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

SHOWN = 20
HOURS = """
WITH told AS (
    SELECT date_trunc('hour', started_at, 'UTC') AS hour, team_id, application_id, key_id, grant_id, offer_id, model, outcome,
        code, basis, tag, count(*) AS calls, sum(tokens_in) AS tokens_in, sum(tokens_out) AS tokens_out,
        sum(tokens_cached) AS tokens_cached, sum(tokens_reasoning) AS tokens_reasoning,
        coalesce(sum(cost_nanos), 0) AS cost_nanos, count(*) FILTER (WHERE cost_nanos IS NULL) AS unknown_cost_calls,
        usage_sum(kinds) AS kinds, count(told_nanos) FILTER (WHERE cost_nanos IS NOT NULL) AS told_calls,
        coalesce(sum(told_nanos) FILTER (WHERE cost_nanos IS NOT NULL), 0) AS told_nanos,
        coalesce(sum(cost_nanos) FILTER (WHERE told_nanos IS NOT NULL), 0) AS told_cost_nanos
    FROM usage_event GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
), both_sides AS (
    SELECT coalesce(t.hour, h.hour) AS hour, coalesce(t.team_id, h.team_id) AS team, coalesce(t.model, h.model) AS model,
        ROW(t.calls, t.tokens_in, t.tokens_out, t.tokens_cached, t.tokens_reasoning, t.cost_nanos,
            t.unknown_cost_calls, t.kinds, t.told_calls, t.told_nanos, t.told_cost_nanos)::text AS events,
        ROW(h.calls, h.tokens_in, h.tokens_out, h.tokens_cached, h.tokens_reasoning, h.cost_nanos,
            h.unknown_cost_calls, h.kinds, h.told_calls, h.told_nanos, h.told_cost_nanos)::text AS sums
    FROM told t FULL JOIN usage_hour h ON t.hour = h.hour AND t.team_id = h.team_id AND t.model = h.model
        AND t.outcome = h.outcome AND t.code = h.code AND t.basis = h.basis AND t.tag = h.tag
        AND coalesce(t.application_id, 0) = coalesce(h.application_id, 0)
        AND coalesce(t.key_id, 0) = coalesce(h.key_id, 0) AND coalesce(t.grant_id, 0) = coalesce(h.grant_id, 0)
        AND coalesce(t.offer_id, 0) = coalesce(h.offer_id, 0)
)
SELECT count(*), array_agg(format('hour %s team %s %s: events %s, hour %s', hour, team, model, events, sums))
    FILTER (WHERE events IS DISTINCT FROM sums) FROM both_sides
"""
# A level is counted since it was made, in the day and month of that moment from their beginning.
WINDOWS = """
WITH counted AS (
    SELECT grant_id AS holder_id, NULL::timestamptz AS since, started_at, tokens_in + tokens_out AS tokens, cost_nanos
    FROM usage_event WHERE grant_id IS NOT NULL
    UNION ALL
    SELECT -l.id, l.made_at, e.started_at, e.tokens_in + e.tokens_out, e.cost_nanos FROM levels_level l JOIN usage_event e ON
        l.scope = 'organisation' OR l.team_id = e.team_id OR l.scope = 'key' AND l.key_id = e.key_id
        OR l.grant_id = e.grant_id AND (l.application_id = e.application_id OR l.key_id = e.key_id)
), quarters AS MATERIALIZED (
    SELECT holder_id, since, date_bin('15 minutes', started_at, '2000-01-01 00:00Z') AS quarter, sum(tokens) AS tokens,
        coalesce(sum(cost_nanos), 0) AS nanos
    FROM counted GROUP BY 1, 2, 3
), begun AS MATERIALIZED (
    SELECT at, period, quotas_begins(period, at) AS starts_at
    FROM (SELECT quarter AS at FROM quarters UNION SELECT since FROM quarters WHERE since IS NOT NULL) AS q
    CROSS JOIN (VALUES ('day'), ('month')) AS p(period)
), told AS (
    SELECT q.holder_id, b.period, b.starts_at, sum(q.tokens) AS tokens, sum(q.nanos) AS nanos
    FROM quarters q JOIN begun b ON b.at = q.quarter LEFT JOIN begun s ON s.at = q.since AND s.period = b.period
    WHERE q.since IS NULL OR b.starts_at >= s.starts_at GROUP BY 1, 2, 3
), since AS MATERIALIZED (
    SELECT -l.id AS holder_id, p.period, quotas_begins(p.period, l.made_at) AS starts_at
    FROM levels_level l CROSS JOIN (VALUES ('day'), ('month')) AS p(period)
), charged AS (
    SELECT w.* FROM quotas_window w LEFT JOIN since s ON s.holder_id = w.holder_id AND s.period = w.period
    WHERE s.holder_id IS NULL OR w.starts_at >= s.starts_at
), both_sides AS (
    SELECT coalesce(t.holder_id, w.holder_id) AS holder_id, coalesce(t.period, w.period) AS period,
        coalesce(t.starts_at, w.starts_at) AS starts_at,
        ROW(coalesce(t.tokens, 0), coalesce(t.nanos, 0))::text AS events,
        ROW(coalesce(w.tokens_spent, 0), coalesce(w.usd_nanos_spent, 0))::text AS charged
    FROM told t FULL JOIN charged w ON t.holder_id = w.holder_id AND t.period = w.period AND t.starts_at = w.starts_at
)
SELECT count(*), array_agg(format('%s %s, %s from %s: events %s, charged %s', CASE WHEN holder_id < 0 THEN 'level'
    ELSE 'grant' END, abs(holder_id), period, starts_at, events, charged)) FILTER (WHERE events <> charged) FROM both_sides
"""
HOLDS = """
WITH leased AS (
    SELECT holder_id, period, quotas_begins(period, day) AS starts_at,
        sum(tokens_leased - tokens_returned - tokens_shipped) AS tokens,
        sum(usd_nanos_leased - usd_nanos_returned - usd_nanos_shipped) AS nanos
    FROM quotas_lease CROSS JOIN (VALUES ('day'), ('month')) AS p(period) GROUP BY 1, 2, 3
), both_sides AS (
    SELECT coalesce(h.holder_id, w.holder_id) AS holder_id, coalesce(h.period, w.period) AS period,
        ROW(coalesce(h.tokens, 0), coalesce(h.nanos, 0))::text AS leased,
        ROW(coalesce(w.tokens_held, 0), coalesce(w.usd_nanos_held, 0))::text AS held
    FROM leased h FULL JOIN quotas_window w ON h.holder_id = w.holder_id AND h.period = w.period AND h.starts_at = w.starts_at
)
SELECT count(*), array_agg(format('holder %s, %s: processes lease %s, the window says %s', holder_id, period, leased, held))
    FILTER (WHERE leased <> held) FROM both_sides
"""
KEYS = """
SELECT count(*), array_agg(format('%s %s is %s', coalesce(k.source, e.source), coalesce(k.call_id, e.call_id),
        CASE WHEN e.call_id IS NULL THEN 'known but not booked' ELSE 'booked but not known' END))
    FILTER (WHERE k.call_id IS NULL OR e.call_id IS NULL)
FROM usage_key k FULL JOIN usage_event e ON e.source = k.source AND e.call_id = k.call_id
"""
TWICE = """
SELECT count(*), array_agg(format('%s %s is booked %s times', source, call_id, times)) FILTER (WHERE times > 1)
FROM (SELECT source, call_id, count(*) AS times FROM usage_event GROUP BY 1, 2) AS each
"""
PROOFS = {
    "calls known and booked": KEYS,
    "calls booked once": TWICE,
    "hours against events": HOURS,
    "budgets' windows against events": WINDOWS,
    "what processes lease": HOLDS,
}


@dataclass(frozen=True, slots=True)
class Proof:
    """:param compared: rows looked at. :param differing: what does not agree, in words."""

    name: str
    compared: int
    differing: list[str] = field(default_factory=list)


def verify() -> list[Proof]:
    """Every proof, on one snapshot of the database."""
    with transaction.atomic(), connection.cursor() as cursor:
        if not connection.savepoint_ids:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return [proof(cursor, name, statement) for name, statement in PROOFS.items()]


def proof(cursor: Any, name: str, statement: str) -> Proof:
    cursor.execute(statement)
    compared, differing = cursor.fetchone()
    return Proof(name, compared, differing or [])
