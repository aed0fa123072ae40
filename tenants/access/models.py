"""What was asked, what was decided, and the right that followed.

Limits are kept as whole numbers; money in nano-dollars. `asked` and `granted` map a limit's kind to
its maximum. The database itself refuses a self-approved or undecided grant (`migrations/0002`).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Case, Exists, F, Func, OuterRef, Prefetch, Q, When
from django.db.models.functions import Now

from catalog.models import Offer, Terms
from tenants.access.states import STEP_LABELS, DataClass, LimitKind, Outcome, RequestState
from tenants.teams.models import Application, Team

if TYPE_CHECKING:
    from foundry.people.models import User


def in_order(limits: Mapping[str, int]) -> list[tuple[str, int]]:
    """Limits as (kind, maximum) in the order in which people read them; JSON keeps none."""
    return [(kind, limits[kind]) for kind in LimitKind.values if kind in limits]


class RequestQuerySet(models.QuerySet["Request"]):
    def seen_by(self, person: "User") -> Self:
        """Own teams' requests; people with a site role see all."""
        return self if person.sees_everything else self.filter(team__memberships__user=person)

    def open(self) -> Self:
        return self.filter(state=RequestState.OPEN)

    def with_names(self) -> Self:
        return self.select_related(
            "team__cost_centre",
            "application",
            "requester",
            "offer__model__publisher",
            "offer__host",
            "offer__terms",
        )


class Request(models.Model):
    """A team asks for an offer: what for, how much, until when. With `grant`, it asks to change that grant."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="requests")
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="+")
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="+")
    grant = models.ForeignKey("Grant", on_delete=models.PROTECT, null=True, related_name="change_requests")
    requester = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    purpose = models.TextField()
    data_class = models.CharField(max_length=12, choices=DataClass)
    asked = models.JSONField()
    ends_on = models.DateField()
    terms = models.ForeignKey(Terms, on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=RequestState, default=RequestState.OPEN)
    created_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)

    objects = RequestQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["state", "created_at"], name="requests_by_state")]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=RequestState.values), name="request_state_is_known"),
            models.CheckConstraint(
                condition=Q(data_class__in=DataClass.values), name="request_data_class_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_at=None) | (~Q(state="open") & Q(closed_at__isnull=False)),
                name="request_closed_when_not_open",
            ),
            models.UniqueConstraint(
                fields=["team", "offer", "application"],
                condition=Q(state="open"),
                name="one_open_request_per_offer",
            ),
        ]

    def __str__(self) -> str:
        return f"request {self.pk}"

    @property
    def asked_in_order(self) -> list[tuple[str, int]]:
        return in_order(self.asked)


class StepQuerySet(models.QuerySet["Step"]):
    def next_up(self) -> Self:
        """Of each open request the one step that is to be decided now."""
        earlier = Step.objects.filter(
            request=OuterRef("request"), position__lt=OuterRef("position"), decision=None
        )
        return self.filter(~Exists(earlier), request__state=RequestState.OPEN, decision=None)

    def waiting_for(self, person: "User") -> Self:
        """What this person may decide now; never their own requests."""
        return self.next_up().filter(role__in=person.roles).exclude(request__requester=person)


class Step(models.Model):
    """One decision that a request needs, by a person with `role`. Steps are decided in order."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    role = models.CharField(max_length=16)
    why = models.CharField(max_length=200)
    due_at = models.DateTimeField()

    objects = StepQuerySet.as_manager()

    class Meta:
        ordering = ["request", "position"]
        constraints = [models.UniqueConstraint(fields=["request", "position"], name="step_position_once")]

    def __str__(self) -> str:
        return f"step {self.position} ({self.role}) of {self.request}"

    @property
    def label(self) -> str:
        return STEP_LABELS.get(self.role, self.role)


class Decision(models.Model):
    """What one person decided on one step. Never changed, never deleted; one per step."""

    step = models.OneToOneField(Step, on_delete=models.PROTECT, related_name="decision")
    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="decisions")
    outcome = models.CharField(max_length=8, choices=Outcome)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.TextField(blank=True)
    granted = models.JSONField(null=True)
    ends_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="approved", granted__isnull=False, ends_at__isnull=False)
                | (Q(outcome="denied", granted__isnull=True, ends_at__isnull=True) & ~Q(reason="")),
                name="approval_grants_and_denial_says_why",
            )
        ]

    def __str__(self) -> str:
        return f"{self.outcome} by {self.by}"

    @property
    def granted_in_order(self) -> list[tuple[str, int]]:
        return in_order(self.granted or {})


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
        return self.with_names().select_related("decision__by").prefetch_related(then, names)


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
