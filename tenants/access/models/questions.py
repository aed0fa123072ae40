"""What admins ask of those who ask: questions on the form, by offer or data class."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from catalog.models import Offer
from tenants.access.states import DataClass, QuestionKind

if TYPE_CHECKING:
    from foundry.people.models import User


class QuestionQuerySet(models.QuerySet["Question"]):
    def seen_by(self, person: "User") -> Self:
        """Those that a form could show this person; people who read across teams see all."""
        if person.sees_everything:
            return self
        return self.filter(Q(offer=None) | Q(offer__in=Offer.objects.seen_by(person)))

    def in_use(self) -> Self:
        return self.filter(retired_at=None)

    def asked_for(self, offer: Offer, data_class: str) -> Self:
        """Those that a request for this offer with this data has to meet, in their order."""
        here = Q(offer=None) | Q(offer=offer)
        return self.in_use().filter(here, data_class__in=["", data_class]).order_by("position", "pk")


class Question(models.Model):
    """One version of a question. Changing it retires the row and adds the next, so that answers keep what was asked.

    :ivar offer: asked of requests for it; None asks of every offer. `data_class` likewise, empty asks of every class.
    :ivar choices: the answers of a choice; empty for the other kinds.
    :ivar follows: the version before.
    """

    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, null=True, related_name="+")
    data_class = models.CharField(max_length=12, choices=DataClass, blank=True)
    text = models.CharField(max_length=300)
    kind = models.CharField(max_length=8, choices=QuestionKind)
    choices = models.JSONField(default=list)
    required = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=1)
    version = models.PositiveSmallIntegerField(default=1)
    follows = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=QuestionKind.values), name="question_kind_is_known"),
            models.CheckConstraint(condition=~Q(text=""), name="question_says_something"),
            models.CheckConstraint(
                condition=(Q(kind="choice") & ~Q(choices=[])) | (~Q(kind="choice") & Q(choices=[])),
                name="question_choices_where_one_chooses",
            ),
            models.CheckConstraint(
                condition=Q(data_class__in=["", *DataClass.values]), name="question_data_class_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"question {self.pk}"

    @property
    def options(self) -> list[str]:
        """What may be answered; empty where words are."""
        return ["yes", "no"] if self.kind == QuestionKind.YES_NO else list(self.choices)
