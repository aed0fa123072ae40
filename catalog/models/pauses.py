"""Where ops took something out of use for a while: it ends by itself."""

from datetime import datetime
from typing import TYPE_CHECKING, Self, TypeVar

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import BaseConstraint, CheckConstraint, F, Func, Q, Value
from django.db.models.functions import Coalesce, Now

from catalog.models.supply import SUPPLY_READERS, Host, Offer

if TYPE_CHECKING:
    from foundry.people.models import User

Paused = TypeVar("Paused", bound="TimedPause")


class TimedPause(models.Model):
    """Calls are refused for a set time, with a reason. Whoever inherits names the two kinds of thing it may be `of`."""

    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField(db_default=Now())
    ends_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True
    )

    class Meta:
        abstract = True
        ordering = ["-pk"]

    @property
    def over_at(self) -> datetime:
        """When it ends, or ended because somebody lifted it."""
        return self.lifted_at or self.ends_at

    def state(self, at: datetime) -> str:
        """lifted, ended, planned or paused at `at`; judged, never stored."""
        if self.lifted_at and self.lifted_at <= max(at, self.starts_at):
            return "lifted"
        return "ended" if self.ends_at <= at else "planned" if self.starts_at > at else "paused"


class TimedPauseQuerySet(models.QuerySet[Paused]):
    def open(self, moment: datetime) -> Self:
        """Pauses in force at `moment`, and those that are planned."""
        return self.filter(lifted_at=None, ends_at__gt=moment)

    def at(self, moment: datetime) -> Self:
        """Pauses in force at `moment`. Time ends them; no worker has to."""
        return self.filter(starts_at__lte=moment, ends_at__gt=moment).filter(
            Q(lifted_at=None) | Q(lifted_at__gt=moment)
        )


def pause_constraints(name: str, one: str, other: str) -> list[BaseConstraint]:
    """Of exactly one thing, forward in time, with a reason, and never two at once of one thing."""
    either = Q(**{one: None, f"{other}__isnull": False}) | Q(**{f"{one}__isnull": False, other: None})
    article = "an" if other[0] in "aeiou" else "a"
    return [
        CheckConstraint(condition=either, name=f"{name}_is_of_a_{one}_or_{article}_{other}"),
        CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name=f"{name}_ends_after_it_starts"),
        CheckConstraint(condition=~Q(reason=""), name=f"{name}_has_a_reason"),
        never_overlapping(one),
        never_overlapping(other),
    ]


def never_overlapping(field: str) -> ExclusionConstraint:
    """No two pauses of one thing at one time; a lifted one ends where it was lifted."""
    same = Func(F(f"{field}_id"), F(f"{field}_id"), Value("[]"), function="int8range")
    during = Func(F("starts_at"), Coalesce("lifted_at", "ends_at"), function="tstzrange")
    return ExclusionConstraint(
        name=f"pauses_of_one_{field}_never_overlap",
        expressions=[(same, RangeOperators.OVERLAPS), (during, RangeOperators.OVERLAPS)],
        condition=Q(**{f"{field}__isnull": False}),
    )


class PauseQuerySet(TimedPauseQuerySet["Pause"]):
    def seen_by(self, person: "User") -> Self:
        """Whoever sees an offer sees its pauses."""
        return self if person.is_any(*SUPPLY_READERS) else self.exclude(offer__hidden=True)

    def with_names(self) -> Self:
        return self.select_related("host", "offer__model__publisher", "offer__host", "by", "lifted_by")


class Pause(TimedPause):
    """Calls to a host, or to one offer, are refused."""

    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="pauses", null=True)
    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="pauses", null=True)

    objects = PauseQuerySet.as_manager()

    class Meta(TimedPause.Meta):
        constraints = pause_constraints("pause", "host", "offer")

    def __str__(self) -> str:
        return f"pause of {self.of}"

    @property
    def of(self) -> Host | Offer:
        """What is paused."""
        found = self.host or self.offer
        assert found is not None, "the database holds one of the two"
        return found
