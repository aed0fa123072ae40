"""What a call's booking costs does not grow with the ledger: known calls are looked up one by one, and only when there are any."""

from importlib import import_module
from pathlib import Path

from django.db import migrations

NEW = (Path(__file__).parent / "0004_take_in.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("usage", "0003_leases")]
    operations = [migrations.RunSQL(NEW, import_module("tenants.usage.migrations.0003_leases").NEW)]
