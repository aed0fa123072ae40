"""What is counted against a grant's budgets. The limits themselves belong to the grant.

The gateway changes these rows only through the functions of `tenants/keys/gateway.sql`; what is spent
changes only together with the usage event that says why (`tenants/usage`).
"""

from django.db import models
from django.db.models import Q

from tenants.access.models import Grant


class Window(models.Model):
    """What one grant spent, and what its running calls hold, in one UTC day or month; counted with or without a limit.

    :ivar tokens_held, usd_nanos_held: the worst case of calls that run now.
    """

    DAY, MONTH = "day", "month"

    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="+")
    period = models.CharField(max_length=5, choices=[(DAY, "Day"), (MONTH, "Month")])
    starts_at = models.DateTimeField()
    tokens_spent = models.BigIntegerField(default=0)
    tokens_held = models.BigIntegerField(default=0)
    usd_nanos_spent = models.BigIntegerField(default=0)
    usd_nanos_held = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["grant", "period", "starts_at"]
        constraints = [
            models.UniqueConstraint(fields=["grant", "period", "starts_at"], name="window_once_per_grant"),
            models.CheckConstraint(condition=Q(period__in=["day", "month"]), name="window_period_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.period} from {self.starts_at:%Y-%m-%d} of {self.grant_id}"


class Hold(models.Model):
    """One running call's worst case. Gone when its event is in the ledger, or when its process's spool was read to the end.

    :ivar spool: the process that took it, by the name of its spool.
    """

    call_id = models.CharField(primary_key=True, max_length=64)
    grant = models.ForeignKey(
        Grant, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    at = models.DateTimeField()
    tokens = models.BigIntegerField()
    usd_nanos = models.BigIntegerField()
    spool = models.CharField(max_length=80, db_index=True)

    class Meta:
        ordering = ["at"]

    def __str__(self) -> str:
        return f"hold of {self.call_id}"
