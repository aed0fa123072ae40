"""What people should know, who was told, and how each word got out of the house."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

if TYPE_CHECKING:
    from foundry.people.models import User


class Event(models.Model):
    """One thing that happened and that somebody should know: the outbox, written with the act itself.

    :ivar key: what makes it one event; told again under the same key, it is not told again.
    :ivar url: path of the one page where its next step is.
    :ivar scope: whom it is about, `team:copilot`; empty for the whole house. Hooks choose by it.
    :ivar data: ids and numbers for machines; never a secret, never a prompt.
    """

    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=64)
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    url = models.CharField(max_length=300)
    scope = models.CharField(max_length=80, blank=True)
    data = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.title


class NoticeQuerySet(models.QuerySet["Notice"]):
    def seen_by(self, person: "User") -> Self:
        """Everybody reads their own inbox and no other."""
        return self.filter(person=person)

    def unread(self) -> Self:
        return self.filter(read_at=None)


class Notice(models.Model):
    """An event in one person's inbox. `mine`: it is about something that this person asked for or owns."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="notices")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    mine = models.BooleanField(default=True)
    read_at = models.DateTimeField(null=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["person", "-id"], name="notices_by_person"),
            models.Index(fields=["person"], condition=Q(read_at=None), name="unread_notices"),
        ]
        constraints = [models.UniqueConstraint(fields=["event", "person"], name="told_once_per_person")]

    def __str__(self) -> str:
        return f"{self.event} for {self.person}"


class Preset(models.TextChoices):
    """What comes by mail; the inbox has everything."""

    ALL = "all", "Everything at once"
    MINE = "mine", "Only what is mine at once"
    DIGEST = "digest", "One mail a day"


class PreferenceQuerySet(models.QuerySet["Preference"]):
    def of(self, person: "User") -> str:
        """The preset of a person, chosen or not."""
        chosen = self.filter(person=person).values_list("preset", flat=True).first()
        return chosen or Preset.MINE.value


class Preference(models.Model):
    """How one person wants to be told. Without a row: `mine`."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="preference"
    )
    preset = models.CharField(max_length=8, choices=Preset)

    objects = PreferenceQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(preset__in=Preset.values), name="preset_is_known")]

    def __str__(self) -> str:
        return f"{self.person}: {self.preset}"


class HookKind(models.TextChoices):
    WEBHOOK = "webhook", "Signed webhook"
    SLACK = "slack", "Slack"
    TEAMS = "teams", "Microsoft Teams"


class Hook(models.Model):
    """An address outside that is told of events. Address and secret are Fernet tokens: both open doors.

    :ivar place: scheme and host of the address, which may be shown.
    :ivar kinds: which events; empty means every kind. `scope` as in `Event`; empty means the whole house.
    """

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=8, choices=HookKind)
    place = models.CharField(max_length=300)
    address = models.BinaryField()
    secret = models.BinaryField(null=True)
    kinds = ArrayField(models.CharField(max_length=64), default=list)
    scope = models.CharField(max_length=80, blank=True)
    trusted_networks = ArrayField(models.CharField(max_length=50), default=list)
    created_at = models.DateTimeField(db_default=Now())
    disabled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["name"], name="hook_name_once"),
            models.CheckConstraint(condition=Q(kind__in=HookKind.values), name="hook_kind_is_known"),
            models.CheckConstraint(
                condition=~Q(kind="webhook") | Q(secret__isnull=False), name="webhook_is_signed"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def wants(self, event: Event) -> bool:
        return (not self.kinds or event.kind in self.kinds) and self.scope in {"", event.scope}


class Channel(models.TextChoices):
    MAIL = "mail", "Mail"
    DIGEST = "digest", "Daily mail"
    HOOK = "hook", "Hook"


class DeliveryState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    SENT = "sent", "Sent"
    FAILED = "failed", "Failed"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self, at: datetime) -> Self:
        """What may be sent now and nobody is sending."""
        free = Q(claimed_until=None) | Q(claimed_until__lte=at)
        return self.filter(free, state=DeliveryState.WAITING, due_at__lte=at)


class Delivery(models.Model):
    """One event on its way to one address; the row is also the work queue.

    :ivar message_id: the same at each try, so that receivers can tell a repetition.
    :ivar claimed_until: a worker is sending it; after that moment another may.
    """

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.CharField(max_length=8, choices=Channel)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )
    hook = models.ForeignKey(Hook, on_delete=models.CASCADE, null=True, related_name="deliveries")
    state = models.CharField(max_length=8, choices=DeliveryState, default=DeliveryState.WAITING)
    message_id = models.UUIDField(default=uuid.uuid4, unique=True)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="deliveries_to_send"),
            models.Index(fields=["hook", "-id"], name="deliveries_by_hook"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["event", "person"], name="mailed_once_per_person"),
            models.UniqueConstraint(fields=["event", "hook"], name="hooked_once"),
            models.CheckConstraint(
                condition=Q(channel="hook", hook__isnull=False, person=None)
                | Q(channel__in=["mail", "digest"], hook=None, person__isnull=False),
                name="delivery_goes_to_a_person_or_a_hook",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} by {self.channel}"
