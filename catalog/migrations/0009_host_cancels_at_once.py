from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0008_index_what_did_not_apply")]
    operations = [
        migrations.AddField("host", "cancels_at_once", models.BooleanField(default=False)),
    ]
