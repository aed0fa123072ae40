"""What a team said of an offer beside asking for it: terms accepted, a wish for later."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from catalog.models import Offer, Terms
from tenants.teams.models import Team


class Acknowledgement(models.Model):
    """A team accepted one version of terms."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="acknowledgements")
    terms = models.ForeignKey(Terms, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "terms"], name="terms_acknowledged_once_per_team")
        ]

    def __str__(self) -> str:
        return f"{self.team}: {self.terms}"


class Wish(models.Model):
    """A team would use an offer that no call can reach yet."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="wishes")
    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    why = models.TextField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "wishes"
        constraints = [models.UniqueConstraint(fields=["team", "offer"], name="one_wish_per_team_and_offer")]

    def __str__(self) -> str:
        return f"{self.team} wishes {self.offer}"
