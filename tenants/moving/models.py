"""What another gateway held, as proposals that an admin decides."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from catalog.models import Offer
from tenants.access.models import Request
from tenants.access.models.requests import in_order
from tenants.access.states import DataClass
from tenants.teams.models import Environment


class Reading(models.Model):
    """One time that another gateway was read. :ivar told: what came of it, in counts."""

    source = models.CharField(max_length=200)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())
    told = models.JSONField(default=dict)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"reading {self.pk} of {self.source}"


class State(models.TextChoices):
    PROPOSED = "proposed", "To decide"
    ACCEPTED = "accepted", "Accepted"
    LEFT_OUT = "left_out", "Left out"


class Proposal(models.Model):
    """What one application could call there, and what it becomes here: a request, by the usual door.

    :ivar ref: the same at each reading. :ivar there: what it was, as `actions.what_it_was` puts it. Never a secret.
    :ivar limits: whole numbers by kind, money in nano-dollars.
    :ivar changed_at: since when a person's choice stands, which a new reading leaves alone.
    """

    ref = models.CharField(max_length=400, unique=True)
    reading = models.ForeignKey(Reading, on_delete=models.PROTECT, related_name="proposals")
    there = models.JSONField()
    team_name = models.CharField(max_length=120)
    team_slug = models.CharField(max_length=50)
    owner = models.CharField(max_length=254, blank=True)
    application_name = models.CharField(max_length=120)
    application_slug = models.CharField(max_length=50)
    environment = models.CharField(max_length=12, choices=Environment, default=Environment.PRODUCTION)
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, null=True, related_name="+")
    limits = models.JSONField(default=dict)
    ends_on = models.DateField()
    data_class = models.CharField(max_length=12, choices=DataClass, default=DataClass.INTERNAL)
    changed_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=8, choices=State, default=State.PROPOSED)
    request = models.OneToOneField(Request, on_delete=models.PROTECT, null=True, related_name="moved_in")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["team_name", "application_name", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="proposal_state_is_known"),
            models.CheckConstraint(
                condition=Q(state="accepted", request__isnull=False)
                | (~Q(state="accepted") & Q(request=None)),
                name="proposal_accepted_has_a_request",
            ),
            models.CheckConstraint(
                condition=Q(state="proposed", decided_by=None, decided_at=None)
                | (~Q(state="proposed") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="proposal_decided_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.there['model']} for {self.team_name}/{self.application_name}"

    @property
    def limits_in_order(self) -> list[tuple[str, int]]:
        return in_order(self.limits)
