"""Send what waits. At least once: a worker that dies while sending leaves a row that is sent again."""

import logging
from datetime import datetime, timedelta

from celery import shared_task
from django.db import transaction
from kombu.exceptions import OperationalError

from foundry.lib import clock
from foundry.lib.errors import Refused
from foundry.lib.http import OutwardError
from foundry.notify.channels import hooks, mail
from foundry.notify.models import Channel, Delivery, DeliveryState

log = logging.getLogger(__name__)
BATCH = 50
CLAIM = timedelta(minutes=2)
WAITS_S = (5, 30, 120, 600, 1800, 3600, 10_800, 21_600, 43_200, 86_400)  # then it has failed
FAILS = (OutwardError, OSError, ValueError, Refused)


def wake_worker() -> None:
    try:
        deliver_due.apply_async(expires=60)
    except OperationalError:
        log.warning("notices wait for the next sweep: the broker does not answer")


@shared_task(expires=60)
def deliver_due() -> None:
    """Send everything that is due, batch after batch."""
    while batch := claim(clock.now()):
        for delivery in batch:
            send(delivery, clock.now())


@transaction.atomic
def claim(at: datetime) -> list[Delivery]:
    """Some due deliveries that are now this worker's; nobody else sends them meanwhile."""
    rows = Delivery.objects.due(at).order_by("due_at", "pk").select_for_update(skip_locked=True)
    ids = list(rows.values_list("pk", flat=True)[:BATCH])
    Delivery.objects.filter(pk__in=ids).update(claimed_until=at + CLAIM)
    return list(Delivery.objects.filter(pk__in=ids).select_related("event", "person", "hook").order_by("pk"))


def send(delivery: Delivery, at: datetime) -> None:
    """Send one and write down what came of it. A row that went out with another is passed over."""
    if not Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.WAITING).exists():
        return
    together = [delivery]
    try:
        if delivery.channel == Channel.DIGEST:
            together = list(of_one_digest(delivery, at))
            mail.send_digest(together)
        elif delivery.channel == Channel.MAIL:
            mail.send_one(delivery)
        else:
            hooks.send(delivery, at)
    except FAILS as error:
        failed(delivery, str(error) or type(error).__name__, at)
    else:
        Delivery.objects.filter(pk__in=[each.pk for each in together]).update(
            state=DeliveryState.SENT, sent_at=at, claimed_until=None, attempts=delivery.attempts + 1, error=""
        )


def of_one_digest(delivery: Delivery, at: datetime) -> list[Delivery]:
    """Everything that this person's mail of today tells."""
    rows = Delivery.objects.filter(
        person=delivery.person, channel=Channel.DIGEST, state=DeliveryState.WAITING, due_at__lte=at
    )
    return list(rows.select_related("event", "person").order_by("pk"))


def failed(delivery: Delivery, why: str, at: datetime) -> None:
    """Try again later, or give up after the last wait; the reason stays readable."""
    tried = delivery.attempts + 1
    last = tried > len(WAITS_S)
    Delivery.objects.filter(pk=delivery.pk).update(
        attempts=tried,
        error=why[:300],
        claimed_until=None,
        state=DeliveryState.FAILED if last else DeliveryState.WAITING,
        due_at=at if last else at + timedelta(seconds=WAITS_S[tried - 1]),
    )
