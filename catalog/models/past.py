"""What offers were before: rows that are written once, so that any moment can be asked about."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from catalog.models.supply import Offer, Terms


class PastTermsQuerySet(models.QuerySet["PastTerms"]):
    def at(self, moment: datetime) -> Self:
        """Of each offer whose terms changed after `moment`, those that it was under then; others are under theirs still."""
        sooner = PastTerms.objects.filter(
            Q(until__lt=OuterRef("until")) | Q(until=OuterRef("until"), pk__lt=OuterRef("pk")),
            offer=OuterRef("offer"),
            until__gt=moment,
        )
        return self.filter(~Exists(sooner), until__gt=moment)


class PastTerms(models.Model):
    """The terms that an offer was under until it was put under others; the fields are those of the offer."""

    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="past_terms")
    terms = models.ForeignKey(Terms, on_delete=models.PROTECT, null=True, related_name="+")
    terms_before = models.ForeignKey(Terms, on_delete=models.PROTECT, null=True, related_name="+")
    terms_from = models.DateTimeField(null=True)
    until = models.DateTimeField()

    objects = PastTermsQuerySet.as_manager()

    class Meta:
        ordering = ["offer", "until", "pk"]
        verbose_name_plural = "past terms"
        indexes = [models.Index(fields=["offer", "until"], name="past_terms_by_offer")]

    def __str__(self) -> str:
        return f"{self.terms} of {self.offer} until {self.until}"
