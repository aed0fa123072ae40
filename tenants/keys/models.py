"""Keys: what an application shows to the gateway."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from catalog.models.pauses import TimedPause, TimedPauseQuerySet, pause_constraints
from tenants.access.models import Grant
from tenants.teams.models import Application, Team

if TYPE_CHECKING:
    from foundry.people.models import User


class NetworkField(models.CharField):  # type: ignore[type-arg]
    """A network in CIDR form. PostgreSQL takes nothing that is none, and no host bits beyond its prefix."""

    def db_type(self, connection: object) -> str:
        return "cidr"


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def seen_by(self, person: "User") -> Self:
        return self if person.sees_everything else self.filter(application__team__memberships__user=person)

    def live(self, at: datetime) -> Self:
        return self.filter(revoked_at=None).filter(Q(expires_at=None) | Q(expires_at__gt=at))

    def unused(self, at: datetime, days: int) -> Self:
        """Live keys that nobody used for so many days; one that was never used counts from when it was made."""
        since = Coalesce("use__last_used_at", "created_at")
        return self.live(at).alias(since=since).filter(since__lte=at - timedelta(days=days))

    def with_names(self) -> Self:
        return self.select_related("application__team", "created_by", "person", "use")


class ApiKey(models.Model):
    """A secret of one application. Only its SHA-256 is kept; the prefix tells keys apart on screen.

    Without rows in `grants` it carries every live grant that names its application.

    :ivar networks: where calls with it may come from; empty is anywhere.
    :ivar person: whose own key it is: it ends when they leave the team or are switched off. None: the application's.
    """

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16)
    digest = models.BinaryField(max_length=32, unique=True)
    grants = models.ManyToManyField(Grant, blank=True, related_name="keys")
    networks = ArrayField(NetworkField(max_length=43), default=list, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_why = models.CharField(max_length=200, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(expires_at__gt=F("created_at")),
                name="key_expires_after_it_is_made",
            )
        ]

    def __str__(self) -> str:
        return f"{self.prefix}…"

    def state(self, at: datetime) -> str:
        """revoked, expired or live at `at`."""
        if self.revoked_at and self.revoked_at <= at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= at else "live"

    @property
    def last_used_at(self) -> datetime | None:
        use: KeyUse | None = getattr(self, "use", None)
        return use.last_used_at if use else None

    def unused_days(self, at: datetime) -> int:
        """Whole days since it was last used, or made where it never was."""
        return max(0, (at - (self.last_used_at or self.created_at)).days)


class KeyUse(models.Model):
    """When a key was last used; written with its usage events, apart from the key, whose row the gateway watches."""

    key = models.OneToOneField(ApiKey, on_delete=models.CASCADE, primary_key=True, related_name="use")
    last_used_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.key_id} used {self.last_used_at}"


class CallerPauseQuerySet(TimedPauseQuerySet["CallerPause"]):
    def seen_by(self, person: "User") -> Self:
        """Own teams' and their keys'; people with a site role see all."""
        if person.sees_everything:
            return self
        mine = person.memberships.values("team_id")
        return self.filter(Q(team__in=mine) | Q(key__application__team__in=mine))

    def with_names(self) -> Self:
        return self.select_related("team", "key__application__team", "by", "lifted_by")

    def holding(self, keys: Sequence[ApiKey], at: datetime) -> dict[int, "CallerPause"]:
        """By key id what holds it back at `at`: its own pause or its team's, the one that lasts longer. One query."""
        teams = {key.application.team_id for key in keys}
        rows = (
            self.open(at).filter(Q(key__in=keys) | Q(team__in=teams), starts_at__lte=at).order_by("ends_at")
        )
        by_key, by_team = {row.key_id: row for row in rows}, {row.team_id: row for row in rows}
        found = {key.pk: (by_key.get(key.pk), by_team.get(key.application.team_id)) for key in keys}
        return {
            pk: max((row for row in both if row is not None), key=lambda row: row.ends_at)
            for pk, both in found.items()
            if any(both)
        }


class CallerPause(TimedPause):
    """Calls of a team, or with one key, are refused."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="pauses", null=True)
    key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="pauses", null=True)

    objects = CallerPauseQuerySet.as_manager()

    class Meta(TimedPause.Meta):
        constraints = pause_constraints("caller_pause", "team", "key")

    def __str__(self) -> str:
        return f"pause of {self.of}"

    @property
    def of(self) -> Team | ApiKey:
        """What is paused."""
        found = self.team or self.key
        assert found is not None, "the database holds one of the two"
        return found
