"""How supply is kept true: each attempt, and each difference that it found."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from catalog.models.supply import SUPPLY_READERS, Host, Offer
from catalog.news import News, news
from catalog.states import ChangeKind, ChangeState, RunState
from catalog.words import fact

if TYPE_CHECKING:
    from foundry.people.models import User


class RunQuerySet(models.QuerySet["SyncRun"]):
    def seen_by(self, person: "User") -> Self:
        return self if person.is_any(*SUPPLY_READERS) else self.none()


class ChangeQuerySet(models.QuerySet["Change"]):
    def of_the_catalog(self) -> Self:
        """What came true for offers that everybody sees, the latest first."""
        return self.filter(state=ChangeState.APPLIED, offer__hidden=False).order_by("-settled_at", "-pk")

    def seen_by(self, person: "User") -> Self:
        return self if person.is_any(*SUPPLY_READERS) else self.none()


class SyncRun(models.Model):
    """One attempt to bring a host's offers up to date.

    `problems` is a list of {"where", "why"}; `expected` is how many rows the run thinks will come.

    :ivar lasting: of a failed run: only a person can mend why.
    :ivar waivable: of a quarantined run: somebody who looked may say that its listing is right.
    :ivar waives: the quarantined run whose doubts a person waived by asking for this one.
    """

    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="runs")
    state = models.CharField(max_length=12, choices=RunState, default=RunState.QUEUED)
    asked_by = models.CharField(max_length=120)
    asked_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    beat_at = models.DateTimeField(null=True)
    pages = models.PositiveIntegerField(default=0)
    expected = models.PositiveIntegerField(default=0)
    seen = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    gone = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    problems = models.JSONField(default=list)
    lasting = models.BooleanField(default=False)
    waivable = models.BooleanField(default=False)
    waives = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="waived_by")

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["host"], condition=Q(state__in=["queued", "running"]), name="one_open_run_per_host"
            ),
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="run_state_is_known"),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.host}: {self.state}"

    @property
    def quarantined(self) -> bool:
        return self.state == RunState.QUARANTINED


class Change(models.Model):
    """One difference between what a host tells and what we hold; tenants read these at their own pace."""

    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="changes")
    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="changes", null=True)
    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="changes", null=True)
    key = models.CharField(max_length=300)
    kind = models.CharField(max_length=16, choices=ChangeKind)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    risky = models.BooleanField(default=False)
    why_risky = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=160, blank=True)
    state = models.CharField(max_length=9, choices=ChangeState, default=ChangeState.APPLIED)
    at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=120, blank=True)

    objects = ChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["state", "-id"], condition=~Q(state="applied"), name="changes_that_did_not_apply"
            ),
            models.Index(
                fields=["-settled_at", "-id"], condition=Q(state="applied"), name="changes_as_they_came_true"
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ChangeKind.values), name="change_kind_is_known"),
            models.CheckConstraint(condition=Q(state__in=ChangeState.values), name="change_state_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

    @property
    def news(self) -> News:
        return news(self.kind, self.before, self.after)

    @property
    def before_words(self) -> str:
        return fact(self.kind, self.before)

    @property
    def after_words(self) -> str:
        return fact(self.kind, self.after)
