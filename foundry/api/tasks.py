"""Forget answers that nobody asks for again."""

from datetime import timedelta

from celery import shared_task

from foundry.api.models import GivenAnswer
from foundry.lib import clock

KEPT = timedelta(days=2)


@shared_task
def forget_answers() -> None:
    GivenAnswer.objects.filter(at__lt=clock.now() - KEPT).delete()
