"""The dated right that followed from decisions, and how much it allows."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Case, Exists, F, Func, OuterRef, Prefetch, Q, Value, When

from catalog.models import Offer, Terms
from tenants.access.models.lasting import Grace
from tenants.access.models.requests import Decision, Request
from tenants.access.models.standing import Span, blocked, during
from tenants.access.states import DataClass, LimitKind
from tenants.teams.models import Application, Team

if TYPE_CHECKING:
    from foundry.people.models import User
    from tenants.access.blocks import Reason
    from tenants.access.models.idles import Idle
    from tenants.access.models.raises import Raise


class GrantQuerySet(models.QuerySet["Grant"]):
    def seen_by(self, person: "User") -> Self:
        return self if person.sees_everything else self.filter(team__memberships__user=person)

    def live(self, at: datetime) -> Self:
        """Grants that allow a call at `at`: in force, and nothing blocks them. Time decides; no worker has to."""
        return self.in_force(at).exclude(blocked(at))

    def in_force(self, at: datetime) -> Self:
        """Grants that existed at `at`, blocked or not: by what was decided until then, not by what came later."""
        return self.filter(Q(revoked_at=None) | Q(revoked_at__gt=at), starts_at__lte=at).filter(lasts(at))

    def judged(self, at: datetime) -> Self:
        """With `state_then`: revoked, ended, suspended, not_started or live at `at`."""
        return self.annotate(
            state_then=Case(
                When(revoked_at__lte=at, then=Value("revoked")),
                When(starts_at__gt=at, then=Value("not_started")),
                When(~lasts(at), then=Value("ended")),
                When(blocked(at), then=Value("suspended")),
                default=Value("live"),
                output_field=models.CharField(),
            )
        )

    def with_names(self) -> Self:
        return self.select_related(
            "team__cost_centre", "offer__model__publisher", "offer__host", "terms", "request"
        )

    def with_limits(self, at: datetime) -> Self:
        """With `limits_then`, in the order in which people read them."""
        limits = Limit.objects.at(at).in_order()
        return self.prefetch_related(Prefetch("limits", queryset=limits, to_attr="limits_then"))

    def with_everything(self, at: datetime) -> Self:
        """Names and named applications; as of `at`: `state_then`, `spans_then`, `graces_then`
        and `idles_then` (one at most), `limits_then`, `raises_then`.
        """
        from tenants.access.models.idles import Idle  # they stand on grants
        from tenants.access.models.raises import Raise

        raises = Prefetch(
            "raises", queryset=Raise.objects.running(at).select_related("by"), to_attr="raises_then"
        )
        decided = Span.objects.filter(during(at)).select_related(
            "terms", "decision__by", "decision__on_behalf_of", "decision__policy"
        )
        spans = Prefetch("spans", queryset=decided, to_attr="spans_then")
        graces = Prefetch("graces", queryset=Grace.objects.running(at), to_attr="graces_then")
        idles = Prefetch("idles", queryset=Idle.objects.open_at(at), to_attr="idles_then")
        names = Prefetch("named", queryset=GrantApplication.objects.select_related("application"))
        return (
            self.with_names()
            .judged(at)
            .select_related("decision__by", "decision__on_behalf_of", "decision__policy")
            .with_limits(at)
            .prefetch_related(names, raises, spans, graces, idles)
        )


def lasts(at: datetime) -> Q:
    """Grants whose end, as decided until `at`, is later, or whose renewal was undecided then, in its grace."""
    decided = Span.objects.filter(during(at), grant=OuterRef("pk"), ends_at__gt=at)
    return Q(Exists(decided)) | Q(Exists(Grace.objects.running(at).filter(grant=OuterRef("pk"))))


class Grant(models.Model):
    """A team's right to call one offer with named applications, up to one data class, between two moments, by decision.

    :ivar state_then: set by `judged`; with the five lists of `with_everything`, what it was at the moment asked for.
    :ivar blocks_then: set by `tenants.access.blocks`.
    """

    state_then: str
    spans_then: "list[Span]"
    graces_then: "list[Grace]"
    idles_then: "list[Idle]"
    limits_then: "list[Limit]"
    raises_then: "list[Raise]"
    blocks_then: "list[Reason]"

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="grants")
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="+")
    request = models.OneToOneField(Request, on_delete=models.PROTECT, related_name="opened")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="+")
    data_class = models.CharField(max_length=12, choices=DataClass)
    terms = models.ForeignKey(Terms, on_delete=models.PROTECT, null=True, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
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
        """revoked, ended, suspended, not_started or live; judged at `at`, never stored. One query."""
        return Grant.objects.judged(at).get(pk=self.pk).state_then

    @property
    def then(self) -> Span:
        """What it was at the moment that `with_everything` was asked for; before its start, what it began as."""
        return (
            self.spans_then[0]
            if self.spans_then
            else self.spans.select_related("terms", "decision").order_by("since")[0]
        )

    @property
    def grace_then(self) -> Grace | None:
        """By what it goes on past its end at that moment; None within its dates."""
        return self.graces_then[0] if self.graces_then else None

    @property
    def idle_then(self) -> "Idle | None":
        """That nobody called it, while its owners were asked about it."""
        return self.idles_then[0] if self.idles_then else None


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
        """What counts at `moment`, one row per grant and kind: what was granted, or the highest raise over it."""
        raised = Limit.objects.between(moment).exclude(raised=None)
        same = raised.filter(grant=OuterRef("grant"), kind=OuterRef("kind")).exclude(pk=OuterRef("pk"))
        beats = Q(maximum__gt=OuterRef("maximum")) | Q(maximum=OuterRef("maximum"), pk__gt=OuterRef("pk"))
        return self.between(moment).filter(~Exists(same.filter(beats)))

    def granted_at(self, moment: datetime) -> Self:
        """What was granted, whatever is raised over it at `moment`."""
        return self.between(moment).filter(raised=None)

    def between(self, moment: datetime) -> Self:
        """Every row whose time it is."""
        return self.filter(starts_at__lte=moment).filter(Q(ends_at=None) | Q(ends_at__gt=moment))

    def in_order(self) -> Self:
        """In the order in which people read them."""
        places = [When(kind=kind, then=place) for place, kind in enumerate(LimitKind.values)]
        return self.order_by(Case(*places))


class Limit(models.Model):
    """How much of one kind a grant allows, from one moment to another, by which decision.

    :ivar raised: the raise that this row carries out, over what the decision granted; it ends by itself.
    :ivar moved: what its team moved from or to the grant, under the same decision, where that opened this row.
    """

    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="limits")
    kind = models.CharField(max_length=16, choices=LimitKind)
    maximum = models.PositiveBigIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="+")
    raised = models.ForeignKey("Raise", on_delete=models.PROTECT, null=True, related_name="carried_out")
    moved = models.ForeignKey("Move", on_delete=models.PROTECT, null=True, related_name="carried_out")

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
            models.CheckConstraint(condition=Q(raised=None) | Q(ends_at__isnull=False), name="raises_end"),
            models.UniqueConstraint(fields=["moved", "grant"], name="moved_once_per_grant"),
        ]
        indexes = [
            models.Index(fields=["grant", "kind"], condition=~Q(raised=None), name="raised_limits"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.maximum}"
