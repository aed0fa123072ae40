"""What was done, by whom, in an order that cannot be changed afterwards."""

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

if TYPE_CHECKING:
    from foundry.people.models import User


class EntryQuerySet(models.QuerySet["Entry"]):
    def seen_by(self, person: "User") -> "EntryQuerySet":
        """Admins and auditors read the audit; nobody else does."""
        return self if person.is_any("admin", "auditor") else self.none()


class Entry(models.Model):
    """One act. `body` is the canonical JSON that the hash covers; the other columns are for finding it.

    The database refuses UPDATE, DELETE and TRUNCATE. `hash` is SHA-256 of `previous` and `body`.
    """

    seq = models.BigIntegerField(primary_key=True)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    verb = models.CharField(max_length=64)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    actor_label = models.CharField(max_length=200)
    token = models.CharField(max_length=120, blank=True)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64)
    object_label = models.CharField(max_length=200)
    body = models.BinaryField()
    previous = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32, unique=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        ordering = ["-seq"]
        verbose_name_plural = "entries"
        indexes = [
            models.Index(fields=["object_type", "object_id", "seq"], name="audit_by_object"),
            models.Index(fields=["verb", "seq"], name="audit_by_verb"),
            models.Index(fields=["actor", "seq"], name="audit_by_actor"),
        ]
        constraints = [models.CheckConstraint(condition=Q(seq__gt=0), name="audit_seq_starts_at_one")]

    def __str__(self) -> str:
        return f"{self.seq} {self.verb} {self.object_label}"

    @cached_property
    def content(self) -> dict[str, Any]:
        """The hashed body, read back."""
        content: dict[str, Any] = json.loads(bytes(self.body))
        return content

    @property
    def hash_hex(self) -> str:
        return bytes(self.hash).hex()
