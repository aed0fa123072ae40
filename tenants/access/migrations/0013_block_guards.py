from pathlib import Path

from django.db import migrations

SQL = Path(__file__).with_suffix(".sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("access", "0012_blocks_and_spans"), ("audit", "0002_append_only")]
    operations = [
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
        migrations.RemoveField("grant", "suspended_at"),
        migrations.RemoveField("grant", "suspended_why"),
    ]
