"""What happens to grants by the clock: the rules of it, and grants that go on while their renewal is decided."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from tenants.access.models.requests import Request


class LifeRulesQuerySet(models.QuerySet["LifeRules"]):
    def current(self) -> "LifeRules":
        return self.order_by("-pk")[0]


class LifeRules(models.Model):
    """Never changed: a new row follows, and what happened by the clock names the row by which it did.

    :ivar grace_days: how long a grant goes on past its end while a renewal asked for before is undecided; 0 is not at all.
    :ivar idle_after_days: a grant without a call for so long is asked about; 0 never asks.
    :ivar idle_answer_days: how long its owner has to answer before it goes back.
    :ivar certify_every_days: what a team holds is reviewed so often; 0 only on demand.
    :ivar certify_within_days: how long a review may take.
    """

    grace_days = models.PositiveSmallIntegerField(default=14)
    idle_after_days = models.PositiveSmallIntegerField(default=60, db_default=60)
    idle_answer_days = models.PositiveSmallIntegerField(default=14, db_default=14)
    certify_every_days = models.PositiveSmallIntegerField(default=180, db_default=180)
    certify_within_days = models.PositiveSmallIntegerField(default=21, db_default=21)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    set_at = models.DateTimeField()

    objects = LifeRulesQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "life rules"

    def __str__(self) -> str:
        return f"life rules {self.pk}"


class GraceQuerySet(models.QuerySet["Grace"]):
    def running(self, at: datetime) -> Self:
        """Those by which a grant goes on at `at`: its renewal was still undecided then."""
        undecided = Q(request__closed_at=None) | Q(request__closed_at__gt=at)
        return self.filter(undecided, starts_at__lte=at, ends_at__gt=at)


class Grace(models.Model):
    """Past its end a grant goes on until its renewal is decided, at most until `ends_at`. Written with it, never changed.

    :ivar starts_at: the grant's end.
    """

    grant = models.ForeignKey("Grant", on_delete=models.PROTECT, related_name="graces")
    request = models.OneToOneField(Request, on_delete=models.PROTECT, related_name="grace")
    rules = models.ForeignKey(LifeRules, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    objects = GraceQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="grace_ends_after_it_starts")
        ]

    def __str__(self) -> str:
        return f"grace of {self.grant}"
