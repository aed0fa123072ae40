"""What happens when an offer goes away: one campaign per retirement, and what each team plans."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from catalog.models import Offer
from tenants.access.models import Grant
from tenants.teams.models import Team

if TYPE_CHECKING:
    from foundry.people.models import User


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def seen_by(self, person: "User") -> Self:
        """Campaigns that touch own teams; people with a site role see all."""
        if person.sees_everything:
            return self
        held = Grant.objects.filter(offer=OuterRef("offer"), team__memberships__user=person)
        return self.filter(Exists(held))

    def open(self) -> Self:
        return self.filter(closed_at=None)

    def with_names(self) -> Self:
        return self.select_related(
            "offer__model__publisher", "offer__host", "offer__terms",
            "successor__model__publisher", "successor__host", "successor__terms",
        )  # fmt: skip


class Campaign(models.Model):
    """An offer retires at a date; everybody who calls it moves to something else before that.

    :ivar retires_at: when calls end; follows the offer's own date while the campaign is open.
    :ivar report: what came of it, written at closing; see `advice.report`.
    """

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="+")
    successor = models.ForeignKey(Offer, on_delete=models.PROTECT, null=True, related_name="+")
    retires_at = models.DateTimeField()
    opened_at = models.DateTimeField(db_default=Now())
    opened_by = models.CharField(max_length=120)
    closed_at = models.DateTimeField(null=True)
    closed_why = models.CharField(max_length=200, blank=True)
    report = models.JSONField(null=True)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        ordering = ["retires_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["offer"], condition=Q(closed_at=None), name="one_open_campaign_per_offer"
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, report=None) | Q(closed_at__isnull=False, report__isnull=False),
                name="a_closed_campaign_has_its_report",
            ),
            models.CheckConstraint(
                condition=~Q(successor=models.F("offer")), name="nothing_is_its_own_successor"
            ),
        ]

    def __str__(self) -> str:
        return f"retirement of {self.offer}"


class Plan(models.Model):
    """A team knows, and says by when it will have moved. A later word replaces an earlier; the audit has both."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="plans")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    planned_on = models.DateField()
    note = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["campaign", "planned_on"]
        constraints = [models.UniqueConstraint(fields=["campaign", "team"], name="one_plan_per_team")]

    def __str__(self) -> str:
        return f"{self.team} by {self.planned_on}"
