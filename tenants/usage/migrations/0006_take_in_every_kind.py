"""The ledger's door takes every kind of token, the host's own cost, what was held, and a tag."""

from importlib import import_module
from pathlib import Path

from django.db import migrations

SQL = Path(__file__).with_suffix(".sql").read_text()
BEFORE = import_module("tenants.usage.migrations.0004_take_in").NEW


class Migration(migrations.Migration):
    dependencies = [("usage", "0005_every_kind")]
    operations = [migrations.RunSQL(SQL, BEFORE)]
