"""Who asks and who pays: teams, their people, their applications, the cost centre behind them."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

if TYPE_CHECKING:
    from foundry.people.models import User


class CostCentre(models.Model):
    """Who pays. `code` is finance's own number.

    :ivar budget_nanos: what it may promise a month, in nano-dollars; None where finance named none.
    """

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    budget_nanos = models.PositiveBigIntegerField(null=True)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class TeamQuerySet(models.QuerySet["Team"]):
    def seen_by(self, person: "User") -> Self:
        """Own teams; people with a site role see all."""
        if person.sees_everything:
            return self
        return self.filter(memberships__user=person)

    def owned_by(self, person: "User") -> Self:
        return self.filter(memberships__user=person, memberships__role=Membership.OWNER)


class Team(models.Model):
    """A product team: holds grants, owns applications, answers for its use."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    cost_centre = models.ForeignKey(CostCentre, on_delete=models.PROTECT)
    created_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)

    objects = TeamQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person belongs to a team, as its owner or as a member."""

    OWNER, MEMBER = "owner", "member"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=[(OWNER, "Owner"), (MEMBER, "Member")], default=MEMBER)
    since = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-role", "user__name"]
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="member_once_per_team"),
            models.CheckConstraint(
                condition=Q(role__in=["owner", "member"]), name="membership_role_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"


class Environment(models.TextChoices):
    PRODUCTION = "production", "Production"
    STAGING = "staging", "Staging"
    DEVELOPMENT = "development", "Development"


class ApplicationQuerySet(models.QuerySet["Application"]):
    def seen_by(self, person: "User") -> Self:
        return self if person.sees_everything else self.filter(team__memberships__user=person)


class Application(models.Model):
    """A workload of one team in one environment. Keys belong to it.

    :ivar owner: who of the team answers for it; None asks for somebody, and its keys go on.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="applications")
    slug = models.SlugField()
    name = models.CharField(max_length=120)
    environment = models.CharField(max_length=12, choices=Environment)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        ordering = ["team__name", "slug"]
        constraints = [
            models.UniqueConstraint(fields=["team", "slug"], name="application_slug_once_per_team"),
            models.CheckConstraint(
                condition=Q(environment__in=Environment.values), name="environment_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.team.slug}/{self.slug}"


class Vacancy(models.Model):
    """From one moment to another nobody owned a team."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="vacancies")
    since = models.DateTimeField()
    filled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "vacancies"
        constraints = [
            models.UniqueConstraint(
                fields=["team"], condition=Q(filled_at=None), name="one_open_vacancy_per_team"
            ),
            models.CheckConstraint(
                condition=Q(filled_at=None) | Q(filled_at__gte=models.F("since")),
                name="vacancy_is_filled_after_it_opens",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.team} without an owner since {self.since}"


class Calendar(models.Model):
    """A secret address at which anybody who has it reads a team's dates. Only its SHA-256 is kept."""

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="calendar")
    prefix = models.CharField(max_length=16)
    digest = models.BinaryField(max_length=32, unique=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"calendar of {self.team}"
