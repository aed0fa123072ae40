from pathlib import Path

import django.contrib.postgres.fields
from django.db import migrations, models

SQL = Path(__file__).with_suffix(".sql").read_text()
BACK = """
    ALTER TABLE usage_event DROP COLUMN kinds, DROP COLUMN told_nanos, DROP COLUMN held_tokens, DROP COLUMN held_nanos,
        DROP COLUMN tag;
    ALTER TYPE usage_incoming DROP ATTRIBUTE kinds, DROP ATTRIBUTE told_nanos, DROP ATTRIBUTE held_tokens,
        DROP ATTRIBUTE held_nanos, DROP ATTRIBUTE tag;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('usage', '0003_leases'),
    ]

    operations = [
        migrations.RunSQL(SQL, BACK),
        migrations.CreateModel(
            name='Tag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('team_id', models.BigIntegerField()),
                ('day', models.DateField()),
                ('tag', models.CharField(max_length=64)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='usagehour',
            name='hour_once',
        ),
        migrations.AddField(
            model_name='shipper',
            name='version',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='usagehour',
            name='kinds',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), null=True, size=None),
        ),
        migrations.AddField(
            model_name='usagehour',
            name='tag',
            field=models.TextField(default=''),
        ),
        migrations.AddField(
            model_name='usagehour',
            name='told_calls',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='usagehour',
            name='told_cost_nanos',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='usagehour',
            name='told_nanos',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddConstraint(
            model_name='usagehour',
            constraint=models.UniqueConstraint(fields=('hour', 'team_id', 'application_id', 'key_id', 'grant_id', 'offer_id', 'model', 'outcome', 'code', 'basis', 'tag'), name='hour_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='tag',
            constraint=models.UniqueConstraint(fields=('team_id', 'day', 'tag'), name='tag_once_a_day'),
        ),
    ]
