from pathlib import Path

from django.db import migrations

SQL = Path(__file__).with_suffix(".sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("keys", "0004_personal_keys")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
