"""What hosts will serve us: pools of capacity, and what was said of them over time."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from catalog.models.supply import SUPPLY_READERS, Host

if TYPE_CHECKING:
    from foundry.people.models import User


def unit_words(unit: str) -> str:
    """As people read it: Azure calls its unit of quota "Count", which names nothing."""
    return "units" if unit == "Count" else unit


class PoolQuerySet(models.QuerySet["CapacityPool"]):
    def seen_by(self, person: "User") -> Self:
        return self if person.is_any(*SUPPLY_READERS, "finance") else self.none()


class CapacityPool(models.Model):
    """What a host will serve us, in the host's own unit, shared by the offers that draw on it.

    :ivar maximum: in `unit`.
    :ivar tpm_per_unit: tokens per minute that one unit is worth, null where the host does not say.
    :ivar rpm: requests per minute that come with the pool, null where the host does not say.
    :ivar by_hand: an admin entered it; what a host tells then goes into the history only.
    :ivar overcommit_percent: how much of it may be promised; 100 promises what is there.
    """

    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="pools")
    region = models.CharField(max_length=60, blank=True)
    name = models.CharField(max_length=160)
    label = models.CharField(max_length=200)
    unit = models.CharField(max_length=40)
    maximum = models.DecimalField(max_digits=20, decimal_places=2)
    in_use = models.DecimalField(max_digits=20, decimal_places=2, default=0)
    tpm_per_unit = models.PositiveBigIntegerField(null=True)
    rpm = models.PositiveBigIntegerField(null=True)
    by_hand = models.BooleanField(default=False)
    overcommit_percent = models.PositiveIntegerField(default=100)
    source = models.CharField(max_length=120)
    told_at = models.DateTimeField()

    objects = PoolQuerySet.as_manager()

    class Meta:
        ordering = ["host__name", "name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["host", "region", "name"], name="pool_once_per_host_and_region"),
            models.CheckConstraint(condition=Q(maximum__gte=0), name="pool_maximum_is_not_negative"),
            models.CheckConstraint(condition=Q(overcommit_percent__gte=1), name="pool_promises_something"),
        ]

    def __str__(self) -> str:
        return f"{self.host.slug} {self.name}"

    @property
    def unit_words(self) -> str:
        return unit_words(self.unit)

    @property
    def tpm(self) -> int | None:
        """Tokens per minute of the whole pool, or None where the host's unit has no known conversion."""
        return None if self.tpm_per_unit is None else int(self.maximum * self.tpm_per_unit)

    @property
    def promisable_tpm(self) -> int | None:
        """Tokens per minute that grants may be promised in all: what is there, times the over-commit ratio."""
        return None if self.tpm is None else self.tpm * self.overcommit_percent // 100


class CapacityReading(models.Model):
    """What a pool's capacity was said to be, from one moment to the next reading.

    :ivar by: the person who said it; empty where the host told it. A host's word on a pool that a person
        set stands here only.
    """

    pool = models.ForeignKey(CapacityPool, on_delete=models.CASCADE, related_name="readings")
    maximum = models.DecimalField(max_digits=20, decimal_places=2)
    in_use = models.DecimalField(max_digits=20, decimal_places=2, default=0)
    tpm_per_unit = models.PositiveBigIntegerField(null=True)
    source = models.CharField(max_length=160)
    by = models.CharField(max_length=120, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["pool", "-at", "-pk"]
        indexes = [models.Index(fields=["pool", "-at"], name="readings_by_pool")]

    def __str__(self) -> str:
        return f"{self.pool}: {self.maximum}"
