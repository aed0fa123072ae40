"""The ledger: each finished call once, and its sums per hour. Pages read the sums.

The first two tables are partitioned, so `migrations/0001_tables.sql` makes them; rows enter only through
the database function `usage_take_in`, which writes identity, event, hour and budget in one transaction.
"""

from typing import TYPE_CHECKING, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models

from tenants.usage.envelope import Basis, Outcome

if TYPE_CHECKING:
    from foundry.people.models import User

OUTCOMES = [(each.value, each.value.replace("_", " ")) for each in Outcome]
BASES = [(each.value, each.value) for each in Basis]
# Upper bounds in ms of the latency histogram; the last bucket has none. `0007_take_in.sql` holds the same.
LATENCY_MS = (50, 100, 150, 200, 300, 400, 600, 800, 1_000, 1_500, 2_000, 3_000, 4_000, 6_000, 8_000,
              10_000, 15_000, 20_000, 30_000, 60_000, 120_000)  # fmt: skip


class UsageKey(models.Model):
    """What has been booked: one row per source and call, with a hash of what was told."""

    pk = models.CompositePrimaryKey("source", "call_id")
    source = models.TextField()
    call_id = models.TextField()
    body_hash = models.BinaryField()
    started_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "usage_key"

    def __str__(self) -> str:
        return f"{self.source} {self.call_id}"


class UsageEventQuerySet(models.QuerySet["UsageEvent"]):
    def seen_by(self, person: "User") -> Self:
        """Own teams' calls; people with a site role see all."""
        if person.sees_everything:
            return self
        return self.filter(team_id__in=person.memberships.values("team_id"))


class UsageEvent(models.Model):
    """One call and its outcome. Ids are no foreign keys: history outlives what it names.

    :ivar cost_nanos: nano-dollars; null where no price was known.
    :ivar overshoot_tokens: what the host reported beyond the worst case that was held.
    :ivar kinds: counts in the order of `envelope.KINDS`, null where all are 0. :ivar told_nanos: what the host says it costs.
    """

    id = models.BigIntegerField(primary_key=True)
    source = models.TextField()
    call_id = models.TextField()
    started_at = models.DateTimeField()
    team_id = models.BigIntegerField()
    application_id = models.BigIntegerField(null=True)
    key_id = models.BigIntegerField(null=True)
    grant_id = models.BigIntegerField(null=True)
    offer_id = models.BigIntegerField(null=True)
    model = models.TextField()
    outcome = models.TextField(choices=OUTCOMES)
    code = models.TextField()
    status = models.SmallIntegerField(null=True)
    streamed = models.BooleanField()
    latency_ms = models.IntegerField(null=True)
    first_byte_ms = models.IntegerField(null=True)
    tokens_in = models.BigIntegerField()
    tokens_out = models.BigIntegerField()
    tokens_cached = models.BigIntegerField()
    tokens_reasoning = models.BigIntegerField()
    cost_nanos = models.BigIntegerField(null=True)
    basis = models.TextField(choices=BASES)
    price_id = models.BigIntegerField(null=True)
    overshoot_tokens = models.BigIntegerField()
    kinds = ArrayField(models.BigIntegerField(), null=True)
    told_nanos = models.BigIntegerField(null=True)
    held_tokens = models.BigIntegerField(null=True)
    held_nanos = models.BigIntegerField(null=True)
    tag = models.TextField(default="")
    tries = models.TextField(default="")
    recorded_at = models.DateTimeField()

    objects = UsageEventQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "usage_event"
        ordering = ["-started_at", "-id"]

    def __str__(self) -> str:
        return f"call {self.call_id}: {self.outcome}"


class UsageHourQuerySet(models.QuerySet["UsageHour"]):
    def seen_by(self, person: "User") -> Self:
        """Own teams' hours; people with a site role see all."""
        if person.sees_everything:
            return self
        return self.filter(team_id__in=person.memberships.values("team_id"))


class UsageHour(models.Model):
    """The sums of one hour for one key, grant, outcome, basis and tag. Written together with the events.

    :ivar latency: counts of calls per bucket of LATENCY_MS. :ivar kinds: in the order of KINDS, null where all are 0.
    :ivar told_calls: calls of known cost for which the host told its own; `told_nanos` is what it told,
        `told_cost_nanos` what they cost by our prices.
    """

    hour = models.DateTimeField()
    team_id = models.BigIntegerField()
    application_id = models.BigIntegerField(null=True)
    key_id = models.BigIntegerField(null=True)
    grant_id = models.BigIntegerField(null=True)
    offer_id = models.BigIntegerField(null=True)
    model = models.TextField()
    outcome = models.CharField(max_length=16, choices=OUTCOMES)
    code = models.TextField()
    basis = models.CharField(max_length=12, choices=BASES)
    calls = models.BigIntegerField()
    tokens_in = models.BigIntegerField()
    tokens_out = models.BigIntegerField()
    tokens_cached = models.BigIntegerField()
    tokens_reasoning = models.BigIntegerField()
    cost_nanos = models.BigIntegerField()
    unknown_cost_calls = models.BigIntegerField()
    tag = models.TextField(default="")
    kinds = ArrayField(models.BigIntegerField(), null=True)
    told_calls = models.BigIntegerField(default=0)
    told_nanos = models.BigIntegerField(default=0)
    told_cost_nanos = models.BigIntegerField(default=0)
    latency = ArrayField(models.BigIntegerField())

    objects = UsageHourQuerySet.as_manager()

    class Meta:
        db_table = "usage_hour"
        ordering = ["hour", "pk"]
        indexes = [
            models.Index(fields=["team_id", "hour"], name="hours_by_team"),
            models.Index(fields=["grant_id", "hour"], name="hours_by_grant"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "hour", "team_id", "application_id", "key_id", "grant_id", "offer_id", "model",
                    "outcome", "code", "basis", "tag",
                ],
                nulls_distinct=False,
                name="hour_once",
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H} team {self.team_id}: {self.calls} calls"


class Shipper(models.Model):
    """A gateway process and when it last said that it lives.

    :ivar waiting: calls in its spool that are not in the ledger yet; `oldest_s` is how long the first waits.
    :ivar version: of the passports, as it last confirmed it; 0 before it has.
    :ivar resting: ids of hosts that it leaves alone for a moment, because they failed again and again.
    """

    spool = models.CharField(primary_key=True, max_length=80)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    waiting = models.IntegerField(default=0)
    oldest_s = models.FloatField(default=0)
    version = models.BigIntegerField(default=0)
    resting = ArrayField(models.BigIntegerField(), default=list, db_default=[])

    class Meta:
        ordering = ["-seen_at"]

    def __str__(self) -> str:
        return self.spool


class Tag(models.Model):
    """A word that a team's calls carried on a day. A team has at most a hundred a day; `gateway.tag` counts."""

    team_id = models.BigIntegerField()
    day = models.DateField()
    tag = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team_id", "day", "tag"], name="tag_once_a_day")]

    def __str__(self) -> str:
        return self.tag
