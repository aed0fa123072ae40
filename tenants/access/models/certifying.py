"""Reviews of everything that a team holds: when, by whom, and what was said of each grant."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from tenants.access.models.grants import Grant, GrantQuerySet
from tenants.access.models.lasting import LifeRules
from tenants.access.models.requests import Request
from tenants.access.states import Answer
from tenants.teams.models import Team

if TYPE_CHECKING:
    from foundry.people.models import User


class CertificationQuerySet(models.QuerySet["Certification"]):
    def seen_by(self, person: "User") -> Self:
        return self if person.sees_everything else self.filter(team__memberships__user=person)

    def open(self) -> Self:
        return self.filter(closed_at=None)

    def overdue(self, at: datetime) -> Self:
        return self.open().filter(due_at__lte=at)

    def with_names(self) -> Self:
        return self.select_related("team__cost_centre", "opened_by", "rules")


class Certification(models.Model):
    """Somebody who answers for a team says of each grant that it holds whether it is still needed.

    :ivar opened_by: None where the rules opened it.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="certifications")
    rules = models.ForeignKey(LifeRules, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    due_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    objects = CertificationQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(due_at__gt=F("opened_at")), name="certification_leaves_time"),
            models.UniqueConstraint(
                fields=["team"], condition=Q(closed_at=None), name="one_open_certification_per_team"
            ),
        ]

    def __str__(self) -> str:
        return f"review {self.pk} of {self.team}"

    def state(self, at: datetime) -> str:
        """done, overdue or open; judged at `at`."""
        if self.closed_at and self.closed_at <= at:
            return "done"
        return "overdue" if self.due_at <= at else "open"

    def grants(self, at: datetime) -> GrantQuerySet:
        """What it asks about: what the team held when it began, and holds still."""
        return Grant.objects.in_force(at).filter(team=self.team_id, starts_at__lte=self.opened_at)


class Certified(models.Model):
    """What one person said of one grant, beside what they saw. Never changed.

    :ivar request: what `reduce` asked for.
    :ivar calls, cost_nanos: of the 30 days before. :ivar idle_days: whole days without a call.
    """

    certification = models.ForeignKey(Certification, on_delete=models.PROTECT, related_name="answers")
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="certified")
    answer = models.CharField(max_length=9, choices=Answer)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)
    request = models.ForeignKey(Request, on_delete=models.PROTECT, null=True, related_name="+")
    calls = models.PositiveBigIntegerField()
    cost_nanos = models.PositiveBigIntegerField()
    idle_days = models.PositiveIntegerField()

    class Meta:
        ordering = ["at", "pk"]
        verbose_name_plural = "certified"
        constraints = [
            models.UniqueConstraint(fields=["certification", "grant"], name="each_grant_answered_once"),
            models.CheckConstraint(
                condition=Q(answer="reduce", request__isnull=False) | (~Q(answer="reduce") & Q(request=None)),
                name="reducing_asks",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.answer} of {self.grant}"
