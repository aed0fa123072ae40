"""The ledger keeps which hosts failed before the one that a call ended at."""

from django.db import migrations

COLUMN = """
    ALTER TABLE usage_event ADD COLUMN tries text NOT NULL DEFAULT '' CHECK (length(tries) <= 2000);
    ALTER TYPE usage_incoming ADD ATTRIBUTE tries text;
"""
AWAY = "ALTER TYPE usage_incoming DROP ATTRIBUTE tries; ALTER TABLE usage_event DROP COLUMN tries;"


class Migration(migrations.Migration):
    dependencies = [("usage", "0004_every_kind")]
    operations = [migrations.RunSQL(COLUMN, AWAY)]
