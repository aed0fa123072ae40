"""The dated right that followed from decisions, and how much it allows."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Case, F, Func, Prefetch, Q, When

from catalog.models import Offer, Terms
from tenants.access.models.requests import Decision, Request
from tenants.access.states import DataClass, LimitKind
from tenants.teams.models import Application, Team

if TYPE_CHECKING:
    from foundry.people.models import User


class GrantQuerySet(models.QuerySet["Grant"]):
    def seen_by(self, person: "User") -> Self:
        return self if person.sees_everything else self.filter(team__memberships__user=person)

    def live(self, at: datetime) -> Self:
        """Grants that allow a call at `at`. Time decides; no worker has to."""
        return self.filter(revoked_at=None, suspended_at=None, starts_at__lte=at, ends_at__gt=at)

    def in_force(self, at: datetime) -> Self:
        """Grants that existed at `at`, suspended or not."""
        return self.filter(starts_at__lte=at, ends_at__gt=at).filter(
            Q(revoked_at=None) | Q(revoked_at__gt=at)
        )

    def with_names(self) -> Self:
        return self.select_related(
            "team__cost_centre", "offer__model__publisher", "offer__host", "terms", "request"
        )

    def with_everything(self, at: datetime) -> Self:
        """Names, who decided, the named applications, and as `limits_then` the limits in force at `at`."""
        then = Prefetch("limits", queryset=Limit.objects.at(at).in_order(), to_attr="limits_then")
        names = Prefetch("named", queryset=GrantApplication.objects.select_related("application"))
        return (
            self.with_names()
            .select_related("decision__by", "decision__on_behalf_of", "decision__policy")
            .prefetch_related(then, names)
        )


class Grant(models.Model):
    """A team's right to call one offer with named applications, up to one data class, between two moments, by decision."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="grants")
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="+")
    request = models.OneToOneField(Request, on_delete=models.PROTECT, related_name="opened")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="+")
    data_class = models.CharField(max_length=12, choices=DataClass)
    terms = models.ForeignKey(Terms, on_delete=models.PROTECT, null=True, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    suspended_at = models.DateTimeField(null=True)
    suspended_why = models.CharField(max_length=200, blank=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_why = models.CharField(max_length=200, blank=True)
    applications = models.ManyToManyField(Application, through="GrantApplication", related_name="grants")

    objects = GrantQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="grant_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(data_class__in=DataClass.values), name="grant_data_class_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"grant {self.pk}"

    def state(self, at: datetime) -> str:
        """revoked, ended, suspended, not_started or live; judged at `at`, never stored."""
        if self.revoked_at and self.revoked_at <= at:
            return "revoked"
        if self.ends_at <= at:
            return "ended"
        if self.suspended_at and self.suspended_at <= at:
            return "suspended"
        return "not_started" if self.starts_at > at else "live"


class GrantApplication(models.Model):
    """An application may call a grant's offer. No two grants give one application one offer at one time."""

    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="named")
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="named")
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="+")
    during = DateTimeRangeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["grant", "application"], name="application_once_per_grant"),
            ExclusionConstraint(
                name="grants_of_one_thing_never_overlap",
                expressions=[
                    (
                        Func(
                            F("application_id"), F("application_id"), models.Value("[]"), function="int8range"
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                    (
                        Func(F("offer_id"), F("offer_id"), models.Value("[]"), function="int8range"),
                        RangeOperators.OVERLAPS,
                    ),
                    ("during", RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application} in {self.grant}"


class LimitQuerySet(models.QuerySet["Limit"]):
    def at(self, moment: datetime) -> Self:
        return self.filter(starts_at__lte=moment).filter(Q(ends_at=None) | Q(ends_at__gt=moment))

    def in_order(self) -> Self:
        """In the order in which people read them."""
        places = [When(kind=kind, then=place) for place, kind in enumerate(LimitKind.values)]
        return self.order_by(Case(*places))


class Limit(models.Model):
    """How much of one kind a grant allows, from one moment to another, by which decision."""

    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="limits")
    kind = models.CharField(max_length=16, choices=LimitKind)
    maximum = models.PositiveBigIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="+")

    objects = LimitQuerySet.as_manager()

    class Meta:
        ordering = ["grant", "kind", "starts_at"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=LimitKind.values), name="limit_kind_is_known"),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")), name="limit_ends_after_it_starts"
            ),
            models.UniqueConstraint(
                fields=["grant", "kind"], condition=Q(ends_at=None), name="one_current_limit_per_kind"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.maximum}"
