"""What is counted against limits. The limits themselves belong to grants, and to what is above and below them (`tenants/levels`).

Whoever has limits is a holder, and one number names it: a grant by its own id, anything else by its level's id below zero.
The gateway changes these rows only through the functions of `tenants/keys/gateway.sql`; what is spent
changes only together with the usage event that says why (`tenants/usage`).
"""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class Window(models.Model):
    """What one holder spent, and what its running calls hold, in one day or month (`Calendar`).

    Of grants it is counted with or without a limit, of the others since they had their first.

    :ivar tokens_held, usd_nanos_held: leased to gateway processes: the worst case of calls that run now, and what
        is set aside for the next ones.
    """

    DAY, MONTH = "day", "month"

    holder_id = models.BigIntegerField()
    period = models.CharField(max_length=5, choices=[(DAY, "Day"), (MONTH, "Month")])
    starts_at = models.DateTimeField()
    tokens_spent = models.BigIntegerField(default=0)
    tokens_held = models.BigIntegerField(default=0)
    usd_nanos_spent = models.BigIntegerField(default=0)
    usd_nanos_held = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["holder_id", "period", "starts_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["holder_id", "period", "starts_at"], name="window_once_per_holder"
            ),
            models.CheckConstraint(condition=Q(period__in=["day", "month"]), name="window_period_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.period} from {self.starts_at:%Y-%m-%d} of {self.holder_id}"


class Rate(models.Model):
    """What a holder used of its latest minute, slices that are leased included.

    :ivar minute: since 1970, by the database's clock. :ivar tokens: beyond the limit they are debt on the next minutes.
    """

    holder_id = models.BigIntegerField(unique=True)
    minute = models.BigIntegerField()
    calls = models.BigIntegerField()
    tokens = models.BigIntegerField()

    class Meta:
        ordering = ["holder_id"]

    def __str__(self) -> str:
        return f"minute {self.minute} of {self.holder_id}"


class Share(models.Model):
    """What one gateway process leases of one holder's rates. Gone when its spool was read to the end.

    Everything is a running total, of the minute for calls and tokens, so that what is told twice counts once.

    :ivar spool: the process, by the name of its spool. :ivar tokens_over: reported beyond what any minute was charged.
    :ivar slots_leased: calls that may run at once. :ivar loose: it may have more than its running calls need.
    """

    spool = models.CharField(max_length=80)
    holder_id = models.BigIntegerField(db_index=True)
    minute = models.BigIntegerField()
    calls_leased = models.BigIntegerField()
    calls_returned = models.BigIntegerField()
    tokens_leased = models.BigIntegerField()
    tokens_returned = models.BigIntegerField()
    tokens_over = models.BigIntegerField()
    slots_leased = models.BigIntegerField()
    slots_returned = models.BigIntegerField()
    loose = models.BooleanField()

    class Meta:
        ordering = ["holder_id", "spool"]
        constraints = [models.UniqueConstraint(fields=["spool", "holder_id"], name="share_once_per_process")]

    def __str__(self) -> str:
        return f"share of {self.spool} in {self.holder_id}"


class Passed(models.Model):
    """How many calls of a day went on although a soft or shadow limit of theirs was used up: a hard one had refused them.

    :ivar day: the beginning of the day in which they came.
    """

    holder_id = models.BigIntegerField()
    kind = models.CharField(max_length=16)
    mode = models.CharField(max_length=6)
    day = models.DateTimeField()
    calls = models.BigIntegerField()

    class Meta:
        ordering = ["holder_id", "kind", "mode", "day"]
        constraints = [
            models.UniqueConstraint(fields=["holder_id", "kind", "mode", "day"], name="passed_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.calls} calls beyond {self.mode} {self.kind} of {self.holder_id}"


class Lease(models.Model):
    """What one gateway process leases of one holder's budgets, in one day. Gone like its share.

    What it still has is leased - returned - shipped; the windows of the day and its month hold exactly that.

    :ivar tokens_shipped: used by calls that are in the ledger.
    """

    spool = models.CharField(max_length=80)
    holder_id = models.BigIntegerField()
    day = models.DateTimeField()
    tokens_leased = models.BigIntegerField()
    tokens_returned = models.BigIntegerField()
    tokens_shipped = models.BigIntegerField()
    usd_nanos_leased = models.BigIntegerField()
    usd_nanos_returned = models.BigIntegerField()
    usd_nanos_shipped = models.BigIntegerField()

    class Meta:
        ordering = ["day", "holder_id", "spool"]
        constraints = [
            models.UniqueConstraint(fields=["spool", "holder_id", "day"], name="lease_once_per_process"),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{unit}_leased__gte": F(f"{unit}_returned") + F(f"{unit}_shipped")}),
                    name=f"no_more_{unit}_back_than_leased",
                )
                for unit in ("tokens", "usd_nanos")
            ),
        ]

    def __str__(self) -> str:
        return f"lease of {self.spool} in {self.holder_id}"


class CalendarQuerySet(models.QuerySet["Calendar"]):
    def kept(self) -> Self:
        return self.filter(withdrawn_at=None)

    def in_force(self, at: datetime) -> Self:
        """The rule that counts at `at` first, if there is one."""
        return self.kept().filter(from_at__lte=at).order_by("-from_at")

    def planned(self, at: datetime) -> Self:
        return self.kept().filter(from_at__gt=at)


class Calendar(models.Model):
    """Where the days and months of budgets begin, from one moment on. Before the first row it is UTC and the first.

    The rule itself is SQL: `quotas_begins` and `quotas_ends`. Rows begin at least an hour ahead and are never changed
    but to be withdrawn, so that a moment that has passed stays in its day and month.

    :ivar from_at: begins a day of the zone. :ivar first_day: of the month, 1 to 28.
    """

    from_at = models.DateTimeField()
    zone = models.CharField(max_length=60)
    first_day = models.PositiveSmallIntegerField(default=1)
    reason = models.CharField(max_length=300)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(db_default=Now())
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    objects = CalendarQuerySet.as_manager()

    class Meta:
        ordering = ["-from_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["from_at"], condition=Q(withdrawn_at=None), name="one_calendar_from_a_moment"
            ),
            models.CheckConstraint(
                condition=Q(first_day__gte=1, first_day__lte=28), name="calendar_day_is_in_every_month"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="calendar_has_a_reason"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
                name="calendar_is_withdrawn_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.zone}, from day {self.first_day}, since {self.from_at:%Y-%m-%d %H:%M}Z"

    def state(self, at: datetime) -> str:
        """withdrawn, planned, or begun at `at`; judged, never stored."""
        if self.withdrawn_at is not None:
            return "withdrawn"
        return "planned" if self.from_at > at else "begun"
