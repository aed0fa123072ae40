"""A new level begins with what is booked."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).with_suffix(".sql").read_text()
AWAY = """
    DROP TRIGGER levels_begin ON levels_level; DROP FUNCTION levels_begin();
    DROP FUNCTION levels_booked(levels_level, timestamptz);
    DROP FUNCTION quotas_begins(text, timestamptz);
"""


class Migration(migrations.Migration):
    dependencies = [("usage", "0005_tries"), ("quotas", "0003_holders"), ("levels", "0001_initial")]
    operations = [migrations.RunSQL(SQL, AWAY)]
