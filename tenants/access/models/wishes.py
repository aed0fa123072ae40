"""What a team said of an offer beside asking for it: terms accepted, a wish for later."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from catalog.models import Offer, Terms
from tenants.access.models.requests import Request, in_order
from tenants.access.states import DataClass
from tenants.teams.models import Application, Team

if TYPE_CHECKING:
    from foundry.people.models import User


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


class WishQuerySet(models.QuerySet["Wish"]):
    def seen_by(self, person: "User") -> Self:
        """Own teams' wishes; who else waits is for admins."""
        return self if person.is_any("admin") else self.filter(team__memberships__user=person)

    def waiting(self) -> Self:
        """Those that did not become a request yet."""
        return self.filter(request=None)


class Wish(models.Model):
    """A team waits for an offer that no call can reach yet: what for, with which data, how much.

    :ivar asked: limits by kind, as a request keeps them.
    :ivar request: what it became when the offer opened; `why_not` says why it could not become one.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="wishes")
    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="+")
    application = models.ForeignKey(Application, on_delete=models.PROTECT, null=True, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    why = models.TextField()
    data_class = models.CharField(max_length=12, choices=DataClass, blank=True)
    asked = models.JSONField(default=dict)
    at = models.DateTimeField(db_default=Now())
    request = models.OneToOneField(Request, on_delete=models.PROTECT, null=True, related_name="+")
    why_not = models.CharField(max_length=400, blank=True)

    objects = WishQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "wishes"
        constraints = [
            models.UniqueConstraint(fields=["team", "offer"], name="one_wish_per_team_and_offer"),
            models.CheckConstraint(
                condition=Q(application=None) | Q(data_class__in=DataClass.values),
                name="wish_for_an_application_names_its_data",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.team} wishes {self.offer}"

    @property
    def asked_in_order(self) -> list[tuple[str, int]]:
        return in_order(self.asked)
