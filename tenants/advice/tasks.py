"""Retirements move by the day; an hour is soon enough to notice."""

from celery import shared_task

from foundry.lib import clock


@shared_task(expires=600)
def follow_retirements() -> None:
    from tenants.advice.follow import follow

    follow(clock.now())
