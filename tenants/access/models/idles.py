"""Grants that nobody calls, what their owners said, and grants that were given back."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from tenants.access.models.grants import Grant
from tenants.access.models.lasting import LifeRules
from tenants.access.models.requests import Decision
from tenants.access.states import ReturnKind


class IdleQuerySet(models.QuerySet["Idle"]):
    def open_at(self, at: datetime) -> Self:
        """Told of, and at `at` neither kept nor used since."""
        kept = Q(kept_at=None) | Q(kept_at__gt=at)
        return self.filter(kept, Q(used_at=None) | Q(used_at__gt=at), noticed_at__lte=at)


class Idle(models.Model):
    """A grant without a call for the days of the rules. Its owner keeps it, or calls; else it goes back when it is due.

    :ivar since: the hour of the last call, else the grant's start, else when it was last kept.
    :ivar decision: the grant's at that time: it is kept once by each.
    :ivar used_at: when a call was seen after the notice.
    """

    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="idles")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="+")
    rules = models.ForeignKey(LifeRules, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField()
    noticed_at = models.DateTimeField()
    due_at = models.DateTimeField()
    kept_at = models.DateTimeField(null=True)
    kept_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    kept_why = models.CharField(max_length=200, blank=True)
    used_at = models.DateTimeField(null=True)

    objects = IdleQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(due_at__gt=F("noticed_at")), name="idle_leaves_time_to_answer"
            ),
            models.CheckConstraint(
                condition=Q(kept_at=None, kept_by=None, kept_why="")
                | (Q(kept_at__isnull=False, kept_by__isnull=False, used_at=None) & ~Q(kept_why="")),
                name="keeping_is_by_somebody_who_says_why",
            ),
            models.UniqueConstraint(
                fields=["grant"], condition=Q(kept_at=None, used_at=None), name="one_open_idle_per_grant"
            ),
            models.UniqueConstraint(
                fields=["grant", "decision"],
                condition=Q(kept_at__isnull=False),
                name="kept_once_per_decision",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.grant} idle since {self.since}"


class Return(models.Model):
    """A grant was given back, or taken back for idleness; its capacity is free from then on. Never changed.

    :ivar by: None where the rules did it, by their `idle` row.
    """

    grant = models.OneToOneField(Grant, on_delete=models.PROTECT, related_name="returned")
    kind = models.CharField(max_length=8, choices=ReturnKind)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    idle = models.ForeignKey(Idle, on_delete=models.PROTECT, null=True, related_name="+")
    why = models.CharField(max_length=200)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="idle", by=None, idle__isnull=False)
                | (Q(by__isnull=False, idle=None) & ~Q(kind="idle")),
                name="return_by_a_person_or_the_rules",
            ),
            models.CheckConstraint(condition=~Q(why=""), name="return_says_why"),
        ]

    def __str__(self) -> str:
        return f"return of {self.grant}"
