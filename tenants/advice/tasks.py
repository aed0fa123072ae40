"""Retirements move by the day; an hour is soon enough to notice."""

from celery import shared_task

from foundry.lib import clock


@shared_task(expires=600)
def follow_retirements() -> None:
    from tenants.advice.follow import follow

    follow(clock.now())


@shared_task(expires=120)
def tell_what_changed() -> None:
    from tenants.advice.news import tell_news

    tell_news(clock.now())
