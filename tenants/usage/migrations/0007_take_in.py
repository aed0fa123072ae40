"""The ledger's door as it is: every kind of token, levels beside grants, and the days and months of the budgets' calendar."""

from importlib import import_module
from pathlib import Path

from django.db import migrations

SQL = Path(__file__).with_suffix(".sql").read_text()
BEFORE = import_module("tenants.usage.migrations.0003_leases").NEW


class Migration(migrations.Migration):
    dependencies = [("usage", "0006_levels"), ("quotas", "0005_calendar")]
    operations = [migrations.RunSQL(SQL, f"{BEFORE}\nDROP FUNCTION usage_conflicting(usage_incoming[]);")]
