"""The ledger keeps which hosts failed before the one that a call ended at."""

from importlib import import_module

from django.db import migrations

BEFORE = import_module("tenants.usage.migrations.0006_take_in_every_kind").SQL
TAKE_IN = BEFORE.replace("held_nanos, tag)", "held_nanos, tag, tries)").replace(
    "held_nanos, coalesce(tag, '')\n", "held_nanos, coalesce(tag, ''), coalesce(tries, '')\n"
)
COLUMN = """
    ALTER TABLE usage_event ADD COLUMN tries text NOT NULL DEFAULT '' CHECK (length(tries) <= 2000);
    ALTER TYPE usage_incoming ADD ATTRIBUTE tries text;
"""
AWAY = "ALTER TYPE usage_incoming DROP ATTRIBUTE tries; ALTER TABLE usage_event DROP COLUMN tries;"


class Migration(migrations.Migration):
    dependencies = [("usage", "0006_take_in_every_kind")]
    operations = [migrations.RunSQL(COLUMN, AWAY), migrations.RunSQL(TAKE_IN, BEFORE)]
