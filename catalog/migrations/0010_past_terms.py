import django.db.models.deletion
from django.db import migrations, models

KEPT = {"on_delete": django.db.models.deletion.PROTECT, "null": True, "related_name": "+", "to": "catalog.terms"}


class Migration(migrations.Migration):
    dependencies = [("catalog", "0009_host_cancels_at_once")]
    operations = [
        migrations.CreateModel(
            name="PastTerms",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("terms_from", models.DateTimeField(null=True)),
                ("until", models.DateTimeField()),
                (
                    "offer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="past_terms", to="catalog.offer"
                    ),
                ),
                ("terms", models.ForeignKey(**KEPT)),
                ("terms_before", models.ForeignKey(**KEPT)),
            ],
            options={
                "verbose_name_plural": "past terms",
                "ordering": ["offer", "until", "pk"],
                "indexes": [models.Index(fields=["offer", "until"], name="past_terms_by_offer")],
            },
        ),
    ]
