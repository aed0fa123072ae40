from pathlib import Path

from django.db import migrations

SQL = Path(__file__).with_suffix(".sql").read_text()
BACK = """
    DROP FUNCTION usage_take_in(usage_incoming[]); DROP FUNCTION usage_release(text[]);
    DROP AGGREGATE usage_sum(bigint[]); DROP FUNCTION usage_add(bigint[], bigint[]); DROP TYPE usage_incoming;
"""


class Migration(migrations.Migration):
    dependencies = [("usage", "0001_initial")]
    operations = [migrations.RunSQL(SQL, BACK)]
