"""What a team moved from one of its grants to another."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from tenants.access.models.grants import Grant
from tenants.access.states import LimitKind

MOVABLE = [kind for kind in LimitKind.values if kind != LimitKind.CONCURRENCY]


class Move(models.Model):
    """Part of one limit went from one grant of a team to another that draws on the same capacity. Never changed.

    The two `Limit` rows that name it say what each allows from then on; their sum is what it was.

    :ivar amount: in internal units: a count, or nano-dollars.
    """

    giver = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="given")
    taker = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="taken")
    kind = models.CharField(max_length=16, choices=LimitKind)
    amount = models.PositiveBigIntegerField()
    reason = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=MOVABLE), name="move_kind_is_movable"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="move_moves_something"),
            models.CheckConstraint(condition=~Q(giver=F("taker")), name="move_is_to_another"),
            models.CheckConstraint(condition=~Q(reason=""), name="move_says_why"),
        ]

    def __str__(self) -> str:
        return f"move {self.pk}"
