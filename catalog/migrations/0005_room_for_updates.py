"""Half-filled pages for offers: a sync that changes many writes each new row beside its old one, and no index."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0004_trust_in_runs'),
    ]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE catalog_offer SET (fillfactor = 50)", "ALTER TABLE catalog_offer RESET (fillfactor)"
        ),
    ]
