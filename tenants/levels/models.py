"""Limits beside those that a decision grants: of the organisation, a team, a key, an application's or key's share of a grant."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Greatest, Now

from tenants.access.models import Grant
from tenants.access.states import LimitKind
from tenants.keys.models import ApiKey
from tenants.teams.models import Application, Team

if TYPE_CHECKING:
    from foundry.people.models import User


class Scope(models.TextChoices):
    """What a level is of."""

    ORGANISATION = "organisation", "Organisation"
    TEAM = "team", "Team"
    KEY = "key", "Key"
    SHARE = "share", "Share of a grant"


class Mode(models.TextChoices):
    """hard refuses, soft lets pass and tells, shadow only counts what it would have refused."""

    HARD = "hard", "Hard"
    SOFT = "soft", "Soft"
    SHADOW = "shadow", "Shadow"


# Which of team, grant, application and key a level of each scope names.
NAMED: dict[str, list[set[str]]] = {
    Scope.ORGANISATION: [set()],
    Scope.TEAM: [{"team"}],
    Scope.KEY: [{"key"}],
    Scope.SHARE: [{"grant", "application"}, {"grant", "key"}],
}
PARTS = ("team", "grant", "application", "key")


def shapes() -> Q:
    """A level names exactly what its scope asks for."""
    found = Q()
    for scope, sets in NAMED.items():
        for names in sets:
            found |= Q(scope=scope, **{f"{part}__isnull": part not in names for part in PARTS})
    return found


class LevelQuerySet(models.QuerySet["Level"]):
    def seen_by(self, person: "User") -> Self:
        """The organisation's and own teams'; people with a site role see all."""
        if person.sees_everything:
            return self
        mine = person.memberships.values("team_id")
        return self.filter(
            Q(scope=Scope.ORGANISATION)
            | Q(team__in=mine)
            | Q(grant__team__in=mine)
            | Q(key__application__team__in=mine)
        )

    def with_names(self) -> Self:
        return self.select_related(
            "team", "application__team", "key__application__team", "grant__team", "grant__offer__model__publisher",
            "grant__offer__host",
        )  # fmt: skip


class Level(models.Model):
    """What limits hang on beside a grant. Once made it stays, so that its windows are counted on.

    quotas and the gateway know it by its number below zero, see `holder_id`.
    """

    scope = models.CharField(max_length=12, choices=Scope)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, related_name="levels")
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, null=True, related_name="shares")
    application = models.ForeignKey(Application, on_delete=models.PROTECT, null=True, related_name="shares")
    key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, null=True, related_name="levels")
    made_at = models.DateTimeField(db_default=Now())

    objects = LevelQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=shapes(), name="level_names_what_its_scope_asks_for"),
            models.UniqueConstraint(fields=["scope", *PARTS], nulls_distinct=False, name="level_once"),
        ]

    def __str__(self) -> str:
        of = self.application.slug if self.application else str(self.key or "")
        match self.scope:
            case Scope.TEAM:
                return f"team {self.team}"
            case Scope.KEY:
                return f"key {of}"
            case Scope.SHARE:
                return f"{of} in grant {self.grant_id}"
        return "the organisation"

    @property
    def holder_id(self) -> int:
        return -self.pk

    @property
    def owner(self) -> Team | None:
        """The team whose it is; None for the organisation."""
        if self.team or self.grant:
            return self.team or self.grant.team  # type: ignore[union-attr]
        return self.key.application.team if self.key else None


class LevelLimitQuerySet(models.QuerySet["LevelLimit"]):
    def seen_by(self, person: "User") -> Self:
        return self.filter(level__in=Level.objects.seen_by(person).values("pk"))

    def open(self, at: datetime) -> Self:
        """In force at `at`, or planned."""
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=Greatest(Value(at), F("starts_at"))))

    def in_force(self, at: datetime) -> Self:
        return self.open(at).filter(starts_at__lte=at)

    def in_order(self) -> Self:
        """In the order in which people read them."""
        places = [When(kind=kind, then=place) for place, kind in enumerate(LimitKind.values)]
        return self.order_by("level", Case(*places), "mode", "starts_at", "pk")


class LevelLimit(models.Model):
    """How much of one kind a level allows, from one moment to another, and who set it. Never changed but in its end.

    :ivar maximum: in tokens, calls or nano-dollars.
    """

    level = models.ForeignKey(Level, on_delete=models.PROTECT, related_name="limits")
    kind = models.CharField(max_length=16, choices=LimitKind)
    mode = models.CharField(max_length=6, choices=Mode, default=Mode.HARD)
    maximum = models.PositiveBigIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(db_default=Now())

    objects = LevelLimitQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=LimitKind.values), name="level_limit_kind_is_known"),
            models.CheckConstraint(condition=Q(mode__in=Mode.values), name="level_limit_mode_is_known"),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gte=F("starts_at")),
                name="level_limit_ends_after_it_starts",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="level_limit_has_a_reason"),
            models.UniqueConstraint(
                fields=["level", "kind", "mode"],
                condition=Q(ends_at=None),
                name="one_current_limit_per_level_kind_and_mode",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.mode} {self.kind} {self.maximum} of {self.level}"

    def state(self, at: datetime) -> str:
        """planned, in_force or ended at `at`; judged, never stored."""
        if self.ends_at is not None and self.ends_at <= max(at, self.starts_at):
            return "ended"
        return "planned" if self.starts_at > at else "in_force"
