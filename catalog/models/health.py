"""How well hosts serve: what their status pages say."""

from django.db import models
from django.db.models import F, Q

from catalog.models.supply import Host
from catalog.states import Health


class StatusReading(models.Model):
    """What a host's status page said from `at` until `seen_until`; a new row when it says something else.

    :ivar details: {"components": [{"name", "status"}], "incidents": [{"name", "impact", "since", "url"}]}.
    """

    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="readings")
    health = models.CharField(max_length=12, choices=Health)
    words = models.CharField(max_length=200, blank=True)
    details = models.JSONField(default=dict)
    at = models.DateTimeField()
    seen_until = models.DateTimeField()

    class Meta:
        ordering = ["host", "-at", "-pk"]
        indexes = [models.Index(fields=["host", "-at"], name="readings_by_host")]
        constraints = [
            models.CheckConstraint(condition=Q(seen_until__gte=F("at")), name="reading_ends_after_it_starts")
        ]

    def __str__(self) -> str:
        return f"{self.host}: {self.health}"
