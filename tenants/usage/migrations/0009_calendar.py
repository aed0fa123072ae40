"""Booked calls are charged to the days and months of the budgets' calendar, which is asked once for each quarter of an hour."""

from importlib import import_module

from django.db import migrations

BEFORE = import_module("tenants.usage.migrations.0008_levels").TAKE_IN
HEAD, _, REST = BEFORE.partition("    ), spending AS MATERIALIZED (\n")
_, _, SPENT = REST.partition("    ), spent AS (\n")
# Every zone's clocks differ from UTC by whole quarters of an hour, so that no day begins within one.
SPENDING = """    ), quarters AS MATERIALIZED (
        SELECT grant_id, team_id, application_id, key_id, date_bin('15 minutes', started_at, '2000-01-01 00:00Z') AS quarter,
            sum(tokens_in + tokens_out) AS tokens, coalesce(sum(cost_nanos), 0) AS nanos
        FROM taken GROUP BY 1, 2, 3, 4, 5
    ), begun AS MATERIALIZED (
        SELECT quarter, period, quotas_begins(period, quarter) AS starts_at
        FROM (SELECT DISTINCT quarter FROM quarters) AS q CROSS JOIN (VALUES ('day'), ('month')) AS p(period)
    ), spending AS MATERIALIZED (
        SELECT grant_id, team_id, application_id, key_id, period, starts_at, sum(tokens) AS tokens, sum(nanos) AS nanos
        FROM quarters JOIN begun USING (quarter) GROUP BY 1, 2, 3, 4, 5, 6
    ), spent AS (
"""
TAKE_IN = HEAD + SPENDING + SPENT


class Migration(migrations.Migration):
    dependencies = [("usage", "0008_levels"), ("quotas", "0005_calendar")]
    operations = [migrations.RunSQL(TAKE_IN, BEFORE)]
