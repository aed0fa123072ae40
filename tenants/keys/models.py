"""Keys: what an application shows to the gateway."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from tenants.access.models import Grant
from tenants.teams.models import Application

if TYPE_CHECKING:
    from foundry.people.models import User


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def seen_by(self, person: "User") -> Self:
        return self if person.sees_everything else self.filter(application__team__memberships__user=person)

    def live(self, at: datetime) -> Self:
        return self.filter(revoked_at=None).filter(Q(expires_at=None) | Q(expires_at__gt=at))

    def with_names(self) -> Self:
        return self.select_related("application__team", "created_by", "use")


class ApiKey(models.Model):
    """A secret of one application. Only its SHA-256 is kept; the prefix tells keys apart on screen.

    Without rows in `grants` it carries every live grant that names its application.
    """

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16)
    digest = models.BinaryField(max_length=32, unique=True)
    grants = models.ManyToManyField(Grant, blank=True, related_name="keys")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
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


class KeyUse(models.Model):
    """When a key was last used; written with its usage events, apart from the key, whose row the gateway watches."""

    key = models.OneToOneField(ApiKey, on_delete=models.CASCADE, primary_key=True, related_name="use")
    last_used_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.key_id} used {self.last_used_at}"
