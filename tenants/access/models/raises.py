"""Limits that are higher for a while: by an approver, or by a team's owner who breaks the glass."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from tenants.access.models.grants import Grant
from tenants.access.models.requests import in_order
from tenants.access.states import RaiseKind

if TYPE_CHECKING:
    from foundry.people.models import User


class RaiseRulesQuerySet(models.QuerySet["RaiseRules"]):
    def current(self) -> "RaiseRules":
        return self.order_by("-pk")[0]


class RaiseRules(models.Model):
    """What may be raised, by whom how far. Never changed: a new row follows, and each raise names the one it was made under.

    :ivar days_at_most: how long an approver raises at most, in days.
    :ivar keeps_headroom: an approver cannot raise tokens per minute beyond what the host serves.
    :ivar glass_hours_at_most, glass_percent_at_most: a team owner's raise, in hours and in percent of what was granted.
    :ivar glass_per_month: how often per grant and calendar month (UTC).
    :ivar review_within_days: working days in which a broken glass is reviewed.
    """

    days_at_most = models.PositiveSmallIntegerField(default=31)
    keeps_headroom = models.BooleanField(default=True)
    glass_hours_at_most = models.PositiveSmallIntegerField(default=8)
    glass_percent_at_most = models.PositiveSmallIntegerField(default=200)
    glass_per_month = models.PositiveSmallIntegerField(default=2)
    review_within_days = models.PositiveSmallIntegerField(default=2)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    set_at = models.DateTimeField()

    objects = RaiseRulesQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "raise rules"
        constraints = [
            models.CheckConstraint(condition=Q(glass_percent_at_most__gte=100), name="glass_never_lowers"),
            models.CheckConstraint(condition=Q(review_within_days__gte=1), name="reviews_have_a_day"),
        ]

    def __str__(self) -> str:
        return f"raise rules {self.pk}"


class RaiseQuerySet(models.QuerySet["Raise"]):
    def seen_by(self, person: "User") -> Self:
        return self if person.sees_everything else self.filter(grant__team__memberships__user=person)

    def running(self, at: datetime) -> Self:
        """Those that count at `at`; the grant's own dates come on top."""
        return self.filter(at__lte=at, ends_at__gt=at).filter(Q(ended_at=None) | Q(ended_at__gt=at))

    def to_review(self) -> Self:
        return self.filter(kind=RaiseKind.BREAK_GLASS, reviewed_at=None)

    def waiting_for(self, person: "User") -> Self:
        """What this person may review: never their own, never their own team's."""
        if not person.is_any(*REVIEWERS):
            return self.none()
        return self.to_review().exclude(by=person).exclude(grant__team__memberships__user=person)

    def with_names(self) -> Self:
        return self.select_related(
            "grant__team__cost_centre", "grant__offer__model__publisher", "grant__offer__host", "by", "ended_by",
            "reviewed_by",
        )  # fmt: skip


REVIEWERS = ("admin", "security", "finance")


class Raise(models.Model):
    """One person's decision that limits of a grant are higher between two moments. Then what was granted counts again, by itself.

    :ivar limits: kind -> maximum, in internal units; each above what was granted. `Limit` rows carry them out.
    :ivar ended_at: when it was ended before `ends_at`, by a person or by a later decision about the same limits.
    :ivar justified: what the review of a broken glass found; None until then.
    """

    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="raises")
    kind = models.CharField(max_length=12, choices=RaiseKind)
    limits = models.JSONField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.TextField()
    rules = models.ForeignKey(RaiseRules, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    review_due_at = models.DateTimeField(null=True)
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    justified = models.BooleanField(null=True)
    finding = models.TextField(blank=True)

    objects = RaiseQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=RaiseKind.values), name="raise_kind_is_known"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=models.F("at")), name="raise_ends_after_it_starts"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="raise_says_why"),
            models.CheckConstraint(
                condition=Q(kind="break_glass", review_due_at__isnull=False)
                | Q(kind="raise", review_due_at=None, reviewed_at=None),
                name="only_broken_glass_is_reviewed",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_at=None, reviewed_by=None, justified=None, finding="")
                | (
                    Q(reviewed_at__isnull=False, reviewed_by__isnull=False, justified__isnull=False)
                    & ~Q(finding="")
                ),
                name="a_review_is_whole",
            ),
            models.UniqueConstraint(
                fields=["grant"],
                condition=Q(kind="break_glass", reviewed_at=None),
                name="one_glass_to_review_per_grant",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display().lower()} {self.pk}"

    @property
    def limits_in_order(self) -> list[tuple[str, int]]:
        return in_order(self.limits)

    @property
    def over_at(self) -> datetime:
        """When it stops to count, or stopped; the grant's own end comes on top."""
        return self.ends_at if self.ended_at is None else min(self.ends_at, self.ended_at)

    def state(self, at: datetime) -> str:
        """running or over; judged at `at`, never stored."""
        return "running" if self.at <= at < self.over_at else "over"
