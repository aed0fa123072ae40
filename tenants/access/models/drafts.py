"""What somebody has typed and not sent yet."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from catalog.models import Offer

if TYPE_CHECKING:
    from foundry.people.models import User


class DraftQuerySet(models.QuerySet["Draft"]):
    def seen_by(self, person: "User") -> Self:
        """One's own, whatever roles one has."""
        return self.filter(user=person)

    def with_names(self) -> Self:
        return self.select_related("offer__model__publisher", "offer__host")


class Draft(models.Model):
    """One person's unsent request for one offer. It binds nobody, so it is not in the audit.

    :ivar typed: the form's fields as they were typed, by name; not checked until it is sent.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="+")
    typed = models.JSONField()
    saved_at = models.DateTimeField(db_default=Now())

    objects = DraftQuerySet.as_manager()

    class Meta:
        ordering = ["-saved_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["user", "offer"], name="one_draft_per_offer")]

    def __str__(self) -> str:
        return f"draft for {self.offer}"
