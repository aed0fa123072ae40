"""Windows and slices belong to holders: grants, and levels whose number is below zero."""

from django.db import migrations, models

KEPT = ("window", "rate", "share", "lease")
ONCE = {
    "window": ("window_once_per_grant", "window_once_per_holder", ["holder_id", "period", "starts_at"]),
    "share": ("share_once_per_process", "share_once_per_process", ["spool", "holder_id"]),
    "lease": ("lease_once_per_process", "lease_once_per_process", ["spool", "holder_id", "day"]),
}
FIELDS = {
    "window": models.BigIntegerField(),
    "rate": models.BigIntegerField(unique=True),
    "share": models.BigIntegerField(db_index=True),
    "lease": models.BigIntegerField(),
}
ORDER = {
    "window": ["holder_id", "period", "starts_at"],
    "rate": ["holder_id"],
    "share": ["holder_id", "spool"],
    "lease": ["day", "holder_id", "spool"],
}


def column(name: str) -> models.BigIntegerField:
    """The field as it is in between: a plain number in the old column."""
    return models.BigIntegerField(
        db_column="grant_id", unique=name == "rate", db_index=name == "share"
    )


class Migration(migrations.Migration):
    dependencies = [("quotas", "0002_leases")]
    operations = [
        *(migrations.RemoveConstraint(name, old) for name, (old, _, _) in ONCE.items()),
        *(migrations.AlterField(name, "grant", column(name)) for name in KEPT),
        *(migrations.AlterModelOptions(name, {"ordering": []}) for name in KEPT),
        *(migrations.RenameField(name, "grant", "holder_id") for name in KEPT),
        *(migrations.AlterField(name, "holder_id", field) for name, field in FIELDS.items()),
        *(migrations.AlterModelOptions(name, {"ordering": order}) for name, order in ORDER.items()),
        *(
            migrations.AddConstraint(name, models.UniqueConstraint(fields=fields, name=new))
            for name, (_, new, fields) in ONCE.items()
        ),
    ]
