"""How well hosts serve: what their status pages say, and where ops took something out of use for a while."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce, Now

from catalog.models.supply import SUPPLY_READERS, Host, Offer
from catalog.states import Health

if TYPE_CHECKING:
    from foundry.people.models import User


class StatusReading(models.Model):
    """What a host's status page said from `at` until `seen_until`; a new row when it says something else.

    :ivar details: {"components": [{"name", "status"}], "incidents": [{"name", "impact", "since", "url"}]}.
    """

    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="readings")
    health = models.CharField(max_length=12, choices=Health)
    words = models.CharField(max_length=200, blank=True)
    details = models.JSONField(default=dict)
    at = models.DateTimeField()
    seen_until = models.DateTimeField()

    class Meta:
        ordering = ["host", "-at", "-pk"]
        indexes = [models.Index(fields=["host", "-at"], name="readings_by_host")]
        constraints = [
            models.CheckConstraint(condition=Q(seen_until__gte=F("at")), name="reading_ends_after_it_starts")
        ]

    def __str__(self) -> str:
        return f"{self.host}: {self.health}"


class PauseQuerySet(models.QuerySet["Pause"]):
    def seen_by(self, person: "User") -> Self:
        """Whoever sees an offer sees its pauses."""
        return self if person.is_any(*SUPPLY_READERS) else self.exclude(offer__hidden=True)

    def with_names(self) -> Self:
        return self.select_related("host", "offer__model__publisher", "offer__host", "by", "lifted_by")

    def open(self, moment: datetime) -> Self:
        """Pauses in force at `moment`, and those that are planned."""
        return self.filter(lifted_at=None, ends_at__gt=moment)

    def at(self, moment: datetime) -> Self:
        """Pauses in force at `moment`. Time ends them; no worker has to."""
        return self.filter(starts_at__lte=moment, ends_at__gt=moment).filter(
            Q(lifted_at=None) | Q(lifted_at__gt=moment)
        )


def never_overlapping(field: str) -> ExclusionConstraint:
    """No two pauses of one thing at one time; a lifted one ends where it was lifted."""
    same = Func(F(f"{field}_id"), F(f"{field}_id"), Value("[]"), function="int8range")
    during = Func(F("starts_at"), Coalesce("lifted_at", "ends_at"), function="tstzrange")
    return ExclusionConstraint(
        name=f"pauses_of_one_{field}_never_overlap",
        expressions=[(same, RangeOperators.OVERLAPS), (during, RangeOperators.OVERLAPS)],
        condition=Q(**{f"{field}__isnull": False}),
    )


class Pause(models.Model):
    """Calls to a host, or to one offer, are refused for a set time, with a reason; it ends by itself."""

    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="pauses", null=True)
    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="pauses", null=True)
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField(db_default=Now())
    ends_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True
    )

    objects = PauseQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(host=None, offer__isnull=False) | Q(host__isnull=False, offer=None),
                name="pause_is_of_a_host_or_an_offer",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="pause_ends_after_it_starts"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="pause_has_a_reason"),
            *(never_overlapping(name) for name in ("host", "offer")),
        ]

    def __str__(self) -> str:
        return f"pause of {self.of}"

    @property
    def of(self) -> Host | Offer:
        """What is paused."""
        found = self.host or self.offer
        assert found is not None, "the database holds one of the two"
        return found

    @property
    def over_at(self) -> datetime:
        """When it ends, or ended because somebody lifted it."""
        return self.lifted_at or self.ends_at

    def state(self, at: datetime) -> str:
        """lifted, ended, planned or paused at `at`; judged, never stored."""
        if self.lifted_at and self.lifted_at <= max(at, self.starts_at):
            return "lifted"
        return "ended" if self.ends_at <= at else "planned" if self.starts_at > at else "paused"
