from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0005_room_for_updates")]

    operations = [
        migrations.AddField(
            model_name="capacityreading",
            name="by",
            field=models.CharField(blank=True, default="", max_length=120),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="capacityreading",
            name="tpm_per_unit",
            field=models.PositiveBigIntegerField(null=True),
        ),
        migrations.AddConstraint(
            model_name="capacitypool",
            constraint=models.CheckConstraint(
                condition=models.Q(("overcommit_percent__gte", 1)), name="pool_promises_something"
            ),
        ),
    ]
