"""What people say to each other about a request, and who stands in for whom."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from tenants.access.models.requests import Request
from tenants.access.states import NoteKind

if TYPE_CHECKING:
    from foundry.people.models import User


class Note(models.Model):
    """One entry of a request's thread. Never changed, never deleted. Without `by` the schedule wrote it."""

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="notes")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=NoteKind)
    text = models.TextField()

    class Meta:
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["request", "at"], name="notes_by_request")]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=NoteKind.values), name="note_kind_is_known")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} on {self.request}"


class DelegationQuerySet(models.QuerySet["Delegation"]):
    def seen_by(self, person: "User") -> Self:
        """One's own, given or received; admins and auditors see all."""
        return self if person.is_any("admin", "auditor") else self.filter(Q(by=person) | Q(to=person))

    def live(self, at: datetime) -> Self:
        """Whoever is switched off lends nobody their name."""
        return self.filter(starts_at__lte=at, ends_at__gt=at, by__is_active=True).filter(
            Q(ended_at=None) | Q(ended_at__gt=at)
        )


class Delegation(models.Model):
    """`by` lets `to` decide in their name between two moments. Their own requests never come with it."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="delegations")
    to = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="stands_in")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = DelegationQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="delegation_ends_after_it_starts"
            ),
            models.CheckConstraint(condition=~Q(by=F("to")), name="nobody_stands_in_for_themselves"),
        ]

    def __str__(self) -> str:
        return f"{self.to} for {self.by}"
