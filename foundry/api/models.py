"""Answers that were given under an Idempotency-Key, so that a repeated write gets the same one."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class GivenAnswer(models.Model):
    """What one person's write was answered. `asked` is SHA-256 over method, address and body; no secret is kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=100)
    asked = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(default=0)
    body = models.JSONField(null=True)
    content_type = models.CharField(max_length=80, blank=True)
    at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="answer_once_per_person_and_key")]

    def __str__(self) -> str:
        return f"{self.key}: {self.status}"
