"""What a grant was from when to when, and what blocked it: rows that are closed, never rewritten."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from catalog.models import PastTerms, Terms
from tenants.access.models.requests import Decision
from tenants.access.models.wishes import Acknowledgement
from tenants.access.states import BlockKind, DataClass
from tenants.teams.models import Team

if TYPE_CHECKING:
    from foundry.people.models import User


def during(at: datetime) -> Q:
    """Rows whose time it is at `at`."""
    return Q(since__lte=at) & (Q(until=None) | Q(until__gt=at))


class Span(models.Model):
    """What a decision made of a grant, from that decision until the next one. A grant without changes has one."""

    grant = models.ForeignKey("Grant", on_delete=models.PROTECT, related_name="spans")
    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="+")
    data_class = models.CharField(max_length=12, choices=DataClass)
    terms = models.ForeignKey(Terms, on_delete=models.PROTECT, null=True, related_name="+")
    ends_at = models.DateTimeField()
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        ordering = ["grant", "since"]
        constraints = [
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=F("since")), name="span_ends_after_it_starts"
            ),
            models.UniqueConstraint(
                fields=["grant"], condition=Q(until=None), name="one_current_span_per_grant"
            ),
        ]

    def __str__(self) -> str:
        return f"grant {self.grant_id} since {self.since}"


class BlockQuerySet(models.QuerySet["Block"]):
    def seen_by(self, person: "User") -> Self:
        return self if person.sees_everything else self.filter(team__memberships__user=person)

    def at(self, moment: datetime) -> Self:
        return self.filter(during(moment))

    def with_names(self) -> Self:
        return self.select_related(
            "team", "by", "ended_by", "grant__team", "grant__offer__model__publisher", "grant__offer__host"
        )


class Block(models.Model):
    """Why calls of a grant, or of every grant of a team, are refused, from one moment until somebody lifts it.

    Several may stand side by side; a grant is live when none does.

    :ivar grant: None blocks the whole team, also what it is granted later.
    :ivar by: None where it was taken over from before and nobody knows.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="blocks")
    grant = models.ForeignKey("Grant", on_delete=models.PROTECT, null=True, related_name="own_blocks")
    kind = models.CharField(max_length=8, choices=BlockKind)
    why = models.CharField(max_length=200)
    since = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    until = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    objects = BlockQuerySet.as_manager()

    class Meta:
        ordering = ["since", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=BlockKind.GRANT, grant__isnull=False) | Q(kind=BlockKind.TEAM, grant=None),
                name="block_is_of_a_grant_or_a_team",
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")), name="block_ends_after_it_starts"
            ),
            models.UniqueConstraint(
                fields=["team", "grant", "by", "why"],
                condition=Q(until=None),
                nulls_distinct=False,
                name="one_block_per_person_and_words",
            ),
        ]

    def __str__(self) -> str:
        return f"block of {self.grant or self.team}"


def blocked(at: datetime) -> Q:
    """Grants with at least one reason why their calls are refused at `at`."""
    own = Block.objects.at(at).filter(Q(grant=OuterRef("pk")) | Q(grant=None, team=OuterRef("team")))
    return Q(Exists(own)) | terms_overdue(at)


def terms_overdue(at: datetime) -> Q:
    """Grants whose team had not acknowledged, at `at`, terms of their offer that counted then."""
    then = PastTerms.objects.at(at).filter(offer=OuterRef("offer"))
    past = Exists(then.filter(unacknowledged("", OuterRef(OuterRef("team")), at)))
    present = unacknowledged("offer__", OuterRef("team"), at)
    return Q(past) | (~Q(Exists(then)) & present)


def unacknowledged(terms_of: str, team: Any, at: datetime) -> Q:
    """:param terms_of: the path to what has terms, terms_before and terms_from."""
    done = Acknowledgement.objects.filter(team=team, at__lte=at)
    new, old = (done.filter(terms=OuterRef(f"{terms_of}{name}")) for name in ("terms", "terms_before"))
    counts = Q(**{f"{terms_of}terms_from": None}) | Q(**{f"{terms_of}terms_from__lte": at})
    counts |= Q(**{f"{terms_of}terms_before__isnull": False}) & ~Q(Exists(old))
    return Q(**{f"{terms_of}terms__isnull": False}) & ~Q(Exists(new)) & counts
