"""Who decides what, as data: versions of ordered rules, and who answers for an offer."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from catalog.models import Offer

if TYPE_CHECKING:
    from foundry.people.models import User


class PolicyQuerySet(models.QuerySet["Policy"]):
    def seen_by(self, person: "User") -> Self:
        """Rules may name other teams, so only people who read across teams see them."""
        return self if person.sees_everything else self.none()

    def current(self) -> "Policy":
        """The version that lays down the steps of what is asked now."""
        return self.exclude(number=None).order_by("-number")[0]


class Policy(models.Model):
    """One version of the ordered rules, as `policy.py` reads them. Switched on it never changes; one draft at a time.

    :ivar number: given when it is switched on; None is the draft.
    :ivar editor_ids: everybody who had a hand in it or in a version it was made from. It approves nothing of theirs.
    """

    number = models.PositiveIntegerField(null=True)
    rules = models.JSONField()
    note = models.CharField(max_length=200, blank=True)
    editor_ids = ArrayField(models.BigIntegerField(), default=list)
    created_at = models.DateTimeField(db_default=Now())
    switched_on_at = models.DateTimeField(null=True)
    switched_on_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    objects = PolicyQuerySet.as_manager()

    class Meta:
        ordering = [models.F("number").desc(nulls_first=True)]
        verbose_name_plural = "policies"
        constraints = [
            models.UniqueConstraint(
                fields=["number"], nulls_distinct=False, name="policy_number_once_and_one_draft"
            ),
            models.CheckConstraint(
                condition=Q(number=None, switched_on_at=None)
                | Q(number__isnull=False, switched_on_at__isnull=False),
                name="policy_numbered_when_switched_on",
            ),
        ]

    def __str__(self) -> str:
        return "the draft policy" if self.number is None else f"policy {self.number}"

    @property
    def is_draft(self) -> bool:
        return self.number is None


class OfferOwner(models.Model):
    """Somebody answers for an offer; policies can ask for their decision."""

    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="owned_offers")

    class Meta:
        ordering = ["offer", "user__name"]
        constraints = [models.UniqueConstraint(fields=["offer", "user"], name="offer_owner_once")]

    def __str__(self) -> str:
        return f"{self.user} for {self.offer}"
