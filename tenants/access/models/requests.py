"""What was asked, and what was decided step by step.

Limits are kept as whole numbers; money in nano-dollars. `asked` and `granted` map a limit's kind to
its maximum. The database itself refuses a self-approved or undecided grant (`migrations/0002`, `0004`).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, Value, When
from django.db.models.functions import Now, TruncDate

from catalog.models import Offer, Terms
from tenants.access.states import (
    DataClass,
    DenyReason,
    LimitKind,
    Outcome,
    RequestState,
    StepRole,
    step_label,
)
from tenants.teams.models import Application, Environment, Membership, Team

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

    def with_decisions(self) -> Self:
        """Policy, grant, and the steps with whoever has and whoever decided them."""
        who = ("by", "on_behalf_of", "policy")
        decided = (f"steps__decision__{each}" for each in who)
        return self.select_related("terms", "opened", "policy").prefetch_related("steps__assignee", *decided)


class Request(models.Model):
    """A team asks for an offer: what for, how much, until when. With `grant`, it asks to change that grant.

    :ivar policy: the version that laid down its steps; None only for requests older than policies.
    :ivar appeals: the decided request that this one asks for again.
    :ivar stated: what the team said it needs: calls_per_day, tokens_in and tokens_out of one call; None where it said nothing.
    :ivar answers: the questions as they were asked, each with `question`, `version`, `text`, `required` and its `answer`.
    """

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
    policy = models.ForeignKey("Policy", on_delete=models.PROTECT, null=True, related_name="+")
    appeals = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="appealed_by")
    stated = models.JSONField(null=True)
    answers = models.JSONField(default=list, db_default=Value([], output_field=models.JSONField()))
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


BY_URGENCY, BY_RISK = ("due_day", "-risk", "due_at", "pk"), ("-risk", "due_at", "pk")


class StepQuerySet(models.QuerySet["Step"]):
    def next_up(self) -> Self:
        """Of each open request the one step that is to be decided now."""
        earlier = Step.objects.filter(
            request=OuterRef("request"), position__lt=OuterRef("position"), decision=None
        )
        return self.filter(~Exists(earlier), request__state=RequestState.OPEN, decision=None)

    def waiting_for(self, person: "User", at: datetime) -> Self:
        """What this person may decide now, in their own name or another's; never either's own requests."""
        mine = held_by(person)
        for delegation in person.stands_in.live(at).select_related("by"):
            mine |= held_by(delegation.by) & ~Q(request__requester=delegation.by)
        return self.next_up().filter(mine).exclude(request__requester=person)

    def with_risk(self) -> Self:
        """Each with `due_day` (UTC) and `risk`, 0 to 5: how sensitive the data is, production, and whether finance has to
        decide, too."""
        finance = Step.objects.filter(request=OuterRef("request"), role=StepRole.FINANCE)
        points = [When(request__data_class=name, then=place) for place, name in enumerate(DataClass.values)]
        return self.annotate(
            due_day=TruncDate("due_at", tzinfo=UTC),
            risk=Case(*points, default=0)
            + Case(When(request__application__environment=Environment.PRODUCTION, then=1), default=0)
            + Case(When(Exists(finance), then=1), default=0),
        )

    def by_urgency(self) -> Self:
        """By the day it is due, on each day the riskier first."""
        return self.with_risk().order_by(*BY_URGENCY)

    def by_risk(self) -> Self:
        return self.with_risk().order_by(*BY_RISK)


def held_by(person: "User") -> Q:
    """Steps whose role this person holds: a site role, the team's ownership, or the offer's."""
    roles = list(person.roles)
    mine = Q(role__in=roles) | Q(or_roles__overlap=roles)
    owned = person.memberships.filter(role=Membership.OWNER).values("team")
    offers = person.owned_offers.values("offer")
    for role, holds in (
        (StepRole.TEAM_OWNER, Q(request__team__in=owned)),
        (StepRole.OFFER_OWNER, Q(request__offer__in=offers)),
    ):
        mine |= (Q(role=role) | Q(or_roles__contains=[role])) & holds
    return mine


class Step(models.Model):
    """One decision that a request needs, by a person with `role` or one of `or_roles`. Steps are decided in order.

    :ivar rule: the name of the policy's rule that laid it down.
    :ivar assignee: whom it was handed on to; everybody with the role still may decide it.
    """

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    role = models.CharField(max_length=16, choices=StepRole)
    or_roles = ArrayField(
        models.CharField(max_length=16, choices=StepRole), default=list, db_default=Value("{}")
    )
    rule = models.CharField(max_length=80, blank=True, default="", db_default="")
    why = models.CharField(max_length=200)
    due_at = models.DateTimeField()
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    objects = StepQuerySet.as_manager()

    class Meta:
        ordering = ["request", "position"]
        constraints = [models.UniqueConstraint(fields=["request", "position"], name="step_position_once")]

    def __str__(self) -> str:
        return f"step {self.position} ({self.role}) of {self.request}"

    @property
    def label(self) -> str:
        return step_label([self.role, *self.or_roles])

    @property
    def roles(self) -> frozenset[str]:
        return frozenset([self.role, *self.or_roles])


class Decision(models.Model):
    """What one person, or a policy by itself, decided on one step. Never changed, never deleted; one per step."""

    step = models.OneToOneField(Step, on_delete=models.PROTECT, related_name="decision")
    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="decisions")
    outcome = models.CharField(max_length=8, choices=Outcome)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    policy = models.ForeignKey("Policy", on_delete=models.PROTECT, null=True, related_name="+")
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    at = models.DateTimeField()
    reason = models.TextField(blank=True)
    reason_code = models.CharField(max_length=12, choices=DenyReason, blank=True, default="", db_default="")
    granted = models.JSONField(null=True)
    ends_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="approved", granted__isnull=False, ends_at__isnull=False)
                | (Q(outcome="denied", granted__isnull=True, ends_at__isnull=True) & ~Q(reason="")),
                name="approval_grants_and_denial_says_why",
            ),
            models.CheckConstraint(
                condition=Q(by__isnull=False, policy=None) | Q(by=None, policy__isnull=False),
                name="decision_by_a_person_or_a_policy",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} by {self.actor}"

    @property
    def actor(self) -> str:
        """Who decided, in words: a person's name, `Lee for Ada`, or `policy 3`."""
        return f"{self.by} for {self.on_behalf_of}" if self.on_behalf_of else str(self.by or self.policy)

    @property
    def granted_in_order(self) -> list[tuple[str, int]]:
        return in_order(self.granted or {})
