"""What an offer costs, from one moment to another, and who says so."""

from datetime import datetime
from typing import Any, Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value


class PriceQuerySet(models.QuerySet["Price"]):
    def at(self, moment: datetime) -> Self:
        """Prices in force at `moment`, the one that counts first."""
        return (
            self.filter(starts_at__lte=moment)
            .filter(Q(ends_at=None) | Q(ends_at__gt=moment))
            .order_by("offer_id", "precedence")
        )


class Price(models.Model):
    """USD per million tokens of one offer from one moment to another, and who says so.

    A later price never changes an earlier row but for its end. Unknown parts are null, never 0.

    :ivar parts: what is priced apart, {part: USD as decimal text}, in the units of `connectors.base.PARTS`.
    :ivar tiers: [{"prices": {part: USD}, "over_input_tokens": int or null, "utc_from", "utc_to": "HH:MM"}],
        what stands in for the base prices while its condition holds.
    """

    class Basis(models.TextChoices):
        ADMIN = "admin", "Set by an admin"
        NEGOTIATED = "negotiated", "Negotiated"
        HOST = "host", "Told by the host"
        REFERENCE = "reference", "Reference list"

    PRECEDENCE = {Basis.ADMIN: 0, Basis.NEGOTIATED: 1, Basis.HOST: 2, Basis.REFERENCE: 3}

    offer = models.ForeignKey("catalog.Offer", on_delete=models.CASCADE, related_name="prices")
    basis = models.CharField(max_length=12, choices=Basis)
    precedence = models.PositiveSmallIntegerField()
    input_per_million = models.DecimalField(max_digits=30, decimal_places=18)
    output_per_million = models.DecimalField(max_digits=30, decimal_places=18)
    cached_input_per_million = models.DecimalField(max_digits=30, decimal_places=18, null=True)
    parts = models.JSONField(default=dict)
    tiers = models.JSONField(default=list)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    source = models.CharField(max_length=160)
    told_at = models.DateTimeField()

    objects = PriceQuerySet.as_manager()

    class Meta:
        ordering = ["offer", "precedence", "-starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")), name="price_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(input_per_million__gte=0) & Q(output_per_million__gte=0),
                name="price_is_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(basis="admin", precedence=0)
                | Q(basis="negotiated", precedence=1)
                | Q(basis="host", precedence=2)
                | Q(basis="reference", precedence=3),
                name="price_precedence_follows_basis",
            ),
            ExclusionConstraint(
                name="price_periods_never_overlap",
                expressions=[
                    (
                        Func(F("offer_id"), F("offer_id"), Value("[]"), function="int8range"),
                        RangeOperators.OVERLAPS,
                    ),
                    (
                        Func(
                            F("precedence"),
                            F("precedence"),
                            Value("[]"),
                            function="int4range",
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                    (Func(F("starts_at"), F("ends_at"), function="tstzrange"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.offer}: {self.input_per_million} / {self.output_per_million} ({self.basis})"

    @property
    def told_parts(self) -> dict[str, Any]:
        """What is priced apart, as `diff` tells it: `parts` and `tiers`, each only where there are any."""
        both = {"parts": self.parts, "tiers": self.tiers}
        return {name: told for name, told in both.items() if told}
