"""Booked calls are charged to their grant and to every level that counts them; a new level begins with what is booked."""

from importlib import import_module
from pathlib import Path

from django.db import migrations

SQL = Path(__file__).with_suffix(".sql").read_text()
AWAY = """
    DROP TRIGGER levels_begin ON levels_level; DROP FUNCTION levels_begin();
    DROP FUNCTION levels_booked(levels_level, timestamptz);
    DROP FUNCTION quotas_begins(text, timestamptz);
"""
BEFORE = import_module("tenants.usage.migrations.0007_tries").TAKE_IN
HEAD, _, REST = BEFORE.partition("    ), spent AS (\n")
SPENT = """    ), spending AS MATERIALIZED (
        SELECT grant_id, team_id, application_id, key_id, period, quotas_begins(period, started_at) AS starts_at,
            sum(tokens_in + tokens_out) AS tokens, coalesce(sum(cost_nanos), 0) AS nanos
        FROM taken CROSS JOIN (VALUES ('day'), ('month')) AS p(period) GROUP BY 1, 2, 3, 4, 5, 6
    ), spent AS (
        INSERT INTO quotas_window AS w (holder_id, period, starts_at, tokens_spent, usd_nanos_spent, tokens_held, usd_nanos_held)
        SELECT holder_id, period, starts_at, sum(tokens), sum(nanos), 0, 0 FROM (
            SELECT grant_id AS holder_id, period, starts_at, tokens, nanos FROM spending WHERE grant_id IS NOT NULL
            UNION ALL
            SELECT -l.id, period, starts_at, tokens, nanos FROM spending CROSS JOIN levels_level l WHERE l.scope = 'organisation'
            UNION ALL
            SELECT -l.id, period, starts_at, tokens, nanos FROM spending s JOIN levels_level l ON l.team_id = s.team_id
            UNION ALL
            SELECT -l.id, period, starts_at, tokens, nanos FROM spending s
            JOIN levels_level l ON l.key_id = s.key_id AND (l.scope = 'key' OR l.grant_id = s.grant_id)
            UNION ALL
            SELECT -l.id, period, starts_at, tokens, nanos FROM spending s
            JOIN levels_level l ON l.application_id = s.application_id AND l.grant_id = s.grant_id
        ) AS each GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        ON CONFLICT (holder_id, period, starts_at) DO UPDATE SET
"""
_, _, SUMS = REST.partition("ON CONFLICT (grant_id, period, starts_at) DO UPDATE SET\n")
TAKE_IN = (HEAD + SPENT + SUMS).replace(
    "\nBEGIN\n", "\nBEGIN\n    PERFORM pg_advisory_xact_lock_shared(hashtextextended('levels', 0));\n", 1
)


class Migration(migrations.Migration):
    dependencies = [("usage", "0007_tries"), ("quotas", "0003_holders"), ("levels", "0001_initial")]
    operations = [migrations.RunSQL(SQL, AWAY), migrations.RunSQL(TAKE_IN, BEFORE)]
